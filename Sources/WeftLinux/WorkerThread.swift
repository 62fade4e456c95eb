import CWeftLinux
import Glibc

/// A plain thread. Signals sent to the process are left to other threads; its own faults are not.
public struct WorkerThread: ~Copyable, Sendable {
    private let thread: pthread_t

    /// Starts a thread that runs `body`.
    ///
    /// - Parameter name: What `top -H` shows; the kernel keeps 15 bytes.
    public init(name: String, _ body: @escaping @Sendable () -> Void) throws(LinuxError) {
        let job = Job(name: name, body: body)
        let argument = unsafe Unmanaged.passRetained(job)
        var all = sigset_t()
        var before = sigset_t()
        unsafe sigfillset(&all)
        for fault in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS] { unsafe sigdelset(&all, fault) }
        unsafe pthread_sigmask(SIG_BLOCK, &all, &before)
        var thread = pthread_t()
        let error = unsafe pthread_create(&thread, nil, { unsafe Job.run($0) }, argument.toOpaque())
        unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
        guard error == 0 else {
            unsafe argument.release()
            throw LinuxError(.startThread, name, errno: error)
        }
        self.thread = thread
    }

    /// Waits until the thread has ended.
    public consuming func join() {
        pthread_join(thread, nil)
        discard self
    }

    deinit { pthread_detach(thread) }

    private final class Job: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }

        static func run(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
            guard let argument = unsafe argument else { return nil }
            let job = unsafe Unmanaged<Job>.fromOpaque(argument).takeRetainedValue()  // retained by `init`
            _ = unsafe weft_set_thread_name(String(decoding: job.name.utf8.prefix(15), as: UTF8.self))
            job.body()
            return nil
        }
    }
}
