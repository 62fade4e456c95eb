/// An address with a prefix length, such as `10.1.0.0/24` (RFC 4632) or `2001:db8:2::/64`.
public struct IPPrefix: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The address as it was written; it may have host bits.
    public let address: IPAddress
    /// The number of leading bits that name the network, 0…32 or 0…128.
    public let length: Int

    /// Creates a prefix, or nil when `length` does not fit the family.
    public init?(address: IPAddress, length: Int) {
        guard (0...address.family.bitCount).contains(length) else { return nil }
        self.address = address
        self.length = length
    }

    /// Parses `address/length`; the length is decimal without a sign or leading zeros.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(parts[0]), let length = Int(parts[1]),
            String(length) == parts[1]
        else { return nil }
        self.init(address: address, length: length)
    }

    private var hostMask: UInt128 {
        let hostBits = address.family.bitCount - length
        return hostBits == 128 ? .max : (1 << UInt128(hostBits)) - 1
    }

    private func with(number: UInt128) -> IPAddress {
        switch address {
        case .v4: .v4(IPv4Address(rawValue: UInt32(truncatingIfNeeded: number)))
        case .v6: .v6(IPv6Address(rawValue: number))
        }
    }

    /// The first address: all host bits zero.
    public var network: IPAddress { with(number: address.number & ~hostMask) }
    /// The last address: all host bits one; for IPv4 the directed broadcast address.
    public var last: IPAddress { with(number: address.number | hostMask) }
    /// Whether the address is the network's own, without host bits.
    public var hasNoHostBits: Bool { address == network }

    /// Whether `other` is of the same family and inside.
    public func contains(_ other: IPAddress) -> Bool {
        other.family == address.family && other.number & ~hostMask == address.number & ~hostMask
    }

    /// Whether the two share an address.
    public func overlaps(_ other: IPPrefix) -> Bool {
        length <= other.length ? contains(other.address) : other.contains(address)
    }

    public static func < (left: IPPrefix, right: IPPrefix) -> Bool {
        (left.address, left.length) < (right.address, right.length)
    }

    public var description: String { "\(address)/\(length)" }
}
