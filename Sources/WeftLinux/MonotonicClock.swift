import Glibc
import WeftTypes

/// The kernel's monotonic clock: never set back, stands still while the machine sleeps.
public struct MonotonicClock: Clock {
    public typealias Instant = WeftTypes.Instant

    /// Creates the clock; all are the same.
    public init() {}

    /// The present moment.
    public static func now() -> Instant {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
    }

    public var now: Instant { Self.now() }
    public var minimumResolution: Duration { .nanoseconds(1) }

    public func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let remaining = now.duration(to: deadline)
        if remaining > .zero { try await Task.sleep(for: remaining, tolerance: tolerance) }
        try Task.checkCancellation()
    }
}
