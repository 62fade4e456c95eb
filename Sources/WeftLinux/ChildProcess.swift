import CWeftLinux
import Glibc
import Synchronization
import WeftTypes

/// A program this process started. Wait for it once it has ended, or it stays in the process table.
///
/// Letting go of the value does not end the program: one that leads its own session goes on after us.
public final class ChildProcess: Sendable {
    /// How a program ended.
    public enum ExitStatus: Hashable, Sendable, CustomStringConvertible {
        case exited(Int32)
        case signalled(Int32)

        /// Whether the program ended by itself with 0.
        public var isSuccess: Bool { self == .exited(0) }
        /// The status a shell would show: the exit code, or 128 + the signal.
        public var shellStatus: Int32 {
            switch self {
            case .exited(let code): code
            case .signalled(let signal): 128 + signal
            }
        }
        public var description: String {
            switch self {
            case .exited(let code): "exit status \(code)"
            case .signalled(let signal): "signal \(signal)"
            }
        }
    }

    /// The number of the process.
    public let processID: Int32
    /// What it was started as.
    public let command: Command
    /// Names the process, not its number, so that a signal never reaches a stranger; readable when it has ended.
    private let handle: Descriptor
    private let status = Mutex<ExitStatus?>(nil)

    /// Starts a program.
    ///
    /// - Throws: ``LinuxError`` `.spawn`, such as `ENOENT`, or `.enterNamespace`.
    public init(_ command: Command) throws(LinuxError) {
        let processID = try command.spawn()
        self.command = command
        self.processID = processID
        // The child is ours and not waited for, so the number is still its own.
        handle = Descriptor(owning: try check(weft_pidfd_open(processID), .spawn, command.executable))
    }

    /// Readable once the program has ended, for a poller.
    public var rawValue: Int32 { handle.rawValue }

    /// Sends a signal; whether the program was still there to get it.
    @discardableResult
    public func signal(_ number: Int32) throws(LinuxError) -> Bool {
        if weft_pidfd_signal(handle.rawValue, number) == 0 { return true }
        let error = errno
        if error == ESRCH { return false }
        throw LinuxError(.signal, "process \(processID) (\(command.executable))", errno: error)
    }

    /// Waits until the program has ended, at most as long as `timeout`; nil when it goes on. Blocks the thread.
    public func wait(timeout: Duration? = nil) throws(LinuxError) -> ExitStatus? {
        let deadline = timeout.map { MonotonicClock.now().advanced(by: $0) }
        while true {
            if let status = try reap() { return status }
            let remaining = deadline.map { max(.zero, MonotonicClock.now().duration(to: $0)) }
            if remaining == .zero { return nil }
            var watched = pollfd(fd: handle.rawValue, events: Int16(POLLIN), revents: 0)
            // Rounded up, so that the last millisecond is not spent spinning; a signal or a long wait just comes round again.
            let milliseconds = remaining.map { Int32(clamping: ($0.wholeNanoseconds + 999_999) / 1_000_000) } ?? -1
            _ = unsafe poll(&watched, 1, milliseconds)
        }
    }

    /// Asks the program to end (SIGTERM), kills it (SIGKILL) if it has not after `grace`, and waits for it.
    @discardableResult
    public func terminate(grace: Duration = .seconds(5)) throws(LinuxError) -> ExitStatus? {
        try signal(SIGTERM)
        if let status = try wait(timeout: grace) { return status }
        try signal(SIGKILL)
        return try wait()
    }

    /// The status if the program has ended, taken from the process table at the first call.
    private func reap() throws(LinuxError) -> ExitStatus? {
        try status.withLock { status throws(LinuxError) in
            if let status { return status }
            var raw: Int32 = 0
            let result = retrying { unsafe waitpid(processID, &raw, WNOHANG) }
            if result == 0 { return nil }
            if result < 0 {
                let error = errno
                throw LinuxError(.wait, "process \(processID) (\(command.executable))", errno: error)
            }
            let signal = raw & 0x7F  // the layout behind WIFEXITED, WEXITSTATUS and WTERMSIG
            status = signal == 0 ? .exited(raw >> 8 & 0xFF) : .signalled(signal)
            return status
        }
    }
}
