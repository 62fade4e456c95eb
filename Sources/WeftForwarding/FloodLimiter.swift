import WeftTypes
import WeftWire

/// How many flooded frames each port may bring: a token bucket per port, each kept as the time at which it is full again.
///
/// Private to a worker and bounded: one word per port that ever flooded. A rate is read from the tables with each frame, so a
/// new one holds at once. Background: the virtual scheduling form of the leaky bucket (ITU-T I.371, annex A).
@frozen public struct FloodLimiter: Sendable {
    @usableFromInline var fullTimes: [Int64] = []

    /// What a bucket holds, as the time in which it fills: a quarter of a second's frames, and eight of a very slow one's. An ARP
    /// burst of a rack that boots passes, a loop's storm is cut a quarter of a second later.
    @usableFromInline static var burstNanoseconds: Int64 { 250_000_000 }
    @usableFromInline static var leastBurst: Int64 { 8 }

    /// Creates full buckets.
    public init() {}

    /// Whether `port` may bring `count` more flooded frames now.
    ///
    /// - Parameter interval: nanoseconds from one frame to the next at the port's cap; 0 is no cap.
    @inlinable mutating func take(_ count: Int, from port: PortIndex, interval: Int64, now: Instant) -> Bool {
        guard interval > 0 else { return true }
        let row = Int(port.rawValue)
        // At most once for each port.
        if row >= fullTimes.count { fullTimes += repeatElement(0, count: row + 1 - fullTimes.count) }
        let fullTime = max(fullTimes[row], now.nanoseconds)
        guard fullTime - now.nanoseconds <= max(Self.burstNanoseconds, interval &* (Self.leastBurst - 1)) else { return false }
        fullTimes[row] = fullTime &+ interval &* Int64(count)
        return true
    }
}

extension Pipeline {
    /// Drops a frame from a port that would be flooded and is beyond the port's cap. Last of all, so that what is answered or
    /// dropped for another reason costs nothing; a superframe counts as the frames it stands for.
    @inlinable static func limitFlood(
        from port: PortIndex, layout: FrameLayout, tables: ForwardingTables, memory: inout PathMemory, now: Instant,
        in decision: inout Decision
    ) {
        var count = 1
        switch decision.treatment {
        case .cut(let size), .cutAndFragment(let size):
            let byteCount = layout.packetEnd - (layout.payloadOffset ?? layout.packetEnd)
            if size > 0, byteCount > size { count = (byteCount + size - 1) / size }
        case .whole, .fragment: break
        }
        let interval = tables.fabric.portFacts[Int(port.rawValue)].floodInterval
        guard !memory.floods.take(count, from: port, interval: interval, now: now) else { return }
        decision.verdict = .drop(.floodLimited)
    }
}
