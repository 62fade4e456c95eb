import Glibc

/// An exclusive lock on a file (`flock`), held as long as the value lives; a crash releases it.
public struct FileLock: ~Copyable, Sendable {
    private let descriptor: Descriptor

    /// Takes the lock at once or not at all; creates the file where it is missing, and leaves it there.
    ///
    /// - Throws: ``LinuxError`` `.lock`, with `EWOULDBLOCK` when another holds it.
    public init(at path: String) throws(LinuxError) {
        let file = try Descriptor.open(path, flags: O_RDWR | O_CREAT | O_NOFOLLOW)
        try check(flock(file.rawValue, LOCK_EX | LOCK_NB), .lock, path)
        descriptor = file
    }

    /// Waits for the lock. Blocks the thread.
    public init(waitingAt path: String) throws(LinuxError) {
        let file = try Descriptor.open(path, flags: O_RDWR | O_CREAT | O_NOFOLLOW)
        try check(flock(file.rawValue, LOCK_EX), .lock, path)
        descriptor = file
    }
}
