import Glibc

/// A request to the kernel that failed: what was to be done, to what, and why not.
///
/// Reads as `cannot <do> on <object>: <cause>; <remedy>`.
public struct NetlinkError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was to be done.
    public enum Verb: String, Hashable, Sendable, CaseIterable {
        case openSocket = "open a netlink socket"
        case listLinks = "list links"
        case findLink = "find link"
        case addLink = "add link"
        case setLink = "configure link"
        case deleteLink = "delete link"
        case addAlternativeName = "add an alternative name"
        case removeAlternativeName = "remove an alternative name"
        case listAddresses = "list addresses"
        case addAddress = "add address"
        case removeAddress = "remove address"
        case listRoutes = "list routes"
        case addRoute = "add route"
        case removeRoute = "remove route"
        case listNeighbours = "list neighbours"
        case addNeighbour = "add neighbour"
        case removeNeighbour = "remove neighbour"
        case listFDB = "list FDB entries"
        case addFDB = "add FDB entry"
        case removeFDB = "remove FDB entry"
        case listBridgePorts = "list bridge ports"
        case setBridgePort = "configure bridge port"
        case listVLANs = "list bridge VLANs"
        case addVLAN = "add bridge VLAN"
        case removeVLAN = "remove bridge VLAN"
        case listQdiscs = "list qdiscs"
        case addQdisc = "add qdisc"
        case removeQdisc = "remove qdisc"
        case listFilters = "list filters"
        case addFilter = "add filter"
        case removeFilter = "remove filter"
        case monitor = "receive notifications"
    }

    /// What was to be done.
    public let verb: Verb
    /// The link, address, route or entry it was to be done to.
    public let object: String
    /// The error number, positive.
    public let errno: Int32
    /// The kernel's own sentence (`NETLINK_EXT_ACK`), or ours where the kernel was not asked.
    public let kernelMessage: String?

    /// Creates an error.
    public init(verb: Verb, object: String, errno: Int32, kernelMessage: String? = nil) {
        self.verb = verb
        self.object = object
        self.errno = errno
        self.kernelMessage = kernelMessage
    }

    init(_ verb: Verb, _ object: String, _ failure: ExchangeFailure) {
        switch failure {
        case .refused(let answer):
            self.init(verb: verb, object: object, errno: answer.errno, kernelMessage: answer.message)
        case .system(let errno):
            self.init(verb: verb, object: object, errno: errno)
        case .malformed(let malformed):
            self.init(verb: verb, object: object, errno: EBADMSG, kernelMessage: malformed.description)
        case .interrupted(let attempts):
            let message = "the objects changed during each of \(attempts) attempts to read them"
            self.init(verb: verb, object: object, errno: EINTR, kernelMessage: message)
        case .tooMany(let limit):
            self.init(verb: verb, object: object, errno: EMSGSIZE, kernelMessage: "there are more than \(limit)")
        }
    }

    public var description: String {
        let cause = kernelMessage.map { "\(errnoText) (\($0))" } ?? errnoText
        return "cannot \(verb.rawValue) on \(object): \(cause); \(remedy)"
    }

    /// The C library's text for the error number.
    var errnoText: String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { text in
            // Sound: the X/Open form writes at most `count` bytes and ends them with a NUL.
            guard let start = text.baseAddress, unsafe strerror_r(errno, start, text.count) == 0 else {
                return "error \(errno)"
            }
            return unsafe String(cString: start)
        }
    }

    /// What the reader can do about it.
    var remedy: String {
        switch errno {
        case EPERM where verb == .addFDB: "run as root or with CAP_NET_ADMIN, and wait until the port forwards"
        // What the kernel says when it has no such kind, and no module for it.
        case ENOENT where verb == .addQdisc || verb == .addFilter: "use a kernel with this feature, or load its module"
        case EPERM, EACCES: "run as root or with CAP_NET_ADMIN"
        case EEXIST: "remove what is there first, or choose another name"
        case ENODEV: "check that the device exists in this network namespace"
        case ENOENT, ESRCH, EADDRNOTAVAIL: "check that it exists; it may be gone already"
        case EBUSY: "bring the device down or take it from its present user first"
        case EOPNOTSUPP, EAFNOSUPPORT, EPROTONOSUPPORT: "use a kernel with this feature, or load its module"
        case EINVAL, ERANGE, EMSGSIZE, ENAMETOOLONG: "check the values given"
        case ENETUNREACH, EHOSTUNREACH: "add an address that reaches the gateway first, or say on-link"
        case ENETDOWN: "bring the device up first"
        case EMFILE, ENFILE, ENOMEM, ENOBUFS: "free memory or descriptors, then try again"
        case EINTR, EAGAIN: "try again"
        default: "see the kernel's log (dmesg)"
        }
    }
}
