import WeftTypes

/// A suspicion that has not been refuted yet (SWIM §4.2, Lifeguard, LHA-Suspicion).
struct Suspicion {
    let slot: Int
    let incarnation: Incarnation
    /// When it began, and what this node was deaf since.
    var started: Instant
    var accusers: Accusers
    /// Whether this node got no answer itself; those who did remind the suspect and tell everybody of its death.
    var isFirstHand: Bool
    /// How much longer than the accusers this node waits.
    var grace: Duration
    var nextReminder: Instant

    /// How much of the time between maximum and minimum `confirmations` of `wanted` take away, in thousandths:
    /// log(C + 1) / log(K + 1) (Lifeguard, LHA-Suspicion).
    static func shortening(confirmations: Int, wanted: Int) -> Int64 {
        guard confirmations < wanted else { return 1000 }
        return switch (wanted, max(0, confirmations)) {
        case (2, 1): 631
        case (3, 1): 500
        case (3, 2): 792
        default: 0
        }
    }

    /// When it becomes a death, as far as is known now.
    func deadline(_ configuration: GossipConfiguration, wanted: Int) -> Instant {
        let (minimum, maximum) = (configuration.minimumSuspicion, configuration.maximumSuspicion)
        let span = (maximum - minimum).wholeNanoseconds
        let shortening = Self.shortening(confirmations: accusers.count - 1, wanted: wanted)
        let length = max(minimum, maximum - .nanoseconds(span / 1000 * shortening))
        return started.advanced(by: length + (isFirstHand ? .zero : grace))
    }
}
