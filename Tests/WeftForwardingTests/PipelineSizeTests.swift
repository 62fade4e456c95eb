import Testing
import WeftTypes
import WeftWire

@testable import WeftForwarding

@Suite struct PipelineSizeTests {
    /// A TCP frame whose IP packet has `count` bytes.
    static func packet(_ count: Int, isIPv6: Bool = false, dontFragment: Bool = true) -> Frame {
        Frame(isIPv6: isIPv6, dontFragment: dontFragment, payload: pattern(count - (isIPv6 ? 40 : 20) - 32))
    }

    @Test func whatFitsPasses() {
        var network = Network()
        for isIPv6 in [false, true] {
            let decision = network.send(Self.packet(1450, isIPv6: isIPv6).bytes)
            #expect(decision.verdict == .encapsulate(PeerIndex(0)) && decision.treatment == .whole)
        }

    }

    @Test("too big with DF, or IPv6, is answered with the inner MTU", arguments: [false, true]) func answers(isIPv6: Bool) {
        var network = Network()
        #expect(network.send(Self.packet(1451, isIPv6: isIPv6).bytes).verdict == .answer(mtu: 1450))
    }

    @Test func answersAreLimited() {
        var network = Network()
        for _ in 0..<10 { #expect(network.send(Self.packet(1500).bytes).verdict == .answer(mtu: 1450)) }
        #expect(network.send(Self.packet(1500).bytes).verdict == .drop(.tooBigAnswerLimited))
        network.now = network.now.advanced(by: .milliseconds(50))
        #expect(network.send(Self.packet(1500).bytes).verdict == .answer(mtu: 1450))
    }

    @Test func neverAnswersGroupsErrorsOrTheUnknown() {
        var network = Network()
        var frame = Self.packet(1500)
        frame.destination = .broadcast
        #expect(network.send(frame.bytes).verdict == .drop(.tooBigNoAnswer))
        frame.destination = Network.nobody
        #expect(network.send(frame.bytes).verdict == .drop(.tooBigNoAnswer))
        var error = Self.packet(1500).bytes
        error[23] = 1  // ICMP
        error[34] = 3  // destination unreachable
        #expect(network.send(error).verdict == .drop(.tooBigNoAnswer))
        error[34] = 8  // an echo request may be answered
        #expect(network.send(error).verdict == .answer(mtu: 1450))
    }

    @Test("too big without DF is fragmented, TCP superframes cut smaller") func fragments() throws {
        var network = Network()
        #expect(network.send(Self.packet(1500, dontFragment: false).bytes).treatment == .fragment)
        var superframe = Self.packet(9000, dontFragment: false)
        superframe.hasPartialChecksum = true
        let decision = network.send(superframe.bytes, offload: try superframe.offload(segmentSize: 1448))
        #expect(decision.verdict == .encapsulate(PeerIndex(0)) && decision.treatment == .cut(segmentSize: 1450 - 52))
        superframe.isTCP = false
        let datagrams = network.send(superframe.bytes, offload: try superframe.offload(segmentSize: 1448))
        #expect(datagrams.treatment == .cutAndFragment(segmentSize: 1448))
    }

    @Test("a superframe is judged by segment size and headers") func superframes() throws {
        var network = Network()
        var frame = Self.packet(20000)
        frame.hasPartialChecksum = true
        #expect(network.send(frame.bytes, offload: try frame.offload(segmentSize: 1398)).treatment == .cut(segmentSize: 1398))
        #expect(network.send(frame.bytes, offload: try frame.offload(segmentSize: 1399)).verdict == .answer(mtu: 1450))
    }

    @Test("tags that are carried count") func tagged() {
        var network = Network()
        network.directory.configure([
            Directory.Station(key: FDBKey(Network.green, Network.there), location: .peer(PeerIndex(1)))
        ])
        var frame = Self.packet(1396)
        frame.tags = [(0x8100, 5)]
        #expect(network.send(frame.bytes, from: 2).verdict == .encapsulate(PeerIndex(1)))
        frame = Self.packet(1397)
        frame.tags = [(0x8100, 5)]
        #expect(network.send(frame.bytes, from: 2).verdict == .answer(mtu: 1396))
    }

    @Test func whatIsNotIPOrNotSoundIsDropped() {
        var network = Network()
        var frame = Self.packet(1500).bytes
        frame[12] = 0x88
        #expect(network.send(frame).verdict == .drop(.oversize))
        frame = Self.packet(1500).bytes
        frame[14] = 0x44
        #expect(network.send(frame).verdict == .drop(.badInnerIP))
    }

    @Test("a container's own tunnel, and every other superframe that is not what it says, is dropped") func badOffload() throws {
        var network = Network()
        var frame = Self.packet(9000)
        frame.hasPartialChecksum = true
        let good = try frame.offload(segmentSize: 1000)
        let bad = [
            VirtioNetHeader(
                flags: .needsChecksum, segmentation: .tcpv4, segmentSize: 1000, checksumStart: 84, checksumOffset: 16),
            VirtioNetHeader(flags: .needsChecksum, segmentation: .udpL4, segmentSize: 1000, checksumStart: 34, checksumOffset: 6),
            VirtioNetHeader(
                flags: .needsChecksum, segmentation: .tcpv6, segmentSize: 1000, checksumStart: 34, checksumOffset: 16),
            VirtioNetHeader(flags: .needsChecksum, segmentation: .tcpv4, segmentSize: 0, checksumStart: 34, checksumOffset: 16),
            VirtioNetHeader(flags: [], segmentation: .tcpv4, segmentSize: 1000, checksumStart: 34, checksumOffset: 16),
            VirtioNetHeader(flags: .needsChecksum, segmentation: .udp, segmentSize: 1000, checksumStart: 34, checksumOffset: 6),
            VirtioNetHeader(flags: .needsChecksum, checksumStart: 9014, checksumOffset: 16),
        ]
        #expect(network.send(frame.bytes, offload: good).verdict == .encapsulate(PeerIndex(0)))
        for offload in bad { #expect(network.send(frame.bytes, offload: offload).verdict == .drop(.badOffload)) }
    }

    @Test("from a tunnel: a superframe whose segment size is lost gets ours, other big frames are dropped") func received() {
        var network = Network()
        let big = Frame(destination: Network.here, source: Network.there, payload: pattern(20000))
        #expect(network.receive(big.bytes).treatment == .cut(segmentSize: 1450 - 52))
        var datagram = big
        datagram.isTCP = false
        #expect(network.receive(datagram.bytes).verdict == .drop(.oversize))
        #expect(network.receive(datagram.bytes, innerSegmentSize: 1200).treatment == .cut(segmentSize: 1200))
    }
}

/// What a path takes is less than what the segment does.
@Suite struct PathLimitTests {
    /// blue takes 1450; the path to peer 0 takes 1400 inside.
    private static func network() -> Network {
        var network = Network()
        _ = network.paths.set(1450, for: PeerIndex(0), over: .v4)
        return network
    }

    @Test("P6: a frame to one peer is judged by its path") func unicast() throws {
        var network = Self.network()
        #expect(network.send(PipelineSizeTests.packet(1400).bytes).verdict == .encapsulate(PeerIndex(0)))
        #expect(network.send(PipelineSizeTests.packet(1401).bytes).verdict == .answer(mtu: 1400))
        #expect(network.send(PipelineSizeTests.packet(1401, isIPv6: true).bytes).verdict == .answer(mtu: 1400))
        let fragments = network.send(PipelineSizeTests.packet(1401, dontFragment: false).bytes)
        #expect(fragments.treatment == .fragment && fragments.mtu == 1400)
        var superframe = PipelineSizeTests.packet(20000)
        superframe.hasPartialChecksum = true
        #expect(network.send(superframe.bytes, offload: try superframe.offload(segmentSize: 1398)).verdict == .answer(mtu: 1400))
        let fitting = network.send(superframe.bytes, offload: try superframe.offload(segmentSize: 1348))
        #expect(fitting.treatment == .cut(segmentSize: 1348))
    }

    @Test("a path that takes more than the segment changes nothing") func wide() {
        var network = Network()
        _ = network.paths.set(9000, for: PeerIndex(0), over: .v4)
        #expect(network.send(PipelineSizeTests.packet(1451).bytes).verdict == .answer(mtu: 1450))
        #expect(network.send(PipelineSizeTests.packet(1450).bytes).verdict == .encapsulate(PeerIndex(0)))
    }

    @Test("a flooded frame goes to those whose path takes it, or in fragments to all") func flood() {
        var network = Self.network()
        var frame = PipelineSizeTests.packet(1450)
        frame.destination = .broadcast
        let whole = network.send(frame.bytes)
        #expect(whole.verdict == .flood && whole.treatment == .whole && whole.mtu == 1450)
        frame.dontFragment = false
        let fragments = network.send(frame.bytes)
        #expect(fragments.verdict == .flood && fragments.treatment == .fragment && fragments.mtu == 1400)
    }

    @Test func remembersAndForgets() {
        var limits = PathLimits()
        #expect(limits.limit(of: PeerIndex(7)) == .max && limits.smallest == .max)
        var news = [
            limits.set(1400, for: PeerIndex(7), over: .v6), limits.set(1400, for: PeerIndex(7), over: .v6),
            limits.set(1500, for: PeerIndex(2), over: .v4),
        ]
        #expect(limits.limit(of: PeerIndex(7)) == 1330 && limits.limit(of: PeerIndex(2)) == 1450 && limits.smallest == 1330)
        news += [limits.set(nil, for: PeerIndex(7), over: .v6), limits.set(nil, for: PeerIndex(5000), over: .v6)]
        #expect(limits.limit(of: PeerIndex(7)) == .max && limits.smallest == 1450)
        #expect(news == [true, false, true, true, false])
    }
}
