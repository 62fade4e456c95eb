import WeftTopology
import WeftTypes
import WeftWire

extension FabricModel {
    /// Judges all checks of the topology, in their order, each as if nobody had talked before.
    public func verdicts() -> [CheckVerdict] { topology.checks.compactMap { verdict(on: $0) } }

    /// Judges a check by following, host by host, the packets of which such traffic begins: the question for the address and its
    /// answer, then the traffic and what answers that. Nil where one of the ports does not exist.
    ///
    /// Guests answer what reaches them; what they themselves refuse is not seen here.
    public func verdict(on check: Check) -> CheckVerdict? {
        guard let from = topology.port(named: check.from), let to = topology.port(named: check.to) else { return nil }
        var verdict: CheckVerdict?
        for name in talkSegments(from, to) {
            guard let segment = topology.segment(named: name) else { continue }
            let next = judge(check, from, to, in: segment)
            if next.isReached { return next }
            verdict = verdict ?? next
        }
        return verdict
    }

    /// The segments that the two have in common; where there are none, those that the first can send into.
    private func talkSegments(_ from: Port, _ to: Port) -> [TopologyName] {
        let common = from.segments.filter { to.isIn($0) }
        return common.isEmpty ? from.segments : common
    }

    private func judge(_ check: Check, _ from: Port, _ to: Port, in segment: Segment) -> CheckVerdict {
        let pair: (source: IPAddress, destination: IPAddress)
        switch addresses(of: from, to, in: segment, for: check.traffic) {
        case .pair(let source, let destination): pair = (source, destination)
        case .needsRouter(let cause): return CheckVerdict(check: check, isReached: false, cause: cause, legs: [])
        }
        let asking = CheckPacket.Station(mac: from.mac, address: pair.source)
        let asked = CheckPacket.Station(mac: to.mac, address: pair.destination)
        var model = self
        var legs: [CheckVerdict.Leg] = []
        for (number, message) in Self.messages(of: check.traffic).enumerated() {
            let isThere = number.isMultiple(of: 2)
            let packet = CheckPacket(
                source: isThere ? asking : asked, destination: isThere ? asked : asking, message: message)
            let (sender, receiver) = isThere ? (from, to) : (to, from)
            let journey = model.send(packet.frame, from: sender, into: segment)
            let leg = CheckVerdict.Leg(
                packet: packet.name, from: sender.name, to: receiver.name, segment: segment.name, journey: journey)
            legs.append(leg)
            guard leg.arrives else {
                return CheckVerdict(check: check, isReached: false, cause: cause(of: leg, from, to), legs: legs)
            }
        }
        return CheckVerdict(check: check, isReached: true, cause: "reached in \(segment.name)", legs: legs)
    }

    /// What the two say in turn, beginning with the one that asks.
    private static func messages(of traffic: Check.Traffic) -> [CheckPacket.Message] {
        switch traffic {
        case .arp: [.question, .answer]
        case .icmp: [.question, .answer, .echoRequest, .echoReply]
        case .tcp(let port): [.question, .answer, .synchronize(port: port), .synchronizeAcknowledge(port: port)]
        case .udp(let port): [.question, .answer, .datagram(port: port), .datagramBack(port: port)]
        }
    }

    private func cause(of leg: CheckVerdict.Leg, _ from: Port, _ to: Port) -> String {
        if !from.segments.contains(where: { to.isIn($0) }) {
            return "\(from.name) is in \(Self.list(from.segments)) and \(to.name) in \(Self.list(to.segments)); "
                + "nothing goes from one segment to another"
        }
        let drops = leg.journey.drops.map { "\($0.object) on \($0.host)" + ($0.detail.isEmpty ? "" : " (\($0.detail))") }
        let others = leg.journey.deliveries.isEmpty ? "nobody" : Self.list(leg.journey.deliveries)
        return "the \(leg.packet) of \(leg.from) does not reach \(leg.to) but \(others)"
            + (drops.isEmpty ? "" : "; dropped: \(drops.joined(separator: ", "))")
    }

    private static func list(_ names: [TopologyName]) -> String { names.map(\.text).joined(separator: ", ") }

    // MARK: Addresses

    /// By which addresses two guests would talk.
    private enum Pair {
        case pair(IPAddress, IPAddress)
        /// They would send to a router, and none is known here.
        case needsRouter(String)
    }

    /// The addresses of one family, of which each is on the other's network; link-local ones where the file does not tell any. ARP
    /// is for IPv4 alone.
    private func addresses(of from: Port, _ to: Port, in segment: Segment, for traffic: Check.Traffic) -> Pair {
        let families: [IPAddress.Family] = traffic == .arp ? [.v4] : [.v4, .v6]
        var strangers: (IPPrefix, IPPrefix)?
        for family in families {
            for source in prefixes(of: from, in: segment) where source.address.family == family {
                for destination in prefixes(of: to, in: segment) where destination.address.family == family {
                    if source.contains(destination.address), destination.contains(source.address) {
                        return .pair(source.address, destination.address)
                    }
                    strangers = strangers ?? (source, destination)
                }
            }
        }
        if let strangers, !to.isIn(segment.name) { return .pair(strangers.0.address, strangers.1.address) }
        if let strangers {
            return .needsRouter(
                "\(strangers.0) of \(from.name) and \(strangers.1) of \(to.name) are on different networks; they need a router")
        }
        return traffic == .arp
            ? .pair(from.mac.linkLocalIPv4, to.mac.linkLocalIPv4) : .pair(from.mac.linkLocalIPv6, to.mac.linkLocalIPv6)
    }

    private func prefixes(of port: Port, in segment: Segment) -> [IPPrefix] {
        guard port.isIn(segment.name) else { return port.addresses }
        let own = Set(topology.addresses(of: port, in: segment))
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
