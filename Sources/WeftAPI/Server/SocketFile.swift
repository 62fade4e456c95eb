import Glibc
import WeftLinux

/// The file of the API's socket: made beside its place, given its permissions, then moved there.
///
/// The move is what makes this safe: nobody can connect before the permissions are right, and the file that a killed
/// predecessor left is replaced in one step. A file at which somebody answers, or that is no socket, is left alone.
struct SocketFile: Sendable {
    /// Where clients look.
    let path: String
    /// Where the socket is bound before it is published; hidden, and unlike that of another process.
    let stagingPath: String
    /// The group that may use the API, if the system has it.
    let group: String

    /// The longest path that fits a socket address, without the final zero (`unix(7)`).
    static let maximumPathByteCount = 107

    /// Checks that `path` may be taken, and makes its folder.
    ///
    /// - Throws: ``APIError`` when the path is too long, when an agent answers there, when it is a file of another kind,
    ///   or when the folder can't be made.
    init(claiming path: String, group: String) throws(APIError) {
        self.path = path
        self.group = group
        stagingPath = path[..<(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)] + ".\(getpid())"
        guard max(path.utf8.count, stagingPath.utf8.count) <= Self.maximumPathByteCount else {
            throw Self.error(
                path, "a socket's path has at most \(Self.maximumPathByteCount) bytes", "give a shorter one by --socket")
        }
        try Self.makeFolder(of: path)
        switch Self.kind(of: path) {
        case .absent: break
        case .other: throw Self.error(path, "a file that is no socket is in its place", "remove it or use another --socket")
        case .socket:
            guard !Self.isAnswered(path) else {
                throw Self.error(path, "another agent answers there", "stop that agent or use another --socket")
            }
        }
    }

    /// Gives the bound socket its mode and group and moves it to its place.
    func publish() throws(APIError) {
        guard unsafe chmod(stagingPath, 0o660) == 0 else { throw Self.error(path, operation: "chmod") }
        if let group = Self.identifier(ofGroup: group), unsafe chown(stagingPath, uid_t.max, group) != 0, errno != EPERM {
            throw Self.error(path, operation: "chown")
        }
        guard unsafe rename(stagingPath, path) == 0 else { throw Self.error(path, operation: "rename") }
    }

    /// Removes the socket file, unless somebody else has put another one there that answers.
    func withdraw() {
        _ = unsafe unlink(stagingPath)
        if Self.kind(of: path) == .socket, !Self.isAnswered(path) { _ = unsafe unlink(path) }
    }

    // MARK: - Looking at files

    private enum Kind { case absent, socket, other }

    private static func kind(of path: String) -> Kind {
        var information = stat()
        guard unsafe lstat(path, &information) == 0 else { return .absent }
        return information.st_mode & S_IFMT == S_IFSOCK ? .socket : .other
    }

    /// Whether a process listens on the socket file.
    static func isAnswered(_ path: String) -> Bool {
        guard let descriptor = try? UnixAddress.open(.stream, for: path) else { return false }
        let number = descriptor.rawValue
        return unsafe UnixAddress.with(path) { unsafe connect(number, $0, $1) } == 0
    }

    private static func makeFolder(of path: String) throws(APIError) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true).dropLast()
        var folder = path.hasPrefix("/") ? "" : "."
        for part in parts {
            folder += "/" + part
            if unsafe mkdir(folder, 0o755) != 0, errno != EEXIST, errno != EROFS || kind(of: folder) == .absent {
                throw error(path, operation: "mkdir \(folder)")
            }
        }
    }

    /// The number of a group, or nil if the system has none of that name.
    static func identifier(ofGroup name: String) -> gid_t? {
        var entry = unsafe group_entry()
        var found: UnsafeMutablePointer<group_entry>? = nil
        var buffer = [CChar](repeating: 0, count: 16 << 10)
        guard unsafe getgrnam_r(name, &entry, &buffer, buffer.count, &found) == 0, unsafe found != nil else { return nil }
        return unsafe entry.gr_gid
    }

    // MARK: - Errors

    private static func error(_ path: String, _ cause: String, _ help: String) -> APIError {
        APIError(.failed, cannot: "serve the API", on: path, cause: cause, help: help)
    }

    private static func error(_ path: String, operation: String) -> APIError {
        let number = errno
        let isPermission = number == EPERM || number == EACCES
        return APIError(
            isPermission ? .notPermitted : .failed, cannot: "serve the API", on: path,
            cause: "\(operation): \(LinuxError.text(of: number))",
            help: isPermission ? "run as root or give a path of your own by --socket" : "give another path by --socket")
    }
}

private typealias group_entry = Glibc.group
