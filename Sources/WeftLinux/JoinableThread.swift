import Synchronization

/// A thread that is kept somewhere until it is joined: a ``WorkerThread`` as an object.
public final class JoinableThread: Sendable {
    private let thread: Mutex<WorkerThread?>

    /// Starts a thread that runs `body`; `name` is what `top -H` shows.
    public init(name: String, _ body: @escaping @Sendable () -> Void) throws(LinuxError) {
        thread = Mutex(try WorkerThread(name: name, body))
    }

    /// Waits until the thread has ended; a second call returns at once.
    public func join() {
        let taken = thread.withLock { $0.take() }
        taken?.join()
    }
}
