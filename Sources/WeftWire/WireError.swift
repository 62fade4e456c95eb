/// Why bytes are not the header they should be.
///
/// On the packet path it is a reason to count, not a failure to report.
@frozen public enum WireError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Fewer bytes than the header, or than the length its own fields announce.
    case truncated(Header, needed: Int, got: Int)
    /// Flags that the header's document forbids.
    case badFlags(Header, flags: UInt8)
    /// A length field, in bytes, that contradicts the header it is in.
    case badLength(Header, length: Int)
    /// A version field of another protocol.
    case badVersion(Header, version: UInt8)
    /// A type field that this module does not know, where meaning depends on it.
    case badType(Header, type: UInt16)
    /// More nested tags or extension headers than ``FrameLayout`` follows.
    case tooMany(Header, limit: Int)

    /// The headers of this module.
    @frozen public enum Header: String, Hashable, Sendable, CaseIterable {
        case ethernet = "Ethernet"
        case vlan = "802.1Q"
        case arp = "ARP"
        case ipv4 = "IPv4"
        case ipv6 = "IPv6"
        case ipv6Extension = "IPv6 extension"
        case tcp = "TCP"
        case udp = "UDP"
        case icmp = "ICMP"
        case icmpv6 = "ICMPv6"
        case vxlan = "VXLAN"
        case pathProbe = "path probe"
        case loopProbe = "loop probe"
        case virtioNet = "virtio-net"
    }

    /// The header that the bytes are not.
    public var header: Header {
        switch self {
        case .truncated(let header, _, _), .badFlags(let header, _), .badLength(let header, _), .badVersion(let header, _),
            .badType(let header, _), .tooMany(let header, _):
            header
        }
    }

    public var description: String {
        switch self {
        case .truncated(let header, let needed, let got):
            "cannot parse \(header.rawValue) header: \(got) bytes where \(needed) are needed"
        case .badFlags(let header, let flags):
            "cannot parse \(header.rawValue) header: flags 0x\(String(flags, radix: 16)) are not allowed"
        case .badLength(let header, let length):
            "cannot parse \(header.rawValue) header: its length field says \(length) bytes, which cannot be"
        case .badVersion(let header, let version): "cannot parse \(header.rawValue) header: version \(version)"
        case .badType(let header, let type): "cannot parse \(header.rawValue) header: unknown type \(type)"
        case .tooMany(let header, let limit): "cannot parse \(header.rawValue) header: more than \(limit) of them"
        }
    }
}
