import CWeftLinux
import Glibc
import Synchronization

extension NetworkNamespace {
    /// Runs `body` in a fresh namespace that has no name and ends with the call: a place to try things where nobody sees
    /// them. Its loopback device is down.
    ///
    /// - Throws: ``LinuxError`` `.createNamespace`, such as `EPERM`.
    public static func runInScratch<Value: Sendable>(_ body: @escaping @Sendable () -> Value) throws(LinuxError) -> Value {
        let outcome = ScratchOutcome<Value>()
        let thread = try WorkerThread(name: "weft-scratch") {
            outcome.set(weft_unshare_network() == 0 ? .success(body()) : .failure(currentError()))
        }
        thread.join()
        guard let result = outcome.take() else { throw LinuxError(.createNamespace, "a scratch", errno: 0) }
        return try result.get()
    }

    private static func currentError() -> LinuxError { LinuxError(.createNamespace, "a scratch", errno: Glibc.errno) }
}

/// Carries the result from the thread in the namespace to the one that waits.
private final class ScratchOutcome<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, LinuxError>?>(nil)

    func set(_ new: Result<Value, LinuxError>) { result.withLock { $0 = new } }
    func take() -> Result<Value, LinuxError>? { result.withLock { $0 } }
}
