import Testing
import WeftTypes
import WeftWire

@testable import WeftForwarding

/// Frames for a station that has just left (X9).
@Suite struct LateFrameTests {
    static let station = Network.nobody
    static let key = FDBKey(Network.blue, station)
    static let frame = Frame(destination: station, source: MACAddress(rawValue: 0x5254_0000_0777), payload: [1]).bytes

    /// The station went to carol (peer 2) half a second ago, and gossip says so.
    static func network() -> Network {
        var network = Network()
        network.directory.handle(.announced(key, PeerIndex(2), sequence: 2), now: network.now)
        network.lateRoutes.set(PeerIndex(2), until: network.now.advanced(by: .milliseconds(1500)), for: key)
        return network
    }

    @Test("X9: a frame for a station that has left goes on to where it is, for as long as was said") func goesOn() {
        var network = Self.network()
        #expect(network.receive(Self.frame, from: 12).verdict == .encapsulate(PeerIndex(2)))
        #expect(network.receive(Self.frame, from: 70).verdict == .encapsulate(PeerIndex(2)))
        network.now = network.now.advanced(by: .milliseconds(1499))
        #expect(network.receive(Self.frame, from: 12).verdict == .encapsulate(PeerIndex(2)))
        network.now = network.now.advanced(by: .milliseconds(1))
        #expect(network.receive(Self.frame, from: 12).verdict == .drop(.splitHorizon))
    }

    @Test("X9: never back to the sender, never for a group, never for anybody else") func nothingElse() {
        var network = Self.network()
        #expect(network.receive(Self.frame, from: 13).verdict == .drop(.splitHorizon))
        var other = Frame(destination: Network.there, source: MACAddress(rawValue: 0x5254_0000_0777), payload: [1])
        #expect(network.receive(other.bytes, from: 13).verdict == .drop(.splitHorizon))
        other.destination = .broadcast
        #expect(network.receive(other.bytes, from: 12).verdict == .flood)
        other.destination = MACAddress(rawValue: 0x0100_5E00_0001)
        #expect(network.receive(other.bytes, from: 12).verdict == .flood)
    }

    @Test("X9: to the place that gossip knows now, to the one that was said while it knows none, and nowhere if it is here")
    func places() {
        var network = Self.network()
        network.directory.handle(.announced(Self.key, PeerIndex(1), sequence: 3), now: network.now)
        #expect(network.receive(Self.frame, from: 12).verdict == .encapsulate(PeerIndex(1)))
        network.directory.handle(.withdrawn(Self.key, PeerIndex(1)), now: network.now)
        #expect(network.receive(Self.frame, from: 12).verdict == .encapsulate(PeerIndex(2)))
        network.directory.handle(.bridgeLearnt(Self.key, PortIndex(0)), now: network.now)
        #expect(network.receive(Self.frame, from: 12).verdict == .deliver(PortIndex(0)))
        // Not to a host that has left the segment or the fabric.
        network = Self.network()
        network.fabric.segments[0].members = [PeerIndex(0), PeerIndex(1)]
        #expect(network.receive(Self.frame, from: 12).verdict == .drop(.splitHorizon))
        network.fabric.peers.removeLast()
        #expect(network.receive(Self.frame, from: 12).verdict == .drop(.splitHorizon))
    }

    @Test("a frame for a station that spoke here a moment ago is delivered here, though the tables don't have it yet")
    func arrives() {
        var network = Network()
        network.directory.handle(.announced(Self.key, PeerIndex(2), sequence: 2), now: network.now)
        #expect(network.receive(Self.frame, from: 12).verdict == .drop(.splitHorizon))
        _ = network.send(Frame(destination: .broadcast, source: Self.station, payload: [1]).bytes)
        #expect(network.receive(Self.frame, from: 12).verdict == .deliver(PortIndex(0)))
        network.now = network.now.advanced(by: .seconds(1))
        #expect(network.receive(Self.frame, from: 12).verdict == .drop(.splitHorizon))
        // One that is on its way out is not here, whatever it said last.
        var left = Self.network()
        _ = left.send(Frame(destination: .broadcast, source: Self.station, payload: [1]).bytes)
        #expect(left.receive(Self.frame, from: 13).verdict == .drop(.splitHorizon))
    }

    @Test("X8, X9: a late frame comes in another host's name, even for a pinned source, and nothing is learnt from it")
    func atTheNewPlace() {
        var network = Network()
        let remote = MACAddress(rawValue: 0x5254_0000_0888)
        network.directory.configure([
            Directory.Station(key: FDBKey(Network.blue, Network.here), location: .port(PortIndex(0))),
            Directory.Station(key: FDBKey(Network.blue, remote), location: .peer(PeerIndex(0)), isSticky: true),
        ])
        let frame = Frame(destination: Network.here, source: remote, payload: [1]).bytes
        let byGossip = network.receive(frame, from: 13)
        #expect(byGossip.verdict == .deliver(PortIndex(0)) && byGossip.learnt == nil)
        #expect(network.receive(frame, from: 70).verdict == .drop(.stickyMAC))
        #expect(network.receive(frame, from: 12).verdict == .deliver(PortIndex(0)))
    }

    @Test("a kernel's superframe for a station that has left is cut again, a partial checksum completed")
    func superframes() throws {
        var network = Self.network()
        var guest = Frame(
            destination: Self.station, source: MACAddress(rawValue: 0x5254_0000_0777), payload: pattern(9000),
            hasPartialChecksum: true)
        for isPartial in [true, false] {
            guest.hasPartialChecksum = isPartial
            var frame = guest.bytes
            let decision = network.receive(frame, from: 70)
            #expect(decision.verdict == .encapsulate(PeerIndex(2)))
            guard case .cut(let segmentSize) = decision.treatment else {
                Issue.record("not cut but \(decision.treatment)")
                continue
            }
            let layout = try #require(decision.layout)
            let offload = frame.withMutableRawBytes {
                LateFrame.offload(of: &$0, layout: layout, treatment: decision.treatment)
            }
            #expect(offload == .complete)
            let pieces = try cut(frame, segmentSize: segmentSize)
            #expect(pieces.count == 7 && pieces.flatMap { $0.dropFirst(66) } == pattern(9000))
            #expect(try pieces.allSatisfy { try isValidOnWire($0) })
        }
        // What arrived wrong must not be made right.
        var wrong = guest.bytes
        wrong[100] ^= 1
        let decision = network.receive(wrong, from: 70)
        let layout = try #require(decision.layout)
        let offload = wrong.withMutableRawBytes { LateFrame.offload(of: &$0, layout: layout, treatment: decision.treatment) }
        #expect(offload == nil)
    }

    @Test("a partial checksum is told, or completed where padding follows; a whole one stays", arguments: [0, 6])
    func checksums(padding: Int) throws {
        var guest = Frame(destination: Self.station, payload: [1], hasPartialChecksum: true, padding: padding)
        var frame = guest.bytes
        let layout = try FrameLayout(parsing: frame.rawBytes)
        let offload = frame.withMutableRawBytes { LateFrame.offload(of: &$0, layout: layout, treatment: .whole) }
        if padding == 0 {
            #expect(offload == VirtioNetHeader(flags: .needsChecksum, checksumStart: 34, checksumOffset: 16))
        } else {
            #expect(offload == .complete)
            #expect(try isValidOnWire(frame))
        }
        guest.hasPartialChecksum = false
        var whole = guest.bytes
        let untouched = whole.withMutableRawBytes { LateFrame.offload(of: &$0, layout: layout, treatment: .whole) }
        #expect(untouched == .complete && whole == guest.bytes)
    }
}
