import WeftTypes

/// A content on its way here, piece by piece, from one node at a time.
struct ContentFetch {
    /// The most bytes of a content: a topology file and its header.
    static var maximumByteCount: Int { (4 << 20) + (64 << 10) }
    /// Bytes of a piece; the last may have fewer.
    static var pieceByteCount: Int { 1024 }
    /// Pieces under way at a time, and in one request.
    static var window: Int { 32 }
    static var requestLimit: Int { 8 }
    /// How long pieces are waited for before they are asked for again: four round trips, within these bounds; doubled while nothing
    /// comes.
    private static var patience: ClosedRange<Duration> { .milliseconds(50)...(.seconds(1)) }
    /// How long a node may bring nothing before the next is asked, and how long it may take for all of it.
    private static var silence: Duration { .seconds(3) }
    private static var limit: Duration { .seconds(60) }

    /// A piece that was asked for.
    private struct Flight {
        var index: Int
        var deadline: Instant
    }

    let id: ContentID
    let byteCount: Int
    private var sources: [NodeID]
    private var bytes: [UInt8]
    private var isHere: [Bool]
    private var missingCount: Int
    /// All below are here or under way.
    private var nextIndex = 0
    private var flights: [Flight] = []
    private var patience = Self.patience.lowerBound
    /// When the node that is asked was asked first, and when it brought something last.
    private var asked: Instant
    private var lastNews: Instant
    /// Why the nodes before did not do.
    private(set) var failure = ContentFailure.noAnswer

    init(_ id: ContentID, byteCount: Int, from sources: [NodeID], now: Instant) {
        (self.id, self.byteCount, self.sources) = (id, byteCount, sources)
        bytes = []
        isHere = []
        missingCount = 0
        (asked, lastNews) = (now, now)
        begin(now)
    }

    private mutating func begin(_ now: Instant) {
        missingCount = max(1, (byteCount + Self.pieceByteCount - 1) / Self.pieceByteCount)
        bytes = [UInt8](repeating: 0, count: byteCount)
        isHere = [Bool](repeating: false, count: missingCount)
        (nextIndex, flights, asked, lastNews) = (0, [], now, now)
        patience = Self.patience.lowerBound
    }

    /// Whom to ask; nil when nobody is left.
    var source: NodeID? { sources.first }
    var isComplete: Bool { missingCount == 0 }
    /// The bytes, once ``isComplete``.
    var content: [UInt8] { bytes }

    /// When something is to be done again.
    var deadline: Instant? {
        let silence = lastNews.advanced(by: Self.silence)
        return flights.map(\.deadline).min().map { min($0, silence) } ?? silence
    }

    /// Goes on to the next node, from the beginning: pieces of one that lied would spoil those of one that does not.
    mutating func giveUp(_ failure: ContentFailure, now: Instant) {
        self.failure = failure
        if !sources.isEmpty { sources.removeFirst() }
        begin(now)
    }

    /// Takes in a piece; whether it was one of this content that was missing.
    mutating func take(_ index: Int, _ piece: [UInt8], now: Instant) -> Bool {
        guard isHere.indices.contains(index), !isHere[index] else { return false }
        let start = index * Self.pieceByteCount
        guard piece.count == min(Self.pieceByteCount, byteCount - start) else { return false }
        bytes.replaceSubrange(start..<start + piece.count, with: piece)
        isHere[index] = true
        missingCount -= 1
        flights.removeAll { $0.index == index }
        (lastNews, patience) = (now, max(Self.patience.lowerBound, patience / 2))
        return true
    }

    /// The pieces to ask for now, as runs; nil when the node has been silent for too long.
    mutating func requests(now: Instant, roundTrip: Duration?) -> [Range<Int>]? {
        guard now < lastNews.advanced(by: Self.silence), now < asked.advanced(by: Self.limit) else { return nil }
        let late = flights.filter { $0.deadline <= now }.map(\.index).sorted()
        if !late.isEmpty {
            flights.removeAll { $0.deadline <= now }
            // Some are lost even where most arrive; only silence means that the node can't keep up.
            if now >= lastNews.advanced(by: patience) { patience = min(patience * 2, Self.patience.upperBound) }
        }
        var wanted = late
        while flights.count + wanted.count < Self.window, nextIndex < isHere.count {
            if !isHere[nextIndex] { wanted.append(nextIndex) }
            nextIndex += 1
        }
        let expected = max(patience, min((roundTrip ?? .zero) * 4, Self.patience.upperBound))
        for index in wanted { flights.append(Flight(index: index, deadline: now.advanced(by: expected))) }
        return Self.runs(of: wanted)
    }

    private static func runs(of indices: [Int]) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        for index in indices {
            if let last = runs.last, last.upperBound == index, last.count < requestLimit {
                runs[runs.count - 1] = last.lowerBound..<index + 1
            } else {
                runs.append(index..<index + 1)
            }
        }
        return runs
    }
}
