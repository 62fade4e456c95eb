import Synchronization

/// Tells what is being done when it takes more than a second: each step on standard error as it begins, and at the end
/// how long it all took.
package final class Progress: Sendable {
    /// How long nothing is told.
    private static let patience = Duration.seconds(1)

    private let console: Console
    private let isQuiet: Bool
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    /// The step that was begun and not told yet.
    private let pending = Mutex<String?>(nil)

    package init(_ console: Console, isQuiet: Bool) {
        (self.console, self.isQuiet) = (console, isQuiet)
        start = clock.now
    }

    /// A step begins.
    package func tell(_ step: String) {
        guard !isQuiet else { return }
        let isLate = clock.now - start >= Self.patience
        let earlier = pending.withLock { pending in
            defer { pending = isLate ? nil : step }
            return pending
        }
        guard isLate else { return }
        if let earlier { console.note(earlier) }
        console.note(step)
    }

    /// All is done.
    package func end() {
        let elapsed = clock.now - start
        guard !isQuiet, elapsed >= Self.patience else { return }
        console.note("done in \(Quantity.uptime(seconds: elapsed / .seconds(1)))")
    }
}
