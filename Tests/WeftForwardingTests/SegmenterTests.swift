import Testing
import WeftForwarding
import WeftTypes
import WeftWire

@Suite struct SegmenterTests {
    static let shapes: [Frame] = [
        Frame(), Frame(isIPv6: true), Frame(isTCP: false), Frame(isIPv6: true, isTCP: false),
        Frame(tags: [(0x88A8, 7), (0x8100, 8)]), Frame(options: [0x94, 4, 0, 0]),
        Frame(isIPv6: true, extensions: [6, 0, 1, 4, 0, 0, 0, 0]),
        Frame(isIPv6: true, isTCP: false, extensions: [17, 0, 1, 4, 0, 0, 0, 0]),
    ]

    @Test("every piece is what the guest would have sent itself", arguments: shapes.indices, [1, 7, 1000, 1398, 5000])
    func pieces(shape: Int, segmentSize: Int) throws {
        var frame = Self.shapes[shape]
        frame.payload = pattern(4000)
        frame.hasPartialChecksum = true
        frame.flags = [.ack, .psh, .fin, .cwr, .ece]
        let pieces = try cut(frame.bytes, segmentSize: segmentSize)
        #expect(pieces.count == (4000 + segmentSize - 1) / segmentSize)
        for (index, piece) in pieces.enumerated() {
            var expected = frame
            expected.hasPartialChecksum = false
            let start = index * segmentSize
            expected.payload = Array(frame.payload[start..<min(start + segmentSize, 4000)])
            expected.identification &+= UInt16(index)
            expected.sequence &+= UInt32(start)
            if index < pieces.count - 1 { expected.flags.subtract([.psh, .fin]) }
            if index > 0 { expected.flags.subtract(.cwr) }
            #expect(piece == expected.bytes)
            #expect(try isValidOnWire(piece))
        }
    }

    @Test("a checksum that is left is one that can be completed", arguments: shapes.indices)
    func leavesChecksums(shape: Int) throws {
        var frame = Self.shapes[shape]
        frame.payload = pattern(4000)
        frame.hasPartialChecksum = true
        let bytes = frame.bytes
        let layout = try FrameLayout(parsing: bytes.rawBytes)
        let prepared = Segmenter(of: bytes.rawBytes, layout: layout, segmentSize: 1398)
        let segmenter = try #require(prepared)
        let remote = try #require(segmenter.remoteChecksum)
        let complete = try cut(bytes, segmentSize: 1398)
        for (index, expected) in complete.enumerated() {
            var piece =
                emitted(segmenter.headerByteCount) {
                    segmenter.emitHeader(of: index, from: bytes.rawBytes, into: &$0, leavesChecksum: true)
                } + bytes[segmenter.payload(of: index)]
            #expect(piece != expected)
            let fits = piece.withMutableRawBytes { Checksum.complete(&$0, start: remote.start, offset: remote.offset) }
            #expect(fits && piece == expected)
        }
    }

    @Test("UDP never has the checksum 0 (RFC 768)") func udpZeroChecksum() throws {
        var frame = Frame(isTCP: false, payload: [0, 0] + pattern(10))
        // Choose the first two bytes so that the sum comes out as all ones.
        let valid = frame.bytes
        let checksum = UInt16(valid[40]) << 8 | UInt16(valid[41])
        frame.payload.replaceSubrange(0..<2, with: big(checksum))
        let piece = try #require(try cut(frame.bytes, segmentSize: 100).first)
        #expect(piece[40] == 0xFF && piece[41] == 0xFF)
        #expect(try isValidOnWire(piece))
    }

    @Test func refusesWhatItCantCut() throws {
        let fragment = Frame(dontFragment: false, moreFragments: true, payload: pattern(100)).bytes
        #expect(try cut(fragment, segmentSize: 10).isEmpty)
        #expect(try cut(Frame(payload: pattern(100)).bytes, segmentSize: 0).isEmpty)
        #expect(try cut(Frame(destination: .broadcast).bytes.prefix(14) + [0, 0], segmentSize: 10).isEmpty)
    }
}

@Suite struct FragmenterTests {
    @Test("fragments put together again are the packet (RFC 791 §3.2)", arguments: UInt64(0)..<32)
    func reassembles(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var frame = Frame(
            isTCP: false, dontFragment: false, payload: pattern(.random(in: 1500...9000, using: &random), seed: seed))
        // Router alert (copied), record route (not copied), padding.
        if Bool.random(using: &random) { frame.options = [0x94, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 0] }
        let limit = Int.random(in: 68...1450, using: &random)
        let bytes = frame.bytes
        let made = Fragmenter(frame: bytes.rawBytes, layout: try FrameLayout(parsing: bytes.rawBytes), limit: limit)
        let fragmenter = try #require(made)
        var data: [UInt8] = []
        for index in 0..<fragmenter.fragmentCount {
            let fragment =
                emitted(fragmenter.headerByteCount) { fragmenter.emitHeader(of: index, from: bytes.rawBytes, into: &$0) }
                + bytes[fragmenter.payload(of: index)]
            #expect(fragment.count - 14 <= limit)
            #expect(try isValidOnWire(fragment))
            let header = try IPv4Header(parsing: fragment.rawBytes.extracting(14..<fragment.count))
            #expect(Int(header.fragmentOffset) == data.count)
            #expect(header.moreFragments == (index < fragmenter.fragmentCount - 1))
            #expect(header.identification == 7)
            data += fragment[fragmenter.headerByteCount...]
            if !frame.options.isEmpty {
                #expect(Array(fragment[34..<38]) == [0x94, 4, 0, 0])
                #expect(Array(fragment[38..<45]) == (index == 0 ? [7, 7, 4, 0, 0, 0, 0] : [1, 1, 1, 1, 1, 1, 1]))
            }
        }
        #expect(data == Array(bytes[fragmenter.headerByteCount...]))
    }

    @Test func fragmentsOfAFragmentKeepTheirPlace() throws {
        let bytes = Frame(
            isTCP: false, dontFragment: false, moreFragments: true, fragmentOffset: 1480, payload: pattern(1400)
        ).bytes
        let layout = try FrameLayout(parsing: bytes.rawBytes)
        let made = Fragmenter(frame: bytes.rawBytes, layout: layout, limit: 1020)
        let fragmenter = try #require(made)
        let last = emitted(34) { fragmenter.emitHeader(of: 1, from: bytes.rawBytes, into: &$0) }
        let whole = last + bytes[fragmenter.payload(of: 1)]
        let header = try IPv4Header(parsing: whole.rawBytes.extracting(14..<34 + 400))
        #expect(header.fragmentOffset == 1480 + 1000 && header.moreFragments)
    }

    @Test func refuses() throws {
        for frame in [Frame(payload: pattern(2000)), Frame(isIPv6: true, payload: pattern(2000))] {
            let bytes = frame.bytes
            let layout = try FrameLayout(parsing: bytes.rawBytes)
            let isRefused = Fragmenter(frame: bytes.rawBytes, layout: layout, limit: 1450) == nil
            #expect(isRefused)
        }
    }
}

@Suite struct TooBigReplyTests {
    @Test("RFC 1191 §4: fragmentation needed, as if from the destination") func ipv4() throws {
        var frame = Frame(payload: pattern(1500))
        frame.tags = [(0x8100, 5)]
        let bytes = frame.bytes
        let layout = try FrameLayout(parsing: bytes.rawBytes)
        var count: Int?
        let reply = emitted(TooBigReply.maximumByteCount) {
            count = TooBigReply.emit(for: bytes.rawBytes, layout, mtu: 1446, into: &$0)
        }
        let written = Array(reply.prefix(try #require(count)))
        #expect(written.count == 18 + 576)
        #expect(try isValidOnWire(written))
        let answer = try FrameLayout(parsing: written.rawBytes)
        #expect(answer.ethernet.destination == frame.source && answer.ethernet.source == frame.destination)
        #expect(Array(written[12..<18]) == [0x81, 0, 0, 5, 8, 0])
        #expect(written.rawBytes.ipv4Address(at: 18 + 12) == Frame.ipv4.destination)
        #expect(written.rawBytes.ipv4Address(at: 18 + 16) == Frame.ipv4.source)
        #expect(Array(written[38..<40]) == [3, 4] && Array(written[44..<46]) == big(UInt16(1446)))
        #expect(Array(written[46...]) == Array(bytes[18..<18 + 548]))
    }

    @Test("RFC 4443 §3.2: packet too big") func ipv6() throws {
        let bytes = Frame(isIPv6: true, payload: pattern(1500)).bytes
        let layout = try FrameLayout(parsing: bytes.rawBytes)
        var count: Int?
        let reply = emitted(TooBigReply.maximumByteCount) {
            count = TooBigReply.emit(for: bytes.rawBytes, layout, mtu: 1430, into: &$0)
        }
        let written = Array(reply.prefix(try #require(count)))
        #expect(written.count == 14 + 1280)
        #expect(try isValidOnWire(written))
        #expect(written.rawBytes.ipv6Address(at: 14 + 8) == Frame.ipv6.destination)
        #expect(Array(written[54..<56]) == [2, 0] && Array(written[58..<62]) == big(UInt32(1430)))
        #expect(Array(written[62...]) == Array(bytes[14..<14 + 1232]))
    }
}
