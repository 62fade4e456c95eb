/// The round trip that can be expected of any member: mean and deviation over all direct answers (RFC 6298 §2).
///
/// Members are probed too seldom for an estimate of each; what is kept of one is its last round trip.
struct RoundTripEstimate {
    private var smoothed: Int64 = 0
    private var deviation: Int64 = 0

    mutating func add(_ sample: Duration) {
        let sample = max(1, sample.wholeNanoseconds)
        if smoothed == 0 {
            (smoothed, deviation) = (sample, sample / 2)
        } else {
            deviation += (abs(smoothed - sample) - deviation) / 4
            smoothed += (sample - smoothed) / 8
        }
    }

    /// Mean + 4 deviations, or nil before the first answer.
    var timeout: Duration? { smoothed == 0 ? nil : .nanoseconds(smoothed + 4 * deviation) }
}
