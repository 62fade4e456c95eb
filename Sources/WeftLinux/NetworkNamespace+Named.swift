import CWeftLinux
import Glibc

/// Named namespaces, compatible with `ip netns`: each is a file in `/run/netns` onto which the namespace is bind-mounted.
extension NetworkNamespace {
    /// Where names live.
    public static var directory: String { "/run/netns" }

    /// Creates a namespace with that name, as `ip netns add` does. Its loopback device is down.
    ///
    /// - Throws: ``LinuxError`` `.createNamespace`, such as `EEXIST`.
    @discardableResult
    public static func create(_ name: String) throws(LinuxError) -> NetworkNamespace {
        try validate(name, for: .createNamespace)
        try prepareDirectory()
        let namespace = NetworkNamespace.named(name)
        let path = namespace.path
        _ = try unsafe Descriptor(
            owning: check(Glibc.open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0), .createNamespace, name))

        let creation = Creation(path: path)
        do throws(LinuxError) {
            let thread = try WorkerThread(name: "weft-netns") { creation.run() }
            thread.join()
            if creation.error != 0 { throw LinuxError(.createNamespace, name, errno: creation.error) }
        } catch {
            unsafe unlink(path)
            throw error
        }
        return namespace
    }

    /// Removes the name, as `ip netns delete` does. The namespace lives on while a process or descriptor holds it.
    ///
    /// - Throws: ``LinuxError`` `.deleteNamespace`, such as `ENOENT`.
    public static func delete(_ name: String) throws(LinuxError) {
        try validate(name, for: .deleteNamespace)
        let path = NetworkNamespace.named(name).path
        if unsafe umount2(path, Int32(MNT_DETACH)) != 0, errno != EINVAL {  // EINVAL: a name left without a namespace
            let error = errno
            throw LinuxError(.deleteNamespace, name, errno: error)
        }
        try unsafe check(unlink(path), .deleteNamespace, name)
    }

    /// The names that exist, sorted.
    public static func list() throws(LinuxError) -> [String] {
        guard let names = try SmallFile.names(in: directory, operation: .listNamespaces) else { return [] }
        return names
    }

    /// Whether a namespace has that name.
    public static func exists(_ name: String) -> Bool {
        unsafe (try? validate(name, for: .enterNamespace)) != nil && access(NetworkNamespace.named(name).path, F_OK) == 0
    }

    /// The processes inside, in order, as `ip netns pids` lists them. One that comes or goes meanwhile may be missed.
    public func processIDs() throws(LinuxError) -> [Int32] {
        let wanted = try identity()
        let numbers = try SmallFile.names(in: "/proc")?.compactMap { Int32($0) } ?? []
        return numbers.filter { (try? NetworkNamespace.process($0).identity()) == wanted }.sorted()
    }

    static func validate(_ name: String, for operation: LinuxError.Operation) throws(LinuxError) {
        let isValid = (1...255).contains(name.utf8.count) && name != "." && name != ".."
        guard isValid, name.utf8.allSatisfy({ $0 != UInt8(ascii: "/") && $0 != 0 }) else {
            throw LinuxError(operation, "'\(name)'", errno: EINVAL, detail: "not a valid name")
        }
    }

    /// Makes the directory a shared mount of its own, so that every mount namespace sees names come and go.
    private static func prepareDirectory() throws(LinuxError) {
        if unsafe mkdir(directory, 0o755) != 0, errno != EEXIST {
            let error = errno
            throw LinuxError(.createNamespace, "in \(directory)", errno: error)
        }
        // `ip` takes the same lock, so that two first users do not mount twice.
        let lock = try Descriptor.open(directory, flags: O_RDONLY | O_DIRECTORY)
        try check(flock(lock.rawValue, LOCK_EX), .createNamespace, "in \(directory)")
        if unsafe mount("", directory, "none", UInt(MS_SHARED | MS_REC), nil) == 0 { return }
        let error = errno
        guard error == EINVAL else { throw LinuxError(.createNamespace, "in \(directory)", errno: error) }
        let bind = UInt(MS_BIND | MS_REC)
        try check(unsafe mount(directory, directory, "none", bind, nil), .createNamespace, "in \(directory)")
        let shared = UInt(MS_SHARED | MS_REC)
        try check(unsafe mount("", directory, "none", shared, nil), .createNamespace, "in \(directory)")
    }

    /// A thread that makes a namespace and pins it to a file.
    private final class Creation: @unchecked Sendable {  // the thread writes `error`, the caller reads it after the join
        let path: String
        var error: Int32 = 0

        init(path: String) { self.path = path }

        func run() {
            let source = NetworkNamespace.current.path
            if weft_unshare_network() == 0, unsafe mount(source, path, "none", UInt(MS_BIND), nil) == 0 { return }
            error = errno
        }
    }
}
