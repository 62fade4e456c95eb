import CWeftLinux
import Glibc

/// The right to be the agent of a network namespace; there is one. Held as long as the value lives; a crash releases it.
///
/// It is an abstract unix socket: the kernel keeps one list of their names per network namespace, so the lock needs no
/// path, and agents of a lab do not meet.
public struct AgentLock: ~Copyable, Sendable {
    private static var name: String { "@weft-agent" }
    private let descriptor: Descriptor

    /// Takes the right in the calling thread's network namespace.
    ///
    /// - Throws: ``LinuxError`` `.becomeOnlyAgent`, with `EADDRINUSE` and the other's process when there is one already.
    public init() throws(LinuxError) {
        let object = "this network namespace"
        let descriptor = try UnixAddress.open(.stream, for: object)
        let number = descriptor.rawValue
        let result = unsafe UnixAddress.with(Self.name) { address, length in unsafe bind(number, address, length) }
        if result != 0 {
            let error = errno
            guard error == EADDRINUSE else { throw LinuxError(.becomeOnlyAgent, object, errno: error) }
            let holder = Self.holder().map { "process \($0) is it already" } ?? "another process is it already"
            throw LinuxError(.becomeOnlyAgent, object, errno: error, detail: holder)
        }
        // Nobody is ever accepted: listening is what tells our process to those who ask.
        try check(listen(number, 1), .becomeOnlyAgent, object)
        self.descriptor = descriptor
    }

    /// The process that is the agent of the calling thread's network namespace, or nil when there is none.
    public static func holder() -> Int32? {
        guard let descriptor = try? UnixAddress.open(.stream, for: name) else { return nil }
        guard (try? descriptor.setNonblocking(true)) != nil else { return nil }
        let number = descriptor.rawValue
        let result = unsafe UnixAddress.with(name) { address, length in unsafe connect(number, address, length) }
        guard result == 0 else { return nil }
        let process = weft_peer_process(number)
        return process > 0 ? process : nil
    }
}
