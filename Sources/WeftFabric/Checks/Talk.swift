import WeftTopology

/// What two guests say to each other in one segment when one of them begins to talk to the other.
public struct Talk: Hashable, Sendable {
    /// The segment.
    public let segment: TopologyName
    /// What is said, each after the one before has arrived; empty where there is an ``obstacle``.
    public let packets: [Packet]
    /// Why they can't talk whatever the network does: they are on different networks and would ask a router.
    public let obstacle: String?

    /// One packet of a talk.
    public struct Packet: Hashable, Sendable {
        /// What it is called.
        public let name: String
        /// The port whose guest sends it.
        public let from: TopologyName
        /// The port it is for.
        public let to: TopologyName
        /// The Ethernet frame, without a tag.
        public let frame: [UInt8]
    }
}

extension Topology {
    /// What a check's ports would say to each other: in each segment that they have in common or, where there is none, in each that
    /// the first of them can send into. Empty where one of the ports does not exist.
    public func talks(of check: Check) -> [Talk] {
        guard let from = port(named: check.from), let to = port(named: check.to) else { return [] }
        let common = from.segments.filter { to.isIn($0) }
        return (common.isEmpty ? from.segments : common).compactMap { segment(named: $0) }.map { segment in
            talk(of: from, to, check.traffic, in: segment)
        }
    }

    private func talk(of from: Port, _ to: Port, _ traffic: Check.Traffic, in segment: Segment) -> Talk {
        let pair: AddressPair
        switch AddressPair.choose(of: from, to, for: traffic, in: segment, self) {
        case .pair(let chosen): pair = chosen
        case .needsRouter(let cause): return Talk(segment: segment.name, packets: [], obstacle: cause)
        }
        let asking = CheckPacket.Station(mac: from.mac, address: pair.source)
        let asked = CheckPacket.Station(mac: to.mac, address: pair.destination)
        let packets = CheckPacket.messages(of: traffic).enumerated().map { number, message in
            let isThere = number.isMultiple(of: 2)
            let packet = CheckPacket(
                source: isThere ? asking : asked, destination: isThere ? asked : asking, message: message)
            return Talk.Packet(
                name: packet.name, from: isThere ? from.name : to.name, to: isThere ? to.name : from.name, frame: packet.frame)
        }
        return Talk(segment: segment.name, packets: packets, obstacle: nil)
    }
}

extension CheckPacket {
    /// What the two say in turn, beginning with the one that asks.
    static func messages(of traffic: Check.Traffic) -> [Message] {
        switch traffic {
        case .arp: [.question, .answer]
        case .icmp: [.question, .answer, .echoRequest, .echoReply]
        case .tcp(let port): [.question, .answer, .synchronize(port: port), .synchronizeAcknowledge(port: port)]
        case .udp(let port): [.question, .answer, .datagram(port: port), .datagramBack(port: port)]
        }
    }
}
