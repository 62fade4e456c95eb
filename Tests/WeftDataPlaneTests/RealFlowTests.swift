import Glibc
import Testing
import WeftDataPlane
import WeftFlows
import WeftForwarding
import WeftLinux
import WeftTypes

/// The flows of the property tests through two data planes and the kernel: a guest's raw socket sends them, superframes and
/// all; behind the other guest's TAP the kernel cuts what we merged, and what comes out is what the first guest would have
/// sent without offloads.
@Suite(.serialized, .enabled(if: Rig.isPossible, Rig.reason)) struct RealFlowTests {
    static let near: [UInt8] = [0x52, 0x54, 0, 0, 2, 1]
    static let far: [UInt8] = [0x52, 0x54, 0, 0, 2, 2]

    @Test("the same packets arrive after the kernel's own cutting", arguments: [false, true], [UInt64(1), 2])
    func arrives(isWire: Bool, seed: UInt64) throws {
        let rig = try Rig(isWire: isWire)
        let mac = { (bytes: [UInt8]) in MACAddress(rawValue: bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }) }
        let stations = { (host: String) in
            [("alpha", Self.near), ("bravo", Self.far)].map { name, address in
                Directory.Station(
                    key: FDBKey(Rig.segment, mac(address)), location: name == host ? .port(PortIndex(0)) : .peer(PeerIndex(0)))
            }
        }
        let alpha = try rig.start("alpha", peer: .staticAgent, stations: stations("alpha"))
        let bravo = try rig.start("bravo", peer: .staticAgent, stations: stations("bravo"))
        try Self.addCutter(rig)
        let capture = try RawSocket(device: "seen", in: rig.namespace("guest-bravo"))
        let guest = try RawSocket(device: "eth0", in: rig.namespace("guest-alpha"), hasOffloads: true)

        let rules = Reference(mtu: rig.mtu, carriesTags: false) { _ in .one }
        var random = SeededRandom(seed: seed)
        var flows = (0..<4).map { Flow(from: Self.near, to: Self.far, number: $0, limit: 30_000, using: &random) }
        var expected: [[UInt8]] = []
        var received: [[UInt8]] = []
        for round in 0..<400 {
            let index = Int.random(in: flows.indices, using: &random)
            let sent = flows[index].next(using: &random)
            guard Self.isTakenByKernel(sent, flows[index].packet) else { continue }
            try guest.send(sent.offload.bytes + sent.frame)
            expected += rules.sent(sent.frame, sent.offload)
            if round % 8 == 7 {
                usleep(1000)
                Self.drain(capture, into: &received)
            }
        }
        try? rig.poll(seconds: 3) {
            Self.drain(capture, into: &received)
            return received.count >= expected.count
        }
        #expect(expected.count > 1000 && received.count == expected.count)
        let (wanted, got) = (Self.byFlow(expected), Self.byFlow(received))
        for key in wanted.keys {
            let (mine, theirs) = (wanted[key] ?? [], got[key] ?? [])
            let place = zip(mine, theirs).prefix { $0 == $1 }.count
            #expect(
                mine == theirs, "seed \(seed): the flow differs from frame \(place) of \(mine.count) (\(theirs.count)) on")
        }
        #expect(Set(got.keys) == Set(wanted.keys))
        #expect(try rig.settled(alpha).total.segments > 0)
        let counters = try rig.settled(bravo).total
        #expect(counters.drops.isEmpty && counters.delivered >= UInt64(expected.count))
        #expect(counters.sentFrames < counters.delivered, "nothing was merged")
    }

    /// Puts the other guest's TAP into a bridge with a device that can do nothing by itself.
    private static func addCutter(_ rig: Rig) throws {
        try rig.ip("guest-bravo", "link add cutter type bridge")
        try rig.ip("guest-bravo", "link add out type veth peer name seen")
        for device in ["eth0", "out"] { try rig.ip("guest-bravo", "link set \(device) master cutter") }
        for device in ["cutter", "out", "seen"] { try rig.ip("guest-bravo", "link set \(device) up") }
        try rig.run(
            "guest-bravo", "ethtool", "-K", "out", "tx", "off", "tso", "off", "gso", "off", "tx-udp-segmentation", "off")
        usleep(100_000)
    }

    /// Whether the kernel hands a frame to a TAP as it got it.
    private static func isTakenByKernel(_ sent: Flow.Sent, _ packet: Packet) -> Bool {
        // It will not cut what is no larger than a segment, nor behind a fragment header.
        !sent.offload.isSuperframe
            || (sent.packet?.payload.count ?? 0 > sent.offload.segmentSize && !packet.extensions.contains { $0.number == 44 })
    }

    private static func drain(_ capture: RawSocket, into received: inout [[UInt8]]) {
        while let frame = capture.receive() {
            if frame.count >= 14, frame[6..<12].elementsEqual(near) { received.append(frame) }
        }
    }

    /// Each flow's frames, without padding, and without the identification where it means nothing (RFC 6864 §4.1).
    private static func byFlow(_ frames: [[UInt8]]) -> [FlowKey: [[UInt8]]] {
        var flows: [FlowKey: [[UInt8]]] = [:]
        for frame in frames {
            let headers = Headers(frame)
            var bytes = Array(frame[..<headers.packetEnd])
            if headers.kind == .ipv4 && headers.dontFragment {
                bytes.put([0, 0], at: headers.l2 + 4)
                bytes.put([0, 0], at: headers.l2 + 10)
            }
            flows[FlowKey(frame, headers), default: []].append(bytes)
        }
        return flows
    }
}
