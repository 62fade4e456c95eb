import Glibc

/// A system call that failed: what was to be done, on which object, why, and what helps.
public struct LinuxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was to be done; the text reads on with the object.
    public enum Operation: String, Hashable, Sendable, CaseIterable {
        case open = "open"
        case duplicate = "duplicate"
        case configure = "configure"
        case read = "read"
        case write = "write"
        case lock = "lock"
        case createTAP = "create TAP"
        case adoptTAP = "adopt TAP"
        case configureTAP = "configure TAP"
        case steer = "steer frames"
        case openSocket = "open a socket for"
        case bindSocket = "bind a UDP socket to"
        case configureSocket = "configure the UDP socket of"
        case openPacketSocket = "open a packet socket on"
        case createPoller = "create"
        case watch = "watch"
        case createNamespace = "create network namespace"
        case deleteNamespace = "delete network namespace"
        case enterNamespace = "enter network namespace"
        case listNamespaces = "list network namespaces in"
        case startThread = "start thread"
        case spawn = "start"
        case wait = "wait for"
        case signal = "signal"
        case replaceSelf = "run"
        case becomeOnlyAgent = "become the agent of"
        case changeSetting = "change the IPv6 setting"
        case readSetting = "read the IPv6 setting"
        case lookUpUser = "look up user"
        case notify = "notify"
        case identifyPeer = "tell who is at the other end of"
        case resolve = "find an address of"
        case handOver = "hand over"
        case listen = "listen on"
        case connect = "connect to"
        case actAs = "touch files as"
    }

    /// What was to be done.
    public let operation: Operation
    /// The device, path, address or process it was to be done on.
    public let object: String
    /// The reason as the kernel gives it.
    public let errno: Int32
    /// What this case is about, where it says more than the errno.
    public let detail: String?

    /// Creates an error; `detail` replaces the errno's own text.
    public init(_ operation: Operation, _ object: String, errno: Int32, detail: String? = nil) {
        self.operation = operation
        self.object = object
        self.errno = errno
        self.detail = detail
    }

    /// The reason in words.
    public var cause: String { detail ?? Self.text(of: errno) }

    /// `cannot <do> <object>: <cause>; <remedy>`.
    public var description: String {
        let problem = "cannot \(operation.rawValue) \(object): \(cause)"
        return remedy.map { "\(problem); \($0)" } ?? problem
    }

    /// The C library's text for an errno.
    public static func text(of errno: Int32) -> String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let text = buffer.baseAddress, unsafe strerror_r(errno, text, 256) == 0 else { return "error \(errno)" }
            return unsafe String(cString: text)
        }
    }
}
