import Glibc
import Synchronization

/// Whether the person at the terminal wants the command to stop: a first Ctrl-C, or SIGTERM or SIGHUP.
///
/// Long work asks at every step and unwinds, so that what was begun is taken back.
public struct Interruption: Sendable {
    private let isRaised: @Sendable () -> Bool

    /// Asks `isRaised`, which may be called from any thread.
    public init(_ isRaised: @escaping @Sendable () -> Bool) { self.isRaised = isRaised }

    /// Never.
    public static var never: Interruption { Interruption { false } }

    /// From now on, SIGINT, SIGTERM and SIGHUP do not end this process but are remembered.
    public static func bySignals() -> Interruption {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            // A handler may do nothing but store to an atomic.
            signal(number) { _ in SignalFlag.isRaised.store(true, ordering: .relaxed) }
        }
        return Interruption { SignalFlag.isRaised.load(ordering: .relaxed) }
    }

    /// - Throws: ``LabError`` `.interrupted` when the work should stop.
    func check(_ attempt: String) throws(LabError) {
        if isRaised() { throw LabError(.interrupted, cannot: attempt, cause: "interrupted") }
    }
}

/// A signal handler has no context of its own, so this one flag belongs to the process, as its handlers do.
private enum SignalFlag {
    static let isRaised = Atomic(false)
}
