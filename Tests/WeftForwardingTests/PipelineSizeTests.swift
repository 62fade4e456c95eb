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
