import Glibc

/// An open file descriptor and its only owner: closed when the value goes out of scope.
@frozen public struct Descriptor: ~Copyable, Sendable {
    /// The number, valid as long as this value lives.
    public let rawValue: Int32

    /// Takes over a descriptor that nobody else will close.
    @inlinable public init(owning rawValue: Int32) {
        precondition(rawValue >= 0, "descriptor \(rawValue) is negative")
        self.rawValue = rawValue
    }

    deinit { close(rawValue) }

    /// Gives the number away; the caller closes it.
    public consuming func release() -> Int32 {
        let number = rawValue
        discard self
        return number
    }

    /// A second descriptor of the same open file, close-on-exec, its number at least `minimum`.
    public borrowing func duplicate(atLeast minimum: Int32 = 0) throws(LinuxError) -> Descriptor {
        Descriptor(owning: try check(fcntl(rawValue, F_DUPFD_CLOEXEC, minimum), .duplicate, "descriptor \(rawValue)"))
    }

    /// Sets whether reads and writes that can't be done at once return `EAGAIN`.
    public borrowing func setNonblocking(_ isNonblocking: Bool) throws(LinuxError) {
        let flags = try check(fcntl(rawValue, F_GETFL), .configure, "descriptor \(rawValue)")
        let wanted = isNonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK
        try check(fcntl(rawValue, F_SETFL, wanted), .configure, "descriptor \(rawValue)")
    }

    /// Sets whether the descriptor is closed when the process runs another program.
    public borrowing func setCloseOnExec(_ isClosed: Bool) throws(LinuxError) {
        try check(fcntl(rawValue, F_SETFD, isClosed ? FD_CLOEXEC : 0), .configure, "descriptor \(rawValue)")
    }

    /// Opens the file at `path`, close-on-exec.
    ///
    /// - Parameters:
    ///   - flags: As for `open(2)`.
    ///   - mode: Permissions of a file that is created.
    public static func open(_ path: String, flags: Int32, mode: mode_t = 0o600) throws(LinuxError) -> Descriptor {
        unsafe Descriptor(owning: try check(Glibc.open(path, flags | O_CLOEXEC, mode), .open, path))
    }
}
