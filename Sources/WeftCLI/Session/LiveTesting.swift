import Glibc
import WeftAPI
import WeftFabric
import WeftLab
import WeftLinux
import WeftTopology

/// `weft test --live`: the packets of a check, really sent.
///
/// Each is put on the wire at the device of one guest and looked for at the device of the other, past both guests' own stacks: what
/// arrives is the network's doing, whatever the guests would say to it. For that both have to be network namespaces of this machine:
/// all guests of a lab are, and on a host the containers of its `veth` ports.
struct LiveTesting {
    private let topology: Topology
    /// The lab whose guests they are; nil for those of this host.
    private let layout: LabLayout?

    /// How long one packet is looked for, and how often it is sent in that time: one may meet a table that is just filled.
    private static let patience = Duration.milliseconds(1200)
    private static let repetition = Duration.milliseconds(300)
    /// Bytes that an ARP reply has at least: frames may be padded or not.
    private static let answerByteCount = 42

    init(_ topology: Topology, layout: LabLayout?) { (self.topology, self.layout) = (topology, layout) }

    /// What came of every check, in order.
    func reports() throws(APIError) -> [CheckReport] {
        var reports: [CheckReport] = []
        for check in topology.checks { reports.append(try report(on: check)) }
        return reports
    }

    private func report(on check: Check) throws(APIError) -> CheckReport {
        for name in [check.from, check.to] {
            guard let port = topology.port(named: name) else { continue }
            if namespace(of: port) == nil { return CheckReport(check, isReached: nil, cause: obstacle(of: port), packets: []) }
        }
        var report: CheckReport?
        for talk in topology.talks(of: check) {
            let next = try self.report(on: check, talk)
            if next.isReached == true { return next }
            report = report ?? next
        }
        return report ?? CheckReport(check, isReached: false, cause: "there is nothing to send", packets: [])
    }

    private func report(on check: Check, _ talk: Talk) throws(APIError) -> CheckReport {
        if let cause = talk.obstacle { return CheckReport(check, isReached: false, cause: cause, packets: []) }
        var packets: [CheckReport.Packet] = []
        for (number, packet) in talk.packets.enumerated() {
            // A question that an agent knows the answer to goes no further.
            let end = try send(packet, answeredBy: number == 0 ? talk.packets.dropFirst().first : nil, in: talk.segment)
            packets.append(report(on: packet, in: talk.segment, end))
            guard end != .lost else {
                let cause =
                    topology.separation(of: check) ?? "the \(packet.name) of \(packet.from) does not arrive at \(packet.to)"
                return CheckReport(check, isReached: false, cause: cause, packets: packets)
            }
        }
        return CheckReport(check, isReached: true, cause: "reached in \(talk.segment)", packets: packets)
    }

    private func report(on packet: Talk.Packet, in segment: TopologyName, _ end: End) -> CheckReport.Packet {
        var stages: [CheckReport.Stage] = []
        if end == .answered, let host = topology.port(named: packet.from)?.host.text {
            stages = [
                CheckReport.Stage(host: host, point: "lookup", object: "answered", detail: "the agent answers for \(packet.to)")
            ]
        }
        return CheckReport.Packet(
            packet: packet.name, from: packet.from.text, to: packet.to.text, segment: segment.text, arrives: end != .lost,
            stages: stages)
    }

    // MARK: Guests

    private func namespace(of port: Port) -> String? {
        let name =
            if let layout { layout.guestNamespace(port.name.text) } else { port.kind == .veth ? port.namespace : nil as String? }
        return name.flatMap { NetworkNamespace.exists($0) ? $0 : nil }
    }

    private func obstacle(of port: Port) -> String {
        if layout != nil { return "not tried: the guest of \(port.name) is no namespace of this lab" }
        return "not tried: the guest of \(port.name) is no namespace of this machine; in a lab all are: weft lab up"
    }

    /// The tag that a segment's frames have at a port's guest.
    private func tag(of port: Port, in segment: TopologyName) -> PacketSocket.Tag? {
        guard case .trunk(let trunk) = port.attachment, trunk.native != segment, let vlan = trunk.vlan(of: segment) else {
            return nil
        }
        return PacketSocket.Tag(control: vlan.rawValue, type: trunk.tagProtocol == .dot1AD ? 0x88A8 : 0x8100)
    }

    // MARK: Packets

    /// What became of a packet.
    private enum End {
        case arrived
        /// An agent answered for the one that was asked.
        case answered
        case lost
    }

    private func send(
        _ packet: Talk.Packet, answeredBy answer: Talk.Packet?, in segment: TopologyName
    ) throws(APIError) -> End {
        guard let from = topology.port(named: packet.from), let to = topology.port(named: packet.to) else { return .lost }
        let (heard, sent) = (try socket(at: to, for: packet.frame), try socket(at: from, for: packet.frame))
        let (outgoing, incoming) = (tag(of: from, in: segment), tag(of: to, in: segment))
        let frame = outgoing.map { packet.frame.tagged($0) } ?? packet.frame
        let start = MonotonicClock.now()
        var sentAt: Duration?
        while true {
            let now = start.duration(to: MonotonicClock.now())
            if now >= Self.patience { return .lost }
            if sentAt.map({ now - $0 >= Self.repetition }) ?? true {
                sent.send(frame)
                sentAt = now
            }
            // A question and its answer are of one type, so the socket that sends hears answers.
            let isAnswered = answer.map { Self.hears(sent, $0.frame, outgoing, atLeast: Self.answerByteCount) } ?? false
            if Self.hears(heard, packet.frame, incoming, atLeast: packet.frame.count) { return .arrived }
            if isAnswered { return .answered }
            usleep(2000)
        }
    }

    /// Whether a frame has come that has at least so many bytes of `frame`; it may be padded otherwise.
    private static func hears(
        _ socket: EtherTypeSocket, _ frame: [UInt8], _ tag: PacketSocket.Tag?, atLeast count: Int
    ) -> Bool {
        while let received = socket.receive(limit: frame.count) {
            guard received.frame.count >= count, received.frame.starts(with: frame.prefix(count)),
                vlan(of: received.tag) == vlan(of: tag)
            else { continue }
            return true
        }
        return false
    }

    /// The VLAN of a tag; one that says only a priority is none.
    private static func vlan(of tag: PacketSocket.Tag?) -> UInt16 { tag.map { $0.control & 0xFFF } ?? 0 }

    /// A socket on a guest's device that hears frames that begin as `frame` does.
    private func socket(at port: Port, for frame: [UInt8]) throws(APIError) -> EtherTypeSocket {
        let namespace = namespace(of: port) ?? ""
        let type = UInt16(frame[12]) << 8 | UInt16(frame[13])
        let magic = frame[14..<18].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        do {
            return try NetworkNamespace.named(namespace).run {
                try EtherTypeSocket(interface: "eth0", etherType: type, magic: magic, frameLimit: 256)
            }
        } catch {
            throw APIError(
                .failed, cannot: "test live", on: "port \(port.name)", cause: "\(error)",
                help: geteuid() == 0 ? "is the guest there? weft lab list" : "guests are entered as root: run it with sudo")
        }
    }
}

extension [UInt8] {
    /// The frame with a tag after its addresses.
    fileprivate func tagged(_ tag: PacketSocket.Tag) -> [UInt8] {
        let words = [tag.type, tag.control].flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        return Array(self[..<12]) + words + self[12...]
    }
}
