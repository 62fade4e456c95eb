import WeftTopology
import WeftTypes

/// By which addresses two guests talk.
struct AddressPair {
    let source: IPAddress
    let destination: IPAddress

    /// What was chosen.
    enum Choice {
        case pair(AddressPair)
        /// They would send to a router, and none is known here.
        case needsRouter(String)
    }

    /// The addresses of one family, of which each is on the other's network; link-local ones where the file does not tell any. ARP
    /// is for IPv4 alone.
    static func choose(
        of from: Port, _ to: Port, for traffic: Check.Traffic, in segment: Segment, _ topology: Topology
    ) -> Choice {
        let families: [IPAddress.Family] = traffic == .arp ? [.v4] : [.v4, .v6]
        var strangers: (IPPrefix, IPPrefix)?
        for family in families {
            for source in topology.prefixes(of: from, in: segment) where source.address.family == family {
                for destination in topology.prefixes(of: to, in: segment) where destination.address.family == family {
                    if source.contains(destination.address), destination.contains(source.address) {
                        return .pair(AddressPair(source: source.address, destination: destination.address))
                    }
                    strangers = strangers ?? (source, destination)
                }
            }
        }
        if let strangers, !to.isIn(segment.name) {
            return .pair(AddressPair(source: strangers.0.address, destination: strangers.1.address))
        }
        if let strangers {
            return .needsRouter(
                "\(strangers.0) of \(from.name) and \(strangers.1) of \(to.name) are on different networks; they need a router")
        }
        return traffic == .arp
            ? .pair(AddressPair(source: from.mac.linkLocalIPv4, destination: to.mac.linkLocalIPv4))
            : .pair(AddressPair(source: from.mac.linkLocalIPv6, destination: to.mac.linkLocalIPv6))
    }
}

extension Topology {
    fileprivate func prefixes(of port: Port, in segment: Segment) -> [IPPrefix] {
        guard port.isIn(segment.name) else { return port.addresses }
        let own = Set(addresses(of: port, in: segment))
        return port.addresses.filter { own.contains($0.address) }
    }
}

extension MACAddress {
    /// An address that a guest without any might choose (RFC 3927 §2.1).
    fileprivate var linkLocalIPv4: IPAddress {
        let host = UInt32(truncatingIfNeeded: rawValue & 0xFFFF) % 0xFE00
        return .v4(IPv4Address(rawValue: 0xA9FE_0100 + host))
    }

    /// The link-local address that its interface identifier makes (RFC 4291 §2.5.6 and appendix A).
    fileprivate var linkLocalIPv6: IPAddress {
        let (high, low) = (rawValue >> 24 ^ 0x02_0000, rawValue & 0xFF_FFFF)
        let identifier = UInt128(high) << 40 | UInt128(0xFFFE) << 24 | UInt128(low)
        return .v6(IPv6Address(rawValue: UInt128(0xFE80) << 112 | identifier))
    }
}
