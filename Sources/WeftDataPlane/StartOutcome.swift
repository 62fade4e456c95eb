import Synchronization
import WeftLinux

/// How the first step of a thread went, told to the thread that started it.
final class StartOutcome: Sendable {
    private let error = Mutex<LinuxError?>(nil)
    private let latch: Latch

    init() throws(LinuxError) { latch = try Latch(count: 1) }

    func succeed() { latch.countDown() }

    func fail(_ failure: LinuxError) {
        error.withLock { $0 = failure }
        latch.countDown()
    }

    /// Waits for the outcome.
    func get() throws(LinuxError) {
        _ = latch.wait(milliseconds: 10_000)
        if let failure = error.withLock({ $0 }) { throw failure }
    }
}
