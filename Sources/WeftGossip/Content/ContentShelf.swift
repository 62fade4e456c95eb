import WeftTypes

/// The contents this node has for others, and how fast it hands them out.
struct ContentShelf {
    /// The most contents, and the most bytes of all together; the oldest goes first.
    static var countLimit: Int { 8 }
    static var byteLimit: Int { 16 << 20 }
    /// Pieces handed out per second, and at once: about 20 MB/s.
    private static var rate: Int64 { 20_000 }
    private static var burst: Int64 { 512 }

    private var contents: [(id: ContentID, bytes: [UInt8])] = []
    private var tokens = Self.burst
    private var refilled: Instant?

    /// Takes a content in; one that is there becomes the newest.
    mutating func put(_ bytes: [UInt8]) {
        guard bytes.count <= ContentFetch.maximumByteCount else { return }
        putUnchecked(bytes, as: ContentID(of: bytes))
    }

    /// Takes in bytes that this name is said to stand for.
    mutating func putUnchecked(_ bytes: [UInt8], as id: ContentID) {
        remove(id)
        contents.append((id, bytes))
        while contents.count > Self.countLimit || contents.reduce(0, { $0 + $1.bytes.count }) > Self.byteLimit {
            contents.removeFirst()
        }
    }

    mutating func remove(_ id: ContentID) { contents.removeAll { $0.id == id } }

    subscript(id: ContentID) -> [UInt8]? { contents.first { $0.id == id }?.bytes }

    /// How many of `count` pieces may go out now.
    mutating func take(_ count: Int, now: Instant) -> Int {
        let elapsed = refilled.map { max(.zero, $0.duration(to: now)) } ?? .zero
        let earned = elapsed.wholeNanoseconds / (1_000_000_000 / Self.rate)
        if earned > 0 || refilled == nil {
            tokens = min(Self.burst, tokens + earned)
            refilled = now
        }
        let taken = min(Int64(count), tokens)
        tokens -= taken
        return Int(taken)
    }
}
