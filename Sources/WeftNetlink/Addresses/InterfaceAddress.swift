import WeftTypes

/// An IP address of a link, as `ip address show` prints it.
public struct InterfaceAddress: Hashable, Sendable, Comparable {
    /// The link that has it.
    public var linkIndex: Int32
    /// The address with the length of its network's prefix.
    public var prefix: IPPrefix
    /// The other end's address on a point-to-point link.
    public var peer: IPAddress?
    /// The directed broadcast address of an IPv4 network.
    public var broadcast: IPv4Address?
    public var scope: AddressScope
    public var flags: AddressFlags
    /// Who added it (`IFAPROT_…`), 0 when not said; kernels before 5.18 do not keep it.
    public var origin: UInt8 = 0
    /// The label of an IPv4 address.
    public var label: String?

    /// Describes an address.
    public init(
        linkIndex: Int32, prefix: IPPrefix, peer: IPAddress? = nil, broadcast: IPv4Address? = nil,
        scope: AddressScope = .universe, flags: AddressFlags = []
    ) {
        self.linkIndex = linkIndex
        self.prefix = prefix
        self.peer = peer
        self.broadcast = broadcast
        self.scope = scope
        self.flags = flags
    }

    /// Whether the address can be used already: an IPv6 address is tentative until its uniqueness was checked (RFC 4862 §5.4).
    public var isUsable: Bool { flags.isDisjoint(with: [.tentative, .duplicate]) || flags.contains(.optimistic) }

    public static func < (left: InterfaceAddress, right: InterfaceAddress) -> Bool {
        (left.linkIndex, left.prefix) < (right.linkIndex, right.prefix)
    }
}

/// Where an address or a route is valid (`RT_SCOPE_…`).
public struct AddressScope: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Everywhere (`global`).
    public static let universe = AddressScope(rawValue: 0)
    public static let site = AddressScope(rawValue: 200)
    /// On one link only.
    public static let link = AddressScope(rawValue: 253)
    /// On this host only.
    public static let host = AddressScope(rawValue: 254)
}

/// The flags of an address (`IFA_F_…`).
public struct AddressFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Not the first IPv4 address of its network on this link; for IPv6, made for privacy.
    public static let secondary = AddressFlags(rawValue: 0x01)
    /// Added without checking whether another station has it (RFC 4862 §5.4), so usable at once.
    public static let noDuplicateDetection = AddressFlags(rawValue: 0x02)
    /// Usable while it is still being checked.
    public static let optimistic = AddressFlags(rawValue: 0x04)
    /// Another station has it.
    public static let duplicate = AddressFlags(rawValue: 0x08)
    public static let deprecated = AddressFlags(rawValue: 0x20)
    /// Still being checked.
    public static let tentative = AddressFlags(rawValue: 0x40)
    /// Without an end of its lifetime.
    public static let permanent = AddressFlags(rawValue: 0x80)
    /// Without a route for its network.
    public static let noPrefixRoute = AddressFlags(rawValue: 0x200)
}
