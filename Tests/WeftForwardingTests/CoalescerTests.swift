import Testing
import WeftTypes
import WeftWire

@testable import WeftForwarding

@Suite struct CoalescerTests {
    @Test("cut → wire → merge gives the superframe back", arguments: [false, true], [false, true])
    func roundTrips(isIPv6: Bool, isTCP: Bool) throws {
        var frame = Frame(isIPv6: isIPv6, isTCP: isTCP, flags: [.ack, .psh], payload: pattern(9000), hasPartialChecksum: true)
        frame.dontFragment = false
        let written = try merge(try cut(frame.bytes, segmentSize: 1000))
        #expect(written.count == 1)
        let output = try #require(written.first)
        #expect(output.bytes == frame.bytes)
        #expect(output.offload == (try frame.offload(segmentSize: 1000)))
        #expect(output.frameCount == 9)
    }

    @Test func partialChecksumsOfAVirtualUnderlayMerge() throws {
        var frames = [Frame(payload: pattern(1000)), Frame(identification: 8, sequence: 2000, payload: pattern(500))]
        for index in frames.indices { frames[index].hasPartialChecksum = true }
        let written = try merge(frames.map(\.bytes))
        #expect(written.count == 1 && written[0].frameCount == 2 && written[0].offload.segmentation == .tcpv4)
        let single = try merge([frames[0].bytes])
        #expect(single[0].offload.flags == .needsChecksum && single[0].offload.segmentation == .none)
        #expect(single[0].bytes == frames[0].bytes)
    }

    @Test("padding stays out of a checksum that the port's kernel completes") func paddingBehindAPartialChecksum() throws {
        var frame = Frame(isTCP: false, payload: [1, 2, 3])
        let complete = frame.bytes
        frame.hasPartialChecksum = true
        let padding: [UInt8] = [0xAA, 0xBB, 0xCC]
        let written = try merge([frame.bytes + padding])
        #expect(written.map(\.bytes) == [complete + padding] && written[0].offload == .complete)
        // A datagram may end before its packet does, too.
        var short = frame.bytes + [0xAA, 0xBB]
        short.replaceSubrange(16..<18, with: big(UInt16(33)))
        var header = Array(short[14..<34])
        header.withMutableRawBytes { Checksum.storeIPv4Header(into: &$0) }
        short.replaceSubrange(14..<34, with: header)
        let handedOn = try merge([short])
        #expect(handedOn[0].offload == .complete && Array(handedOn[0].bytes[40..<42]) == Array(complete[40..<42]))
        #expect(handedOn[0].bytes.count == short.count)
    }

    /// Two frames that would merge, and one change to the second that must keep them apart.
    static let changes: [(String, @Sendable (inout Frame) -> Void)] = [
        ("sequence", { $0.sequence += 1 }), ("acknowledgement", { $0.acknowledgement += 1 }),
        ("window", { $0.window += 1 }), ("options", { $0.tcpOptions[11] += 1 }), ("no options", { $0.tcpOptions = [] }),
        ("ttl", { $0.ttl -= 1 }), ("ecn", { $0.trafficClass = 3 }), ("dscp", { $0.trafficClass = 0xB8 }),
        ("df", { $0.dontFragment = false }), ("identification", { $0.identification += 1 }),
        ("urgent", { $0.flags.insert(.urg) }), ("ece", { $0.flags.insert(.ece) }), ("cwr", { $0.flags.insert(.cwr) }),
        ("syn", { $0.flags.insert(.syn) }), ("rst", { $0.flags.insert(.rst) }), ("no ack", { $0.flags = [] }),
        ("bigger", { $0.payload.append(1) }), ("empty", { $0.payload = [] }), ("port", { $0.sourcePort += 1 }),
        ("source address", { $0.source = MACAddress(rawValue: 0x5254_0000_0199) }), ("tag", { $0.tags = [(0x8100, 5)] }),
        ("ip options", { $0.options = [1, 1, 1, 0] }),
    ]

    @Test("what differs is not merged", arguments: changes.indices) func keepsApart(change: Int) throws {
        let first = Frame(payload: pattern(1000))
        var second = Frame(identification: 8, sequence: 2000, payload: pattern(1000, seed: 2))
        #expect(try merge([first.bytes, second.bytes]).count == 1)
        Self.changes[change].1(&second)
        let written = try merge([first.bytes, second.bytes])
        #expect(written.map(\.bytes) == [first.bytes, second.bytes], "\(Self.changes[change].0)")
    }

    @Test func aWrongChecksumIsHandedOnAsItIs() throws {
        let first = Frame(payload: pattern(1000)).bytes
        var second = Frame(identification: 8, sequence: 2000, payload: pattern(1000, seed: 2)).bytes
        second[1000] ^= 1
        let third = Frame(identification: 9, sequence: 3000, payload: pattern(1000, seed: 3)).bytes
        let written = try merge([first, second, third])
        #expect(written.map(\.bytes) == [first, second, third])
        #expect(written.allSatisfy { $0.offload == .complete })
    }

    @Test func pushEndsAMergeAndNothingOvertakes() throws {
        let frames = [
            Frame(sequence: 0, flags: [.ack, .psh], payload: pattern(100)),
            Frame(identification: 8, sequence: 100, payload: pattern(100)),
            Frame(identification: 9, sequence: 200, payload: []),  // an acknowledgement between the data
            Frame(identification: 10, sequence: 200, payload: pattern(100)),
        ]
        #expect(try merge(frames.map(\.bytes)).map(\.bytes) == frames.map(\.bytes))
    }

    @Test("a sender's superframe in one datagram gets a segment size", arguments: [false, true]) func superframe(isPartial: Bool)
        throws
    {
        var frame = Frame(payload: pattern(20000), hasPartialChecksum: isPartial)
        let written = try merge([frame.bytes], treatment: .cut(segmentSize: 1398))
        frame.hasPartialChecksum = true
        #expect(written.map(\.bytes) == [frame.bytes])
        #expect(written[0].offload == (try frame.offload(segmentSize: 1398)))
        frame.hasPartialChecksum = false
        var damaged = frame.bytes
        damaged[5000] ^= 1
        #expect(try merge([damaged], treatment: .cut(segmentSize: 1398)).isEmpty)
    }

    @Test("only what has the newest output's VXLAN header and peer is added without a decision")
    func extendsOnlyItsOwnKind() throws {
        let first = Frame(payload: pattern(1000)).bytes
        let second = Frame(identification: 8, sequence: 2000, payload: pattern(1000, seed: 2)).bytes
        var region: [UInt8] = []
        var datagrams: [Range<Int>] = []
        for (vni, frame) in [(1, first), (2, first), (1, second), (2, second)] {
            datagrams.append(region.count..<region.count + 8 + frame.count)
            region += [8, 0, 0, 0, 0, 0, UInt8(vni), 0] + frame
        }
        var coalescer = Coalescer()
        for (index, datagram) in datagrams.prefix(2).enumerated() {
            let frame = datagram.lowerBound + 8..<datagram.upperBound
            let layout = try FrameLayout(parsing: region.rawBytes.extracting(frame))
            _ = region.withMutableRawBytes {
                coalescer.add(
                    frame, of: datagram, layout: layout, treatment: .whole, to: .port(PortIndex(UInt16(index))),
                    from: PeerIndex(3), in: &$0)
            }
        }
        let peer = Arrival(peer: PeerIndex(3))
        let attempts: [(datagram: Int, arrival: Arrival)] = [
            (2, peer),  // another segment's
            (3, Arrival(peer: PeerIndex(4))), (3, Arrival(peer: nil)), (3, Arrival(peer: PeerIndex(3), isFromOverlay: true)),
            (3, peer),
        ]
        var extended: [Bool] = []
        for attempt in attempts {
            extended.append(
                coalescer.extend(with: datagrams[attempt.datagram], arrival: attempt.arrival, in: region.rawBytes))
        }
        #expect(extended == [false, false, false, false, true])
        #expect(coalescer.outputs.map(\.frameCount) == [1, 2])
    }

    @Test("same bytes, same order per flow, never a wrong checksum", arguments: UInt64(0)..<200)
    func randomFlows(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var sent: [[UInt8]] = []
        for _ in 0..<Int.random(in: 1...12, using: &random) {
            var frame = Frame(
                isIPv6: .random(using: &random), isTCP: .random(using: &random), dontFragment: .random(using: &random),
                ttl: .random(in: 63...64, using: &random), sourcePort: .random(in: 1...3, using: &random),
                sequence: .random(in: 0...2000, using: &random),
                flags: Int.random(in: 0..<4, using: &random) == 0 ? [.ack, .psh] : [.ack],
                payload: pattern(.random(in: 0...4000, using: &random), seed: random.next()))
            frame.hasPartialChecksum = true
            if Int.random(in: 0..<8, using: &random) == 0 { frame.tags = [(0x8100, 5)] }
            if Int.random(in: 0..<8, using: &random) == 0 { frame.options = [1, 1, 1, 1] }
            sent += try cut(frame.bytes, segmentSize: .random(in: 200...1398, using: &random))
        }
        for _ in 0..<Int.random(in: 0...3, using: &random) {  // reordered, lost, doubled, damaged
            sent.swapAt(.random(in: sent.indices, using: &random), .random(in: sent.indices, using: &random))
            if sent.count > 1 { sent.remove(at: .random(in: sent.indices, using: &random)) }
            sent.insert(sent[.random(in: sent.indices, using: &random)], at: .random(in: sent.indices, using: &random))
            let victim = Int.random(in: sent.indices, using: &random)
            if Bool.random(using: &random) { sent[victim][sent[victim].count - 1] ^= 0x40 }
        }
        var received: [[UInt8]] = []
        for output in try merge(sent) {
            let pieces =
                output.offload.segmentation == .none
                ? [output.bytes] : try cut(output.bytes, segmentSize: Int(output.offload.segmentSize))
            #expect(pieces.count == output.frameCount)
            received += pieces
        }
        let isSame = try Self.byFlow(received) == Self.byFlow(sent)
        #expect(isSame)
    }

    /// Frames of each flow in order; without identification where DF makes it meaningless (RFC 6864 §4).
    static func byFlow(_ frames: [[UInt8]]) throws -> [UInt32: [[UInt8]]] {
        var flows: [UInt32: [[UInt8]]] = [:]
        for var frame in frames {
            let layout = try FrameLayout(parsing: frame.rawBytes)
            let flow = FlowHash.hash(of: frame.rawBytes, layout: layout)
            if layout.network == .ipv4 && layout.dontFragment {
                for offset in [4, 5, 10, 11] { frame[layout.networkOffset + offset] = 0 }
            }
            flows[flow, default: []].append(frame)
        }
        return flows
    }

    @Test func aFullSetSaysSo() throws {
        var coalescer = Coalescer(frameLimit: 2)
        var region = Frame(payload: [1]).bytes
        let layout = try FrameLayout(parsing: region.rawBytes)
        let count = region.count
        var outcomes: [Coalescer.Outcome] = []
        for _ in 0..<3 {
            region.withMutableRawBytes {
                outcomes.append(
                    coalescer.add(
                        0..<count, of: 0..<count, layout: layout, treatment: .whole, to: .port(PortIndex(0)), from: PeerIndex(0),
                        in: &$0))
            }
        }
        #expect(outcomes == [.added, .added, .full])
    }
}

/// One frame as a port would get it.
struct Written {
    var offload: VirtioNetHeader
    var bytes: [UInt8]
    var frameCount: Int
}

/// Sends frames of one batch through a coalescer.
func merge(_ frames: [[UInt8]], treatment: Treatment = .whole) throws -> [Written] {
    var region = frames.flatMap { $0 }
    let layouts = try frames.map { try FrameLayout(parsing: $0.rawBytes) }
    var coalescer = Coalescer()
    var start = 0
    for (frame, layout) in zip(frames, layouts) {
        region.withMutableRawBytes {
            _ = coalescer.add(
                start..<start + frame.count, of: start..<start + frame.count, layout: layout, treatment: treatment,
                to: .port(PortIndex(0)),
                from: PeerIndex(0), in: &$0)
        }
        start += frame.count
    }
    region.withMutableRawBytes { coalescer.finish(in: &$0) }
    var written: [Written] = []
    for output in coalescer.outputs {
        var bytes = Array(region[output.front])
        var slice = output.firstSlice
        while slice >= 0 {
            bytes += region[coalescer.slices[Int(slice)].range]
            slice = coalescer.slices[Int(slice)].next
        }
        #expect(bytes.count == output.byteCount)
        written.append(Written(offload: output.offload, bytes: bytes, frameCount: output.frameCount))
    }
    return written
}
