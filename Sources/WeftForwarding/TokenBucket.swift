import WeftTypes

/// A limit on how often something may be done: so many at once, and so many a second.
@frozen public struct TokenBucket: Hashable, Sendable {
    @usableFromInline var tokens: Int64
    @usableFromInline var filled: Instant
    @usableFromInline let burst: Int64
    @usableFromInline let intervalNanoseconds: Int64

    /// Creates a full bucket that allows `burst` at once and one more every `interval`.
    @inlinable public init(burst: Int, interval: Duration, now: Instant) {
        self.tokens = Int64(burst)
        self.burst = Int64(burst)
        self.intervalNanoseconds = max(1, interval.wholeNanoseconds)
        self.filled = now
    }

    /// Takes one token, if there is one.
    @inlinable public mutating func take(now: Instant) -> Bool {
        let gained = max(0, now.nanoseconds &- filled.nanoseconds) / intervalNanoseconds
        if gained > 0 {
            tokens = min(burst, tokens &+ gained)
            filled = Instant(nanoseconds: filled.nanoseconds &+ gained &* intervalNanoseconds)
        }
        guard tokens > 0 else { return false }
        tokens -= 1
        return true
    }
}

/// What a worker remembers between frames: bounded, private to it, and never needed for forwarding to be right.
public struct PathMemory: Sendable {
    /// The source addresses it has seen.
    public var sources: SourceCache
    /// How much each port has flooded.
    public var floods = FloodLimiter()
    /// The bindings it has reported.
    var bindings = BindingCache()
    /// The address that the source of the last frame says to have, if the control side should hear of it. Not a part of
    /// ``Decision``, which is handed on by value for every frame.
    @usableFromInline var claim: BindingEvent?
    @usableFromInline var answers: [TokenBucket?]

    /// Answers a port may have at once, and how often another one.
    @usableFromInline static var answerBurst: Int { 10 }
    @usableFromInline static var answerInterval: Duration { .milliseconds(50) }
    /// Rows of answer limits; ports beyond share them.
    @usableFromInline static var answerRowCount: Int { 256 }

    /// Creates an empty memory.
    public init(sources: SourceCache = SourceCache()) {
        self.sources = sources
        answers = Array(repeating: nil, count: Self.answerRowCount)
    }

    /// Takes the claim of the frame that was decided last, if the control side should hear of one.
    @inlinable public mutating func takeClaim() -> BindingEvent? {
        guard claim != nil else { return nil }
        return claim.take()
    }

    /// Whether `port` may have another ICMP answer now.
    @inlinable mutating func mayAnswer(_ port: PortIndex, now: Instant) -> Bool {
        let row = Int(port.rawValue) % Self.answerRowCount
        var bucket = answers[row] ?? TokenBucket(burst: Self.answerBurst, interval: Self.answerInterval, now: now)
        let isAllowed = bucket.take(now: now)
        answers[row] = bucket
        return isAllowed
    }
}
