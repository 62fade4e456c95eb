import Testing
import WeftTypes
import WeftWire

@testable import WeftForwarding

@Suite struct PipelineTests {
    static let broadcast = Frame(destination: .broadcast, payload: [1]).bytes
    static func toHere(from source: MACAddress = Network.there) -> [UInt8] {
        Frame(destination: Network.here, source: source, payload: [1]).bytes
    }

    @Test func forwardsUnicastToItsPlace() {
        var network = Network()
        #expect(network.send(Frame(payload: [1]).bytes).verdict == .encapsulate(PeerIndex(0)))
        #expect(network.send(Self.toHere(from: Network.pinned), from: 1).verdict == .deliver(PortIndex(0)))
        #expect(network.receive(Self.toHere()).verdict == .deliver(PortIndex(0)))
        #expect(network.send(Self.toHere(from: Network.nobody)).verdict == .drop(.samePort))
    }

    @Test("E2: broadcast goes to all members, from a tunnel to ports only (X9)") func floods() {
        var network = Network()
        #expect(network.send(Self.broadcast).verdict == .flood)
        #expect(network.receive(Frame(destination: .broadcast, source: Network.there, payload: [1]).bytes).verdict == .flood)
        #expect(network.tables.fabric.floodPeerRange(of: Network.blue).count == 3)
    }

    @Test("X9: a frame from a tunnel never goes into one") func splitHorizon() {
        var network = Network()
        let frame = Frame(destination: Network.there, source: Network.nobody, payload: [1]).bytes
        #expect(network.receive(frame, from: 70).verdict == .drop(.splitHorizon))
    }

    @Test("E13: unknown unicast is flooded, or dropped where the segment says so") func unknownUnicast() {
        var network = Network()
        let frame = Frame(destination: Network.nobody, payload: [1]).bytes
        #expect(network.send(frame).verdict == .flood)
        #expect(network.send(frame, from: 2).verdict == .drop(.unknownUnicast))
    }

    @Test func noMembersNoFlood() {
        var network = Network()
        network.fabric.segments[1].members = []
        #expect(network.send(Self.broadcast, from: 2).verdict == .drop(.noMembers))
    }

    @Test("X8: shorter than 8 + 14 is dropped", arguments: 0..<22) func truncatedDatagram(count: Int) {
        var network = Network()
        let datagram = ([8, 0, 0, 0, 0, 0, 100, 0] + Self.toHere()).prefix(count)
        #expect(network.receive([], header: Array(datagram)).verdict == .drop(.truncated))
    }

    @Test("truncated from a port", arguments: 0..<14) func truncatedFrame(count: Int) {
        var network = Network()
        #expect(network.send(Array(Self.broadcast.prefix(count))).verdict == .drop(.truncated))
    }

    @Test("checksums left to us: the transport's shows by itself, another is named, and only a declared peer may leave any")
    func remoteChecksums() throws {
        var network = Network()
        let own: [UInt8] = [0x08, 0x20, 0, 0, 0, 0, 100, 0x11]  // TCP's at 34
        let other: [UInt8] = [0x08, 0x20, 0, 0, 0, 0, 100, 0x1B]  // TCP's at 54, as of an inner packet
        #expect(network.receive(Self.toHere(), header: other).remoteChecksum == nil)
        network.fabric.peers[0].takesRemoteChecksums = true
        #expect(network.receive(Self.toHere(), header: own).remoteChecksum == nil)
        let decision = network.receive(Self.toHere(), header: other)
        #expect(decision.remoteChecksum == VXLANHeader.RemoteChecksum(start: 54, offset: 16))
        #expect(decision.verdict == .deliver(PortIndex(0)))
    }

    @Test("X1: I flag clear is dropped, reserved bits are ignored") func flags() {
        var network = Network()
        let clear: [UInt8] = [0xF7, 0xFF, 0xFF, 0xFF, 0, 0, 100, 0xFF]
        let set: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 100, 0xFF]
        #expect(network.receive(Self.toHere(), header: clear).verdict == .drop(.badVXLANFlags))
        #expect(network.receive(Self.toHere(), header: set).verdict == .deliver(PortIndex(0)))
    }

    @Test("X7: unknown and not joined VNIs are dropped, 24 bits never alias") func vni() {
        var network = Network()
        #expect(network.receive(Self.toHere(), vni: 101).verdict == .drop(.unknownVNI))
        #expect(network.receive(Self.toHere(), vni: 0x80_0064).verdict == .drop(.unknownVNI))
        #expect(network.receive(Self.toHere(), vni: 300).verdict == .drop(.vniNotJoined))
        network.fabric.notJoined = [VNI(headerWord: 400 << 8)]
        #expect(network.receive(Self.toHere(), vni: 400).verdict == .drop(.vniNotJoined))
    }

    @Test("X8: a source that is no member is dropped") func foreign() {
        var network = Network()
        #expect(network.receive(Self.toHere(), from: 99).verdict == .drop(.foreignVTEP))
        #expect(network.receive(Self.toHere(), vni: 200, from: 12).verdict == .drop(.foreignVTEP))
    }

    @Test("X8: a datagram through a device of ours is dropped") func overlay() {
        var network = Network()
        #expect(network.receive(Self.toHere(), isFromOverlay: true).verdict == .drop(.underlayFromOverlay))
    }

    @Test(
        "X8: group and zero source addresses are dropped",
        arguments: [MACAddress.zero, .broadcast, MACAddress(rawValue: 1 << 40)])
    func badSource(source: MACAddress) {
        var network = Network()
        #expect(network.receive(Self.toHere(from: source)).verdict == .drop(.badSourceMAC))
        #expect(network.send(Self.toHere(from: source)).verdict == .drop(.badSourceMAC))
    }

    @Test("X8: a source seen on a local port in the last second is dropped, later it has moved") func localSource() {
        var network = Network()
        let station = Network.nobody
        #expect(network.send(Frame(source: station, payload: [1]).bytes).verdict == .encapsulate(PeerIndex(0)))
        network.now = network.now.advanced(by: .milliseconds(999))
        #expect(network.receive(Self.toHere(from: station), from: 70).verdict == .drop(.sourceMACIsLocal))
        network.now = network.now.advanced(by: .milliseconds(1))
        let decision = network.receive(Self.toHere(from: station), from: 70)
        #expect(decision.verdict == .deliver(PortIndex(0)))
        #expect(decision.learnt?.location == .peer(PeerIndex(1)))
    }

    @Test("X8, E6: sticky and declared addresses never come from a tunnel") func stickySource() {
        var network = Network()
        #expect(network.receive(Self.toHere(from: Network.pinned)).verdict == .drop(.stickyMAC))
        #expect(network.send(Frame(source: Network.pinned, payload: [1]).bytes).verdict == .drop(.stickyMAC))
        #expect(network.send(Frame(source: Network.pinned, payload: [1]).bytes, from: 1).verdict == .encapsulate(PeerIndex(0)))
        let echo = Frame(destination: .broadcast, source: Network.here, payload: [1]).bytes
        #expect(network.receive(echo).verdict == .drop(.sourceMACIsLocal))
        // Nor from another port of this host: written to the uplink, it would make the bridge move the station.
        #expect(network.send(echo, from: 1).verdict == .drop(.sourceMACIsLocal))
        #expect(network.send(echo).verdict == .flood)
    }

    @Test("X9: sources are learnt from ports and peers without gossip, never from peers with it") func learning() {
        var network = Network()
        let unknown = { MACAddress(rawValue: 0x5254_0000_0200 + $0) }
        #expect(network.send(Frame(source: unknown(1), payload: [1]).bytes).learnt?.location == .port(PortIndex(0)))
        #expect(network.send(Frame(source: unknown(1), payload: [1]).bytes).learnt == nil)
        #expect(network.receive(Self.toHere(from: unknown(2)), from: 12).learnt?.location == .peer(PeerIndex(0)))
        #expect(network.receive(Self.toHere(from: unknown(3)), from: 70).learnt?.location == .peer(PeerIndex(1)))
        #expect(network.receive(Self.toHere(from: unknown(4)), from: 13).learnt == nil)
        #expect(network.send(Frame(payload: [1]).bytes).learnt == nil, "a declared address in its place is no news")
    }

    @Test("X6: tags are dropped, priority tags stripped, both directions; carried where the segment says so")
    func tags() {
        var network = Network()
        var frame = Frame(source: Network.nobody, tags: [(0x8100, 5)], payload: [1])
        #expect(network.send(frame.bytes).verdict == .drop(.innerVLAN))
        #expect(network.receive(frame.bytes).verdict == .drop(.innerVLAN))
        frame.destination = .broadcast
        #expect(network.send(frame.bytes, from: 2).verdict == .flood)
        frame.tags = [(0x8100, 0xE000), (0x8100, 5)]
        #expect(network.send(frame.bytes).verdict == .drop(.innerVLAN))
        frame.tags = [(0x8100, 0xE000)]
        let decision = network.send(frame.bytes)
        #expect(decision.stripsTag && decision.verdict == .flood)
        var bytes = frame.bytes
        bytes.withMutableRawBytes { FrameTag.strip(from: &$0) }
        #expect(Array(bytes.dropFirst(4)) == Frame(destination: .broadcast, source: Network.nobody, payload: [1]).bytes)
    }

    @Test("802.1Q §8.6.3: link-local groups stay on their link", arguments: UInt64(0)..<16) func linkLocal(last: UInt64) {
        var network = Network()
        let frame = Frame(destination: MACAddress(rawValue: 0x0180_C200_0000 + last), source: Network.nobody, payload: [1]).bytes
        #expect(network.send(frame).verdict == .drop(.linkLocalMulticast))
        #expect(network.receive(frame).verdict == .drop(.linkLocalMulticast))
    }

    @Test func unknownPort() {
        var network = Network()
        #expect(network.send(Self.broadcast, from: 9).verdict == .drop(.unknownPort))
    }

    @Test func everyReasonHasANameOfItsOwn() {
        #expect(Set(DropReason.allCases.map(\.name)).count == DropReason.allCases.count)
        #expect(DropReason.allCases.map(\.rawValue) == (0..<UInt8(DropReason.allCases.count)).map { $0 })
    }

    @Test("H8: random bytes get a verdict", arguments: UInt64(0)..<16) func randomBytes(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var network = Network()
        for _ in 0..<500 {
            var frame = Frame(
                tags: Bool.random(using: &random) ? [(0x8100, .random(in: 0...4, using: &random))] : [],
                isIPv6: .random(using: &random), isTCP: .random(using: &random),
                payload: pattern(.random(in: 0...3000, using: &random), seed: seed)
            ).bytes
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                frame[.random(in: 12..<min(80, frame.count), using: &random)] = .random(in: 0 ... .max, using: &random)
            }
            frame = Array(frame.prefix(.random(in: 0...frame.count, using: &random)))
            let header = pattern(10, seed: random.next())
            if let offload = try? VirtioNetHeader(parsing: header.rawBytes) { _ = network.send(frame, offload: offload) }
            _ = network.send(frame)
            _ = network.receive(frame, from: 70)
            network.now = network.now.advanced(by: .milliseconds(7))
        }
    }
}
