import CWeftLinux
import Glibc

extension Command {
    /// How a command ended and what it said.
    public struct Outcome: Hashable, Sendable {
        public let status: ChildProcess.ExitStatus
        public let standardOutput: String
        public let standardError: String

        /// Whether the command ended with 0.
        public var isSuccess: Bool { status.isSuccess }
    }

    /// Runs the command to its end and collects what it writes; kills it when it takes longer than `timeout`.
    ///
    /// Blocks the thread. At most `limit` bytes of either stream are kept.
    /// - Throws: ``LinuxError`` `.spawn`, and `.wait` with `ETIMEDOUT`.
    public func run(timeout: Duration? = nil, limit: Int = 16 << 20) throws(LinuxError) -> Outcome {
        // Files in memory rather than pipes: nobody has to read while the command runs.
        let output = unsafe Descriptor(owning: try check(weft_memfd("output"), .spawn, executable))
        let errors = unsafe Descriptor(owning: try check(weft_memfd("errors"), .spawn, executable))
        var command = self
        command.standardOutput = .descriptor(output.rawValue)
        command.standardError = .descriptor(errors.rawValue)
        let child = try ChildProcess(command)
        guard let status = try child.wait(timeout: timeout) else {
            try child.signal(SIGKILL)
            _ = try child.wait()
            throw LinuxError(.wait, description, errno: ETIMEDOUT)
        }
        return Outcome(
            status: status, standardOutput: try output.text(limit: limit), standardError: try errors.text(limit: limit))
    }
}

extension Descriptor {
    /// The first `limit` bytes of a file as text; what is not UTF-8 is replaced.
    fileprivate borrowing func text(limit: Int) throws(LinuxError) -> String {
        let end = try check(lseek(rawValue, 0, SEEK_END), .read, "output")
        if end > limit { try check(ftruncate(rawValue, off_t(limit)), .read, "output") }
        try check(lseek(rawValue, 0, SEEK_SET), .read, "output")
        return String(decoding: try readToEnd(limit: limit, name: "output"), as: UTF8.self)
    }
}
