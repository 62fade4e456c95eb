import WeftTypes

/// The round-trip time of a path, smoothed (RFC 6298 §2).
public struct RoundTrip: Hashable, Sendable {
    /// The smoothed time; nil before the first answer.
    public private(set) var smoothed: Duration?
    private var variation = Duration.zero

    /// Nothing was measured yet.
    public init() {}

    /// Takes in how long one answer took.
    public mutating func note(_ sample: Duration) {
        guard let smoothed else {
            (smoothed, variation) = (sample, sample / 2)
            return
        }
        let difference = sample > smoothed ? sample - smoothed : smoothed - sample
        variation = variation * 3 / 4 + difference / 4
        self.smoothed = smoothed * 7 / 8 + sample / 8
    }

    /// When an answer is overdue: SRTT + 4 × RTTVAR, within `bounds`; their end before the first answer.
    public func timeout(within bounds: ClosedRange<Duration>) -> Duration {
        guard let smoothed else { return bounds.upperBound }
        return min(max(smoothed + variation * 4, bounds.lowerBound), bounds.upperBound)
    }
}

/// What became of the last 64 probes that the path should have let through.
public struct LossWindow: Hashable, Sendable {
    /// One bit each, 1 lost, the newest lowest.
    private var bits: UInt64 = 0
    /// How many there are, at most 64.
    public private(set) var count = 0

    /// Nothing was sent yet.
    public init() {}

    /// Takes in a probe's end.
    public mutating func note(isLost: Bool) {
        bits = bits << 1 | (isLost ? 1 : 0)
        count = min(64, count + 1)
    }

    /// The share that was lost, 0…1; nil when there were none.
    public var ratio: Double? { count == 0 ? nil : Double(bits.nonzeroBitCount) / Double(count) }

    /// How many losses in a row are no accident on a path like this: the chance of so many is below one in a million.
    ///
    /// The share is estimated with half a loss and four and a half successes more than were seen, so that little history neither
    /// promises a perfect path nor a useless one.
    public func tellingCount(atLeast minimum: Int) -> Int {
        let share = min(0.5, (Double(bits.nonzeroBitCount) + 0.5) / (Double(count) + 5))
        var (needed, chance) = (0, 1.0)
        while chance > 1e-6 {
            chance *= share
            needed += 1
        }
        return max(minimum, needed)
    }
}
