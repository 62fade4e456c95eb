import WeftTypes

/// How long something took, many times over, with its percentiles.
public struct Times: Sendable {
    /// In nanoseconds, in no order.
    private var values: [Int64] = []

    public init() {}

    public mutating func add(_ duration: Duration) { values.append(duration.wholeNanoseconds) }
    public mutating func add(_ other: Times) { values += other.values }
    public mutating func removeAll() { values.removeAll() }

    public var count: Int { values.count }

    /// The least time that this share of all does not exceed: 0.99 for p99; nil without any. For several at once see ``percentiles(_:)``.
    public func percentile(_ share: Double) -> Duration? { percentiles([share])[0] }

    /// ``percentile(_:)`` for each of these shares.
    public func percentiles(_ shares: [Double]) -> [Duration?] {
        let sorted = values.sorted()
        return shares.map { share in
            guard !sorted.isEmpty else { return nil }
            let rank = Int((Double(sorted.count) * share).rounded(.up))
            return .nanoseconds(sorted[max(0, min(sorted.count, rank) - 1)])
        }
    }
}
