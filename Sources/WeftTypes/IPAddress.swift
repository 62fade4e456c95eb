/// An address of either family.
@frozen public enum IPAddress: Hashable, Sendable, Comparable, CustomStringConvertible {
    case v4(IPv4Address)
    case v6(IPv6Address)

    /// The two address families.
    @frozen public enum Family: Hashable, Sendable, CaseIterable {
        case v4, v6

        /// Bytes that VXLAN adds to a frame's IP packet over this family: outer IP, UDP, VXLAN and the inner Ethernet
        /// header, 50 or 70 (RFC 7348 §5).
        @inlinable public var overheadByteCount: Int { self == .v4 ? 50 : 70 }
        /// Bits of an address.
        @inlinable public var bitCount: Int { self == .v4 ? 32 : 128 }
    }

    /// Parses an address of either family.
    public init?(_ text: some StringProtocol) {
        if let address = IPv4Address(text) {
            self = .v4(address)
        } else if let address = IPv6Address(text) {
            self = .v6(address)
        } else {
            return nil
        }
    }

    /// The family this address belongs to.
    @inlinable public var family: Family {
        switch self {
        case .v4: .v4
        case .v6: .v6
        }
    }

    /// Whether this is a group address of its family.
    public var isMulticast: Bool {
        switch self {
        case .v4(let address): address.isMulticast
        case .v6(let address): address.isMulticast
        }
    }

    /// The address as a number, IPv4 in the low 32 bits.
    public var number: UInt128 {
        switch self {
        case .v4(let address): UInt128(address.rawValue)
        case .v6(let address): address.rawValue
        }
    }

    /// IPv4 before IPv6, then by number.
    public static func < (left: IPAddress, right: IPAddress) -> Bool {
        switch (left, right) {
        case (.v4(let left), .v4(let right)): left < right
        case (.v6(let left), .v6(let right)): left < right
        case (.v4, .v6): true
        case (.v6, .v4): false
        }
    }

    public var description: String {
        switch self {
        case .v4(let address): address.description
        case .v6(let address): address.description
        }
    }
}
