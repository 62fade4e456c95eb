/// What follows an Ethernet header or a VLAN tag (IEEE 802 Numbers, IANA); below 1536 it is an 802.3 length.
@frozen public struct EtherType: RawRepresentable, Hashable, Sendable {
    /// The number on the wire.
    public let rawValue: UInt16

    /// Creates a type from its number; every number is one.
    @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// IPv4 (RFC 894).
    @inlinable public static var ipv4: EtherType { EtherType(rawValue: 0x0800) }
    /// ARP (RFC 826).
    @inlinable public static var arp: EtherType { EtherType(rawValue: 0x0806) }
    /// Reverse ARP (RFC 903); today it only announces where a station is.
    @inlinable public static var rarp: EtherType { EtherType(rawValue: 0x8035) }
    /// Customer VLAN tag (IEEE 802.1Q).
    @inlinable public static var vlan: EtherType { EtherType(rawValue: 0x8100) }
    /// IPv6 (RFC 2464).
    @inlinable public static var ipv6: EtherType { EtherType(rawValue: 0x86DD) }
    /// Service VLAN tag (IEEE 802.1ad).
    @inlinable public static var serviceVLAN: EtherType { EtherType(rawValue: 0x88A8) }
    /// Link Layer Discovery Protocol (IEEE 802.1AB).
    @inlinable public static var lldp: EtherType { EtherType(rawValue: 0x88CC) }

    /// Whether a ``VLANTag`` begins with it.
    @inlinable public var isTag: Bool { self == .vlan || self == .serviceVLAN }
    /// Whether it is the length of an 802.3 frame, not a type.
    @inlinable public var isLength: Bool { rawValue < 0x0600 }
}
