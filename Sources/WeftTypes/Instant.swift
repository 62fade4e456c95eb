/// A moment on a clock that only moves forward, in nanoseconds from an origin that has no meaning.
///
/// The core is handed instants and never asks for one; a shell makes them from the monotonic clock, the simulator from
/// its virtual one.
@frozen public struct Instant: Hashable, Sendable, Comparable, InstantProtocol {
    /// Nanoseconds since the clock's origin.
    public let nanoseconds: Int64

    /// Creates an instant that many nanoseconds after the clock's origin.
    @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    @inlinable public func advanced(by duration: Duration) -> Instant {
        Instant(nanoseconds: nanoseconds &+ duration.wholeNanoseconds)
    }

    @inlinable public func duration(to other: Instant) -> Duration { .nanoseconds(other.nanoseconds &- nanoseconds) }

    @inlinable public static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }
}

extension Duration {
    /// The duration in nanoseconds, fractions dropped; ±292 years fit.
    @inlinable public var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
    }
}
