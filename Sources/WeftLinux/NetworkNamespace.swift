import CWeftLinux
import Glibc

/// A network namespace, named by where it is found; looked up each time it is used.
public enum NetworkNamespace: Hashable, Sendable, CustomStringConvertible {
    /// The calling thread's own.
    case current
    /// One that `ip netns` lists.
    case named(String)
    /// The one a process is in.
    case process(Int32)
    /// A file that holds one, such as `/proc/PID/ns/net`.
    case path(String)

    /// The file to open.
    public var path: String {
        switch self {
        case .current: "/proc/thread-self/ns/net"
        case .named(let name): "\(Self.directory)/\(name)"
        case .process(let process): "/proc/\(process)/ns/net"
        case .path(let path): path
        }
    }

    public var description: String {
        switch self {
        case .current: "of this process"
        case .named(let name): name
        case .process(let process): "of process \(process)"
        case .path(let path): path
        }
    }

    /// Opens the namespace: the descriptor keeps it alive, and netlink moves links by it.
    ///
    /// - Throws: ``LinuxError`` `.enterNamespace`, such as `ENOENT` when there is none.
    public func open() throws(LinuxError) -> Descriptor {
        if case .named(let name) = self { try Self.validate(name, for: .enterNamespace) }
        return unsafe Descriptor(owning: try check(Glibc.open(path, O_RDONLY | O_CLOEXEC), .enterNamespace, description))
    }

    /// The number that tells namespaces apart: equal for two ways to the same one.
    public func identity() throws(LinuxError) -> UInt64 {
        let descriptor = try open()
        var facts = stat()
        try check(unsafe fstat(descriptor.rawValue, &facts), .enterNamespace, description)
        return UInt64(facts.st_ino)
    }

    /// Runs `body` inside, on a thread of its own, and waits for it; the calling thread stays where it is.
    ///
    /// Sockets opened inside keep belonging to the namespace. What is per thread (namespaces, nothing else we use) ends
    /// with the thread.
    /// - Throws: ``LinuxError`` `.enterNamespace`, or what `body` throws.
    public func run<Value: ~Copyable>(_ body: () throws -> Value) throws -> Value {
        try result(of: body).get()
    }

    /// Runs `body` inside, as ``run(_:)`` does, keeping its type of error.
    public func result<Value: ~Copyable, Failure: Error>(
        of body: () throws(Failure) -> Value
    ) throws(LinuxError) -> Result<Value, Failure> {
        if self == .current {  // nothing to enter, and no privilege needed
            do throws(Failure) { return .success(try body()) } catch { return .failure(error) }
        }
        let namespace = try open()
        let visit = Visit<Value, Failure>(to: self)
        try withoutActuallyEscaping(body) { body throws(LinuxError) in
            // Sound: `join` below returns only after the thread has run `body`, and nothing else touches `visit` meanwhile.
            nonisolated(unsafe) let body = body
            let number = namespace.rawValue
            let thread = try WorkerThread(name: "weft-netns") { unsafe visit.run(body, in: number) }
            thread.join()
        }
        return try visit.outcome()
    }
}

/// One run of a body inside a namespace: handed to the thread, read by the caller after the join.
private final class Visit<Value: ~Copyable, Failure: Error>: @unchecked Sendable {  // protected by that join
    private let namespace: NetworkNamespace
    private var value: Result<Value, Failure>?
    private var enterError: Int32 = 0

    init(to namespace: NetworkNamespace) { self.namespace = namespace }

    func run(_ body: () throws(Failure) -> Value, in descriptor: Int32) {
        guard weft_enter_network(descriptor) == 0 else {
            enterError = errno
            return
        }
        do throws(Failure) { value = .success(try body()) } catch { value = .failure(error) }
    }

    func outcome() throws(LinuxError) -> Result<Value, Failure> {
        guard let value = value.take() else {
            throw LinuxError(.enterNamespace, namespace.description, errno: enterError)
        }
        return value
    }
}
