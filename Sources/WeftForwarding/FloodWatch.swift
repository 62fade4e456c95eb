import WeftTypes

/// Notices when a port begins to exceed its cap of flooded frames, and when it has stopped, from the counts of what was dropped.
public struct FloodWatch: Sendable {
    /// What is worth telling.
    public enum News: Hashable, Sendable {
        /// Frames are dropped since the last look.
        case began(PortIndex)
        /// None was for a while; so many were in all.
        case ended(PortIndex, dropped: UInt64)
    }

    private struct Storm: Sendable {
        var first: UInt64
        var last: UInt64
        var seen: Instant
    }

    /// How long nothing may have been dropped until it is over.
    public static let calm = Duration.seconds(10)

    private var counts: [PortIndex: UInt64] = [:]
    private var storms: [PortIndex: Storm] = [:]

    /// Begins with no port.
    public init() {}

    /// The ports that exceed their caps, sorted.
    public var stormy: [PortIndex] { storms.keys.sorted() }

    /// Takes in how many frames of each port were dropped since it is there; a port that is missing is gone.
    public mutating func look(_ drops: [PortIndex: UInt64], now: Instant) -> [News] {
        var news: [News] = []
        for (port, count) in drops.sorted(by: { $0.key < $1.key }) {
            let former = min(counts[port] ?? 0, count)
            if count > former {
                if storms[port] == nil { news.append(.began(port)) }
                storms[port, default: Storm(first: former, last: count, seen: now)].last = count
                storms[port]?.seen = now
            } else if let storm = storms[port], storm.seen.duration(to: now) >= Self.calm {
                storms[port] = nil
                news.append(.ended(port, dropped: storm.last - storm.first))
            }
        }
        counts = drops
        storms = storms.filter { drops[$0.key] != nil }
        return news
    }
}
