/// Why a datagram changed nothing. The words are those of counters and logs.
public enum Refusal: String, Error, Hashable, Sendable, CaseIterable {
    /// Too short to be an envelope.
    case truncated
    /// Larger than any agent sends.
    case oversized
    /// Not an envelope of this version: another program's datagram, or a later Weft's.
    case foreign
    /// Sealed under a key that the ring does not have: another fabric's, or one that was removed.
    case unknownKey = "unknown-key"
    /// The tag does not verify: altered, of another fabric, or made by somebody who does not have the key.
    case forged
    /// Its counter was seen before, or is too old to tell.
    case replayed
    /// This node's own, come back.
    case reflected
    /// Genuine, of a sender that was not heard since its start, and as many such datagrams are held as may be.
    case crowded
    /// Genuine and held, but its sender did not echo the challenge in time: probably the replay of an earlier start.
    case unproven
    /// The echo of a challenge that was not made, or not lately.
    case unasked
}

/// What a channel did since it was made.
public struct SealingCounters: Hashable, Sendable {
    /// Datagrams of the core sealed.
    public internal(set) var sealed: UInt64 = 0
    /// Datagrams of the core opened and handed on.
    public internal(set) var opened: UInt64 = 0
    /// Datagrams held until their sender echoes.
    public internal(set) var held: UInt64 = 0
    /// Challenges sent, with an echo or alone.
    public internal(set) var challenges: UInt64 = 0
    /// Echoes sent, with a challenge or alone.
    public internal(set) var echoes: UInt64 = 0
    /// Starts of other nodes that were proven and believed.
    public internal(set) var believed: UInt64 = 0
    private var refused = [UInt64](repeating: 0, count: Refusal.allCases.count)

    /// How many datagrams were refused for that reason.
    public subscript(reason: Refusal) -> UInt64 { refused[Self.index(reason)] }

    /// All that were refused.
    public var refusedCount: UInt64 { refused.reduce(0, +) }

    mutating func refuse(_ reason: Refusal, count: Int = 1) { refused[Self.index(reason)] += UInt64(count) }

    private static func index(_ reason: Refusal) -> Int {
        switch reason {
        case .truncated: 0
        case .oversized: 1
        case .foreign: 2
        case .unknownKey: 3
        case .forged: 4
        case .replayed: 5
        case .reflected: 6
        case .crowded: 7
        case .unproven: 8
        case .unasked: 9
        }
    }
}

/// How much a channel keeps, and for how long.
public struct SealingLimits: Hashable, Sendable {
    /// Senders whose present start is believed; beyond it the one not heard for longest is challenged again.
    public var senderCount = 16384
    /// Starts that are being challenged.
    public var challengeCount = 4096
    /// Datagrams held for one start.
    public var heldPerSender = 4
    /// Datagrams held in all; at most 1155 bytes each.
    public var heldCount = 1024
    /// How long an echo is waited for.
    public var patience = Duration.seconds(5)
    /// How long after a challenge the next datagram of the same start causes another.
    public var challengeInterval = Duration.milliseconds(100)

    /// Creates the limits that agents use.
    public init() {}
}
