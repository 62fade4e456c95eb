/// A datagram's frame on its arrival.
public struct Arrived: Sendable {
    public var frame: [UInt8]
    /// The segment's number: a place among the rules.
    public var segment: Int
    public var peer: Int
    /// What the kernel says beside a superframe of UDP.
    public var segmentSize: Int?

    public init(frame: [UInt8], segment: Int, peer: Int, segmentSize: Int? = nil) {
        self.frame = frame
        self.segment = segment
        self.peer = peer
        self.segmentSize = segmentSize
    }
}

/// One frame as a port gets it.
public struct Delivered: Sendable {
    /// Which segment's port; −1 is no port that could be.
    public var segment: Int
    public var isFlood: Bool
    public var peer: Int
    public var offload: OffloadHeader
    public var bytes: [UInt8]
    /// How many datagrams it is made of.
    public var frameCount: Int

    public init(segment: Int, isFlood: Bool, peer: Int, offload: OffloadHeader, bytes: [UInt8], frameCount: Int) {
        self.segment = segment
        self.isFlood = isFlood
        self.peer = peer
        self.offload = offload
        self.bytes = bytes
        self.frameCount = frameCount
    }
}

/// Compares a batch of datagrams with what was written of it, and throws the first flaw.
///
/// Every frame that the reference lets through is delivered once, in one piece, in its flow's order, with its own bytes and its
/// own checksum; nothing else is.
public struct Judge {
    /// A frame that must come out.
    private struct Due {
        var serial: Int
        var peer: Int
        var frame: [UInt8]
        /// Of a superframe that came in one datagram: what it stands for.
        var pieces: [[UInt8]]?
    }
    private struct Queue: Hashable {
        var segment: Int
        var isFlood: Bool
        var key: FlowKey
    }

    private var due: [Queue: [Due]] = [:]
    /// Where in its queue the next frame is.
    private var places: [Queue: Int] = [:]
    private var fragments: [(serial: Int, segment: Int, addresses: [UInt8])] = []
    private var newest = -1
    /// Frames that were merged with others.
    public private(set) var mergedCount = 0

    /// Judges a batch by the rules of its segments, in which `known` is the station that unicast goes to.
    public static func judge(
        _ batch: [Arrived], _ written: [Delivered], dropped: [Int], rules: [Reference], known: [UInt8]
    ) throws(Flaw) -> Judge {
        var judge = Judge()
        var expectedDrops: [Int] = []
        for (serial, arrived) in batch.enumerated() {
            switch rules[arrived.segment].received(arrived.frame, segmentSize: arrived.segmentSize) {
            case .dropped: expectedDrops.append(serial)
            case .frame(let frame): judge.expect(Due(serial: serial, peer: arrived.peer, frame: frame), arrived, known)
            case .superframe(let frame, let pieces):
                judge.expect(Due(serial: serial, peer: arrived.peer, frame: frame, pieces: pieces), arrived, known)
            }
        }
        guard dropped == expectedDrops else { throw Flaw("dropped \(dropped), not \(expectedDrops)") }
        for output in written { try judge.check(output) }
        for (queue, frames) in judge.due where judge.places[queue, default: 0] < frames.count {
            throw Flaw("datagram \(frames[judge.places[queue, default: 0]].serial) never came out")
        }
        return judge
    }

    private mutating func expect(_ frame: Due, _ arrived: Arrived, _ known: [UInt8]) {
        let key = FlowKey(frame.frame, Headers(frame.frame))
        if case .fragment(let addresses) = key { fragments.append((frame.serial, arrived.segment, addresses)) }
        let queue = Queue(segment: arrived.segment, isFlood: !frame.frame.starts(with: known), key: key)
        due[queue, default: []].append(frame)
    }

    private mutating func check(_ output: Delivered) throws(Flaw) {
        let key = FlowKey(output.bytes, Headers(output.bytes))
        let queue = Queue(segment: output.segment, isFlood: output.isFlood, key: key)
        let place = places[queue, default: 0]
        guard let waiting = due[queue], output.frameCount > 0, place + output.frameCount <= waiting.count else {
            throw Flaw(
                "what is written after datagram \(newest) was never received: \(output.offload) \(output.bytes.prefix(60))")
        }
        places[queue] = place + output.frameCount
        let frames = Array(waiting[place..<place + output.frameCount])
        let (first, last) = (frames[0].serial, frames[frames.count - 1].serial)
        guard first > newest else { throw Flaw("\(first) is written after \(newest)") }
        newest = first
        guard frames.allSatisfy({ $0.peer == output.peer }) else { throw Flaw("\(first)…\(last) are not all of \(output.peer)") }
        do {
            try check(output, frames, key)
        } catch {
            throw Flaw("datagrams \(first)…\(last): \(error)")
        }
    }

    private mutating func check(_ output: Delivered, _ frames: [Due], _ key: FlowKey) throws(Flaw) {
        let pieces = try cutAsKernel(output.bytes, output.offload)
        if let expected = frames[0].pieces {
            guard frames.count == 1, pieces == expected else { throw Flaw("a superframe is cut into something else") }
        } else if frames.count == 1 {
            try checkSingle(output, frames[0].frame)
        } else {
            guard pieces.count == frames.count else { throw Flaw("\(frames.count) frames come out as \(pieces.count)") }
            try checkMerged(pieces, frames.map(\.frame))
            mergedCount += frames.count
            guard case .flow(let flow) = key else { throw Flaw("what is no flow was merged") }
            let isCrossed = fragments.contains {
                $0.segment == output.segment && flow.starts(with: $0.addresses) && $0.serial > frames[0].serial
                    && $0.serial < frames[frames.count - 1].serial
            }
            if isCrossed { throw Flaw("merged across a fragment") }
        }
    }

    /// A frame alone is untouched, a wrong checksum too; a partial one is said to be partial, or completed where padding would
    /// get into it.
    private func checkSingle(_ output: Delivered, _ frame: [UInt8]) throws(Flaw) {
        let headers = Headers(frame)
        var expected = OffloadHeader()
        var frame = frame
        if headers.isFlow, headers.checksumState(frame) == .partial, headers.transportEnd < frame.count {
            frame = withRightChecksum(frame)
        } else if headers.isFlow, headers.checksumState(frame) == .partial {
            (expected.flags, expected.start) = (1, headers.transport ?? 0)
            expected.offset = headers.checksumField - expected.start
        }
        guard output.offload == expected else { throw Flaw("\(output.offload), not \(expected)") }
        guard output.bytes == frame else { throw Flaw("other bytes than came: \(output.bytes.count) for \(frame.count)") }
    }

    /// Frames that were merged are, cut again, those that came: less their padding, with their checksums completed. Only the
    /// identification may differ, where it means nothing (RFC 6864 §4.1) and was the same in all.
    private func checkMerged(_ pieces: [[UInt8]], _ frames: [[UInt8]]) throws(Flaw) {
        let first = Headers(frames[0])
        let identification = frames[0].number16(first.l2 + 4)
        let isFixed = frames.allSatisfy { $0.number16(first.l2 + 4) == identification }
        for (index, (piece, frame)) in zip(pieces, frames).enumerated() {
            let headers = Headers(frame)
            let state = headers.checksumState(frame)
            guard state == .right || state == .partial, headers.isHeaderRight(frame) else {
                throw Flaw("part \(index) had no right checksum")
            }
            var expected = Array(frame[..<headers.packetEnd])
            if state == .partial { expected = withRightChecksum(expected) }
            if headers.kind == .ipv4, headers.dontFragment, isFixed {
                expected.put(Array(piece[headers.l2 + 4..<headers.l2 + 6]), at: headers.l2 + 4)
                expected.put(Array(piece[headers.l2 + 10..<headers.l2 + 12]), at: headers.l2 + 10)
            }
            guard piece == expected else {
                let offset = zip(piece, expected).prefix { $0 == $1 }.count
                throw Flaw("part \(index) of \(frames.count) differs at \(offset) of \(expected.count) bytes (\(piece.count))")
            }
        }
    }
}
