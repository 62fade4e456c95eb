import Glibc
import Testing
import WeftDataPlane
import WeftForwarding
import WeftLinux
import WeftTypes
import WeftWire

/// What goes from a tunnel to another, and what must not; who gets a flood. Other hosts are sockets on bravo.
@Suite(.serialized, .enabled(if: Rig.isPossible, Rig.reason)) struct LateFrameTests {
    static let station = MACAddress(rawValue: 0x0256_0000_0001)
    static let key = FDBKey(Rig.segment, station)
    static let header: [UInt8] = [8, 0, 0, 0, 0, 0, 100, 0]

    /// alpha with its guest and `count` peers that gossip, at 192.0.2.12 and on.
    static func setUp(peers count: Int) throws -> (Rig, DataPlane, [VTEPSocket]) {
        let rig = try Rig()
        let sockets = try (0..<count).map { try VTEPSocket(rig, last: UInt32(12 + $0)) }
        let plane = try rig.start("alpha", peer: .gossipAgent)
        var fabric = rig.fabric("alpha", peer: .gossipAgent)
        fabric.peers = sockets.enumerated().map { number, socket in
            PeerDescription(
                index: PeerIndex(UInt16(number)), name: "peer\(number)", vtep: VTEP(address: .v4(socket.address)),
                kind: .gossipAgent)
        }
        fabric.segments[0].members = fabric.peers.map(\.index)
        plane.configure(fabric, stations: [])
        return (rig, plane, sockets)
    }

    /// A frame of an EtherType that nobody speaks, told from others by its number.
    static func frame(_ number: UInt32, to destination: MACAddress = station, byteCount: Int = 60) -> [UInt8] {
        var frame = destination.bytes + MACAddress(rawValue: 0x0256_0000_0777).bytes + [0x88, 0xB5]
        frame += (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
        return frame + [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: byteCount - frame.count)
    }

    /// The numbers of the frames of that EtherType among datagrams.
    static func numbers(_ datagrams: [[UInt8]]) -> [UInt32] {
        datagrams.filter { $0.count >= 26 && $0[20..<22] == [0x88, 0xB5] }.map { $0.rawBytes.bigEndian(at: 22) }
    }

    @Test("X9: late frames go on once, single ones and runs, and no longer than was said") func goesOn() throws {
        let (rig, plane, peers) = try Self.setUp(peers: 3)
        plane.forwardLate([Self.key], to: PeerIndex(1), until: MonotonicClock.now().advanced(by: .seconds(2)))
        plane.handle([.announced(Self.key, PeerIndex(1), sequence: 2)])
        try peers[0].send(Self.header + Self.frame(1))
        let run = (2..<42).flatMap { Self.header + Self.frame($0, byteCount: 1200) }
        try peers[0].send(run, segmentSize: 1208)
        try peers[1].send(Self.header + Self.frame(50))  // never back
        try peers[0].send(Self.header + Self.frame(60, to: .broadcast))  // never a group
        let received = peers[1].receiveAll()
        #expect(Self.numbers(received) == Array(1..<42))
        #expect(received.filter { Self.numbers([$0]) == [7] } == [Self.header + Self.frame(7, byteCount: 1200)])
        for peer in [peers[0], peers[2]] { #expect(Self.numbers(peer.receiveAll(milliseconds: 1)).isEmpty) }
        let counters = try rig.settled(plane)
        let sender = try #require(counters.peers[PeerIndex(0)])
        #expect(sender.late == 41 && sender.encapsulated == 41 && sender.flooded == 1 && sender.drops.isEmpty)
        #expect(counters.peers[PeerIndex(1)]?.drops == [.splitHorizon: 1])

        usleep(2_000_000)
        try peers[0].send(Self.header + Self.frame(70))
        #expect(Self.numbers(peers[1].receiveAll()).isEmpty)
        #expect(try rig.settled(plane).peers[PeerIndex(0)]?.drops == [.splitHorizon: 1])
    }

    @Test("X9: a station that is here again gets its frames here") func isBack() throws {
        let (rig, plane, peers) = try Self.setUp(peers: 2)
        plane.forwardLate([Self.key], to: PeerIndex(1), until: MonotonicClock.now().advanced(by: .seconds(60)))
        try peers[0].send(Self.header + Self.frame(1))
        #expect(Self.numbers(peers[1].receiveAll()) == [1])
        plane.stopForwardingLate([Self.key])
        plane.handle([.bridgeLearnt(Self.key, PortIndex(0))])
        let guest = try RawSocket(device: "eth0", in: rig.namespace("guest-alpha"))
        try peers[0].send(Self.header + Self.frame(2))
        #expect(Self.numbers(peers[1].receiveAll()).isEmpty)
        var isDelivered = false
        while let frame = guest.receive() { isDelivered = isDelivered || frame == Self.frame(2) }
        #expect(isDelivered)
        _ = try rig.settled(plane)
    }

    @Test("E3: announcements go into tunnels only, to each member once") func announcements() throws {
        let (rig, plane, peers) = try Self.setUp(peers: 3)
        let guest = try RawSocket(device: "eth0", in: rig.namespace("guest-alpha"))
        let binding = Binding(mac: Self.station)
        let frames = [
            Announcement.reverseARP(of: Self.station),
            Announcement.binding(of: .v4(IPv4Address(rawValue: 0x0A01_0009)), to: binding),
            Announcement.binding(of: .v6(IPv6Address(rawValue: 0xfd00 << 112 | 9)), to: binding),
        ]
        plane.inject(frames, into: Rig.segment)
        plane.inject([frames[0], [1, 2, 3]], into: SegmentIndex(5))
        try rig.poll(seconds: 5) { plane.counters().injected.receivedFrames == 5 }
        for peer in peers {
            let received = peer.receiveAll(milliseconds: 100).filter { $0[14..<20] == Self.station.bytes[...] }
            #expect(received == frames.map { Self.header + $0 })
        }
        while let frame = guest.receive() { #expect(Array(frame[6..<12]) != Self.station.bytes, "a port got it") }
        let counters = try rig.settled(plane)
        #expect(counters.injected.flooded == 3 && counters.injected.copies == 6 && counters.injected.generated == 3)
        #expect(counters.injected.drops == [.unknownVNI: 1, .truncated: 1])
    }

    @Test("E2, M4: a broadcast reaches each member once, and one from a tunnel none") func floods() throws {
        let (rig, plane, peers) = try Self.setUp(peers: 8)
        let guest = try RawSocket(device: "eth0", in: rig.namespace("guest-alpha"))
        let count = Self.floodCount
        // The guest's own stack may have flooded something before the members were known.
        let before = try rig.settled(plane).ports[PortIndex(0)] ?? TrafficCounters()
        var seen = [[UInt32]](repeating: [], count: peers.count)
        func take() {
            for (index, peer) in peers.enumerated() { while let next = peer.receive() { seen[index] += Self.numbers([next]) } }
        }
        for number in 0..<count {
            try guest.send(Self.frame(number, to: .broadcast))
            var waits = 0
            while seen.contains(where: { Int($0.count) + 128 < Int(number) }) && waits < 2000 {
                take()
                waits += 1
                usleep(50)
            }
        }
        for _ in 0..<20 where seen.contains(where: { $0.count < count }) {
            usleep(20_000)
            take()
        }
        for numbers in seen { #expect(numbers == Array(0..<count), "\(numbers.count) of \(count)") }
        for number in 0..<100 { try peers[0].send(Self.header + Self.frame(UInt32(number), to: .broadcast)) }
        usleep(200_000)
        for peer in peers { #expect(Self.numbers(peer.receiveAll(milliseconds: 1)).isEmpty) }
        let after = try #require(try rig.settled(plane).ports[PortIndex(0)])
        #expect(after.incompleteFloods == before.incompleteFloods)
        #expect(after.copies - before.copies == 7 * (after.flooded - before.flooded))
    }

    /// `WEFT_FLOOD_FRAMES=1250000` makes 10⁷ copies of them.
    static var floodCount: UInt32 {
        guard let text = unsafe getenv("WEFT_FLOOD_FRAMES") else { return 10_000 }
        return unsafe UInt32(String(cString: text)) ?? 10_000
    }
}
