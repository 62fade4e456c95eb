import Glibc

/// The file of a unix socket that was bound here, by what the kernel numbers it: another in its place is not it.
struct SocketPath: Hashable, Sendable {
    let path: String
    private let device: dev_t
    private let inode: ino_t

    /// The file that is at `path` now.
    init?(_ path: String) {
        guard let found = Self.look(at: path) else { return nil }
        (self.path, device, inode) = (path, found.st_dev, found.st_ino)
    }

    /// Whether the file is still at its path.
    var isUnchanged: Bool { Self(path) == self }

    private static func look(at path: String) -> stat? {
        var information = stat()
        return unsafe lstat(path, &information) == 0 ? information : nil
    }

    /// Removes what a program left that is gone: a socket of one of `owners` on which nobody answers.
    ///
    /// - Throws: ``LinuxError`` `.listen` with what is in the way, which is left there.
    static func clear(_ path: String, for kind: UnixAddress.Kind, _ owners: Set<UInt32>) throws(LinuxError) {
        guard let found = look(at: path) else { return }
        guard found.st_mode & S_IFMT == S_IFSOCK else {
            throw LinuxError(
                .listen, path, errno: EADDRINUSE,
                detail: "a file that is no socket is in its place; remove it, or give the port another path")
        }
        guard owners.contains(found.st_uid) else {
            throw LinuxError(
                .listen, path, errno: EADDRINUSE,
                detail: "a socket of user \(found.st_uid) is in its place; remove it, or give the port another path")
        }
        let probe = try UnixAddress.open(kind, for: path)
        try probe.setNonblocking(true)
        let number = probe.rawValue
        let result = unsafe UnixAddress.with(path) { address, length -> Int32 in
            unsafe Glibc.connect(number, address, length) == 0 ? 0 : errno
        }
        guard result == ECONNREFUSED else {
            throw LinuxError(
                .listen, path, errno: EADDRINUSE, detail: "another program answers there; stop it, or give the port another path")
        }
        guard unsafe unlink(path) == 0 || errno == ENOENT else {
            let error = errno
            throw LinuxError(.listen, path, errno: error, detail: explanation(of: error, at: path))
        }
    }

    /// What keeps a socket from being made or found at `path`, and what to do.
    static func explanation(of error: Int32, at path: String) -> String? {
        let folder = path.lastIndex(of: "/").map { path[..<$0] }.map { $0.isEmpty ? "/" : String($0) } ?? "."
        switch error {
        case ENOENT where unsafe access(folder, F_OK) != 0: return "there is no folder \(folder); make it"
        case ENOTDIR: return "\(folder) is no folder; give the port another path"
        case EACCES, EPERM, EROFS: return "\(LinuxError.text(of: error)); let the port's owner use \(folder)"
        case EPROTOTYPE: return "a socket of the other kind is there; change the port's mode, or the virtual machine's options"
        case ENAMETOOLONG: return "the path is too long for a socket; give the port a shorter one"
        default: return nil
        }
    }
}
