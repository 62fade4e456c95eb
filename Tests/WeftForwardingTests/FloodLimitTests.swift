import Testing
import WeftTypes
import WeftWire

@testable import WeftForwarding

@Suite struct FloodLimitTests {
    /// How many of `count` frames, one every `gap`, are flooded.
    private static func flooded(_ network: inout Network, _ frame: [UInt8], count: Int, gap: Duration, from port: UInt16 = 0)
        -> Int
    {
        (0..<count).count { _ in
            network.now = network.now.advanced(by: gap)
            return network.send(frame, from: port).verdict == .flood
        }
    }

    @Test("what is beyond the cap is dropped, of each port by itself; unicast passes") func cap() {
        var network = Network()
        network.fabric.ports[0].floodLimit = 1000
        // Ten times the cap, for a second: a quarter's burst, and then a frame a millisecond.
        let passed = Self.flooded(&network, PipelineTests.broadcast, count: 10_000, gap: .microseconds(100))
        #expect((1240...1260).contains(passed))
        #expect(network.send(PipelineTests.broadcast).verdict == .drop(.floodLimited))
        let unknown = Frame(destination: Network.nobody, payload: [1]).bytes
        #expect(network.send(unknown).verdict == .drop(.floodLimited))
        #expect(network.send(Frame(payload: [1]).bytes).verdict == .encapsulate(PeerIndex(0)))
        let pinned = Frame(destination: .broadcast, source: Network.pinned, payload: [1]).bytes
        #expect(network.send(pinned, from: 1).verdict == .flood)
        let arrived = Frame(destination: .broadcast, source: Network.there, payload: [1]).bytes
        #expect(network.receive(arrived).verdict == .flood)
    }

    @Test("below the cap nothing is ever dropped, and 0 is no cap") func honest() {
        var network = Network()
        network.fabric.ports[0].floodLimit = 1000
        #expect(Self.flooded(&network, PipelineTests.broadcast, count: 5000, gap: .milliseconds(1)) == 5000)
        network.fabric.ports[0].floodLimit = 0
        #expect(Self.flooded(&network, PipelineTests.broadcast, count: 50_000, gap: .zero) == 50_000)
    }

    @Test("a burst after a pause passes, also at a small cap; a lower cap holds at once") func bursts() {
        var network = Network()
        network.fabric.ports[0].floodLimit = 10_000
        #expect((2500...2501).contains(Self.flooded(&network, PipelineTests.broadcast, count: 4000, gap: .zero)))
        network.now = network.now.advanced(by: .seconds(10))
        network.fabric.ports[0].floodLimit = 2
        #expect(Self.flooded(&network, PipelineTests.broadcast, count: 20, gap: .zero) == 8)
        network.now = network.now.advanced(by: .milliseconds(500))
        #expect(Self.flooded(&network, PipelineTests.broadcast, count: 20, gap: .zero) == 1)
    }

    @Test("a superframe counts as the frames it stands for") func superframes() throws {
        var network = Network()
        network.fabric.ports[0].floodLimit = 4
        var superframe = PipelineSizeTests.packet(14_000)
        superframe.destination = Network.nobody
        superframe.hasPartialChecksum = true
        #expect(network.send(superframe.bytes, offload: try superframe.offload(segmentSize: 1398)).verdict == .flood)
        // Ten frames at four a second: the bucket of eight is more than empty.
        #expect(network.send(PipelineTests.broadcast).verdict == .drop(.floodLimited))
    }

    @Test("begin and end are told once, with a count") func watch() {
        var watch = FloodWatch()
        let (port, start) = (PortIndex(3), Instant(nanoseconds: 0))
        #expect(watch.look([port: 0], now: start) == [])
        #expect(watch.look([port: 5], now: start.advanced(by: .seconds(1))) == [.began(port)])
        #expect(watch.look([port: 9], now: start.advanced(by: .seconds(2))) == [])
        #expect(watch.stormy == [port])
        #expect(watch.look([port: 9], now: start.advanced(by: .seconds(11))) == [])
        #expect(watch.look([port: 9], now: start.advanced(by: .seconds(12))) == [.ended(port, dropped: 9)])
        #expect(watch.look([port: 12], now: start.advanced(by: .seconds(13))) == [.began(port)])
        #expect(watch.look([:], now: start.advanced(by: .seconds(14))) == [])
        #expect(watch.stormy == [])
    }
}

@Suite struct BlockedPortTests {
    @Test("a blocked port neither gives nor gets frames") func blocked() {
        var network = Network()
        network.fabric.ports[0].isBlocked = true
        #expect(network.send(PipelineTests.broadcast).verdict == .drop(.portBlocked))
        #expect(network.send(Frame(payload: [1]).bytes).verdict == .drop(.portBlocked))
        #expect(network.send(Frame(payload: [1]).bytes, from: 9).verdict == .drop(.unknownPort))
        let ports = network.tables.fabric
        #expect(ports.floodPortRange(of: Network.blue).map { ports.floodPort($0) } == [PortIndex(1)])
    }

    @Test("probes for loops end at the first pipeline, whatever brings them") func probes() {
        var network = Network()
        let vni = VNI(headerWord: 100 << 8)
        let probe = LoopProbe(isBlocked: false, vni: vni, fabric: 1, run: 2, host: "alpha", port: "p1")
        let (plain, tagged) = (probe.frame(seal: 0, tag: nil), probe.frame(seal: 0, tag: (.vlan, 7)))
        #expect(network.send(plain).verdict == .drop(.loopProbe))
        #expect(network.send(plain).learnt == nil)
        #expect(network.send(tagged, from: 2).verdict == .drop(.loopProbe))
        #expect(network.receive(plain).verdict == .drop(.loopProbe))
        // The group alone, or the type alone, is somebody else's.
        var other = plain
        other[13] = 0xB6
        #expect(network.send(other).verdict == .flood)
        other = [UInt8](repeating: 0xFF, count: 6) + plain.dropFirst(6)
        #expect(network.send(other).verdict == .flood)
    }
}
