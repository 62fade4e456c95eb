/// What an IPv4 or IPv6 packet carries (Assigned Internet Protocol Numbers, IANA).
@frozen public struct IPProtocol: RawRepresentable, Hashable, Sendable {
    /// The number on the wire.
    public let rawValue: UInt8

    /// Creates a protocol from its number; every number is one.
    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// IPv6 hop-by-hop options (RFC 8200 §4.3).
    @inlinable public static var hopByHop: IPProtocol { IPProtocol(rawValue: 0) }
    /// ICMP (RFC 792).
    @inlinable public static var icmp: IPProtocol { IPProtocol(rawValue: 1) }
    /// IGMP (RFC 3376).
    @inlinable public static var igmp: IPProtocol { IPProtocol(rawValue: 2) }
    /// TCP (RFC 9293).
    @inlinable public static var tcp: IPProtocol { IPProtocol(rawValue: 6) }
    /// UDP (RFC 768).
    @inlinable public static var udp: IPProtocol { IPProtocol(rawValue: 17) }
    /// IPv6 routing header (RFC 8200 §4.4).
    @inlinable public static var routing: IPProtocol { IPProtocol(rawValue: 43) }
    /// IPv6 fragment header (RFC 8200 §4.5).
    @inlinable public static var fragment: IPProtocol { IPProtocol(rawValue: 44) }
    /// Encapsulating Security Payload (RFC 4303): what follows is sealed.
    @inlinable public static var esp: IPProtocol { IPProtocol(rawValue: 50) }
    /// Authentication Header (RFC 4302).
    @inlinable public static var authentication: IPProtocol { IPProtocol(rawValue: 51) }
    /// ICMPv6 (RFC 4443).
    @inlinable public static var icmpv6: IPProtocol { IPProtocol(rawValue: 58) }
    /// Nothing follows (RFC 8200 §4.7).
    @inlinable public static var noNextHeader: IPProtocol { IPProtocol(rawValue: 59) }
    /// IPv6 destination options (RFC 8200 §4.6).
    @inlinable public static var destinationOptions: IPProtocol { IPProtocol(rawValue: 60) }
    /// Mobility header (RFC 6275).
    @inlinable public static var mobility: IPProtocol { IPProtocol(rawValue: 135) }

    /// Whether in IPv6 it is an extension header that another header follows (RFC 7045 §1).
    @inlinable public var isIPv6Extension: Bool {
        switch rawValue {
        case 0, 43, 44, 51, 60, 135, 139, 140: true
        default: false
        }
    }
}
