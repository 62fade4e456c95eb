import Glibc
import WeftLinux

/// Small files that only their owner may read (mode 0600), replaced in one step.
enum SecretFile {
    /// What makes a file unfit to hold a secret.
    enum Problem: Error {
        case system(LinuxError)
        case unsafe(cause: String, remedy: String)
    }

    /// Reads the file at `path`, or nil when there is none.
    ///
    /// - Throws: `.unsafe` when it is no regular file, when its owner is neither this user nor root, or when anybody else may
    ///   read or write it; `.system` also above `limit` bytes.
    static func read(_ path: String, limit: Int = 65536) throws(Problem) -> [UInt8]? {
        let file: Descriptor
        do throws(LinuxError) {
            // Without O_NONBLOCK a named pipe would keep us waiting for a writer.
            file = try Descriptor.open(path, flags: O_RDONLY | O_NONBLOCK)
        } catch {
            if error.errno == ENOENT { return nil }
            throw .system(error)
        }
        try judge(file, path)
        do throws(LinuxError) { return try file.readToEnd(limit: limit, name: path) } catch { throw .system(error) }
    }

    /// Writes the file at `path`, mode 0600: a new file beside it, flushed, then renamed over it, and the folder flushed.
    static func write(_ bytes: [UInt8], to path: String) throws(LinuxError) {
        let draft = "\(path).new-\(getpid())"
        // What a crash left, or what somebody put there: never written into, since it may be readable.
        unsafe unlink(draft)
        do throws(LinuxError) {
            let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
            let file = unsafe Descriptor(owning: try check(Glibc.open(draft, flags, 0o600), .write, path))
            try file.writeAll(bytes, name: path)
            try check(fsync(file.rawValue), .write, path)
            try unsafe check(rename(draft, path), .write, path)
        } catch {
            unsafe unlink(draft)
            throw error
        }
        try flushFolder(of: path)
    }

    /// Moves a file that can't be used to `<path>.corrupt` and returns that name; an earlier one there is lost.
    static func quarantine(_ path: String) throws(LinuxError) -> String {
        let copy = path + ".corrupt"
        try unsafe check(rename(path, copy), .write, copy)
        try flushFolder(of: path)
        return copy
    }

    /// Makes the folder that `path` is in, mode 0700, where it is missing; its parent must be there.
    static func makeFolder(of path: String) throws(LinuxError) {
        let folder = folder(of: path)
        if unsafe mkdir(folder, 0o700) != 0 {
            let error = errno
            if error != EEXIST { throw LinuxError(.write, folder, errno: error) }
        }
    }

    /// Runs `body` while no other process does on a file of the same folder.
    static func whileAlone<Value>(
        in path: String, _ body: () throws(SealingError) -> Value, failing: (LinuxError) -> SealingError
    ) throws(SealingError) -> Value {
        let folder = try lockedFolder(of: path, failing: failing)
        let value = try body()
        _ = folder.rawValue  // The lock goes with the descriptor, which lives until here.
        return value
    }

    private static func lockedFolder(
        of path: String, failing: (LinuxError) -> SealingError
    ) throws(SealingError) -> Descriptor {
        do throws(LinuxError) {
            let folder = try Descriptor.open(folder(of: path), flags: O_RDONLY | O_DIRECTORY)
            try check(flock(folder.rawValue, LOCK_EX), .lock, path)
            return folder
        } catch {
            throw failing(error)
        }
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func flushFolder(of path: String) throws(LinuxError) {
        let folder = try Descriptor.open(folder(of: path), flags: O_RDONLY | O_DIRECTORY)
        try check(fsync(folder.rawValue), .write, path)
    }

    private static func judge(_ file: borrowing Descriptor, _ path: String) throws(Problem) {
        var state = stat()
        // Sound: fstat fills the structure it is given.
        guard unsafe fstat(file.rawValue, &state) == 0 else {
            let error = errno
            throw .system(LinuxError(.read, path, errno: error))
        }
        guard state.st_mode & S_IFMT == S_IFREG else {
            throw .unsafe(cause: "it is not a regular file", remedy: "name a file")
        }
        guard state.st_uid == geteuid() || state.st_uid == 0 else {
            throw .unsafe(cause: "it belongs to another user", remedy: "chown it to the user that runs Weft")
        }
        guard state.st_mode & 0o077 == 0 else {
            throw .unsafe(
                cause: "others than its owner can read or write it",
                remedy: "chmod 600 \(path), and change the key if somebody may have read it")
        }
    }
}
