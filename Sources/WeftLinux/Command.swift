import CWeftLinux
import Glibc

/// A program to run: what, with which arguments, where.
public struct Command: Hashable, Sendable, CustomStringConvertible {
    /// What a child finds at descriptor 0, 1 or 2.
    public enum Stream: Hashable, Sendable {
        /// The same as this process has.
        case inherited
        /// `/dev/null`.
        case null
        /// An open descriptor of this process, which stays open here; the caller keeps it alive until the start.
        case descriptor(Int32)
    }

    /// A path, or a name that is looked up in `PATH`.
    public var executable: String
    /// The arguments after the program's own name.
    public var arguments: [String]
    /// The whole environment; nil passes this process's on.
    public var environment: [String: String]?
    public var workingDirectory: String?
    /// The network namespace to run in.
    public var namespace = NetworkNamespace.current
    /// Whether `/sys` shows that namespace's devices instead of ours, as under `ip netns exec`. Needs a mount namespace,
    /// which the child then has for itself.
    public var remountsSysfs = false
    public var standardInput = Stream.null
    public var standardOutput = Stream.inherited
    public var standardError = Stream.inherited
    /// Further descriptors the child gets: number there → descriptor here. All others are closed.
    public var descriptors: [Int32: Int32] = [:]
    /// Whether the child leads a session of its own: signals from our terminal do not reach it.
    public var isSessionLeader = false

    /// Creates a command that passes on output streams and environment.
    public init(_ executable: String, _ arguments: [String] = [], in namespace: NetworkNamespace = .current) {
        self.executable = executable
        self.arguments = arguments
        self.namespace = namespace
    }

    /// The words of the command, with spaces between.
    public var description: String { ([executable] + arguments).joined(separator: " ") }

    /// Calls `body` with the arguments and the environment as C wants them: pointers, then nil.
    func withVectors<Value>(
        _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>, UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Value
    ) -> Value {
        let words = unsafe ([executable] + arguments).map { unsafe strdup($0) } + [nil]
        defer { unsafe words.forEach { unsafe free($0) } }
        let variables = unsafe environment.map { environment in
            unsafe environment.sorted { $0.key < $1.key }.map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
        }
        defer { unsafe variables?.forEach { unsafe free($0) } }
        return unsafe words.withUnsafeBufferPointer { words in
            guard let words = words.baseAddress else { preconditionFailure("the list ends with nil, so it has a base") }
            guard let variables = unsafe variables else { return unsafe body(words, weft_environment()) }
            return unsafe variables.withUnsafeBufferPointer { variables in
                guard let variables = variables.baseAddress else {
                    preconditionFailure("the list ends with nil, so it has a base")
                }
                return unsafe body(words, variables)
            }
        }
    }
}

extension Command {
    /// Replaces this process by the command, in its namespace; returns only by throwing. Streams stay as they are, signals
    /// get their default actions.
    ///
    /// - Throws: ``LinuxError`` `.enterNamespace` or `.replaceSelf`, such as `ENOENT` when there is no such program.
    public func replaceSelf() throws(LinuxError) -> Never {
        switch try namespace.result(of: { () throws(LinuxError) in try execute() }) {
        case .failure(let error): throw error
        }
    }

    private func execute() throws(LinuxError) -> Never {
        if remountsSysfs { try check(weft_remount_sysfs(), .replaceSelf, executable) }
        if let workingDirectory {
            try unsafe check(chdir(workingDirectory), .replaceSelf, "\(executable) in \(workingDirectory)")
        }
        let error = unsafe withVectors { words, variables in
            _ = unsafe weft_execute(executable, words, variables)
            return errno
        }
        throw LinuxError(.replaceSelf, executable, errno: error)
    }
}
