import Glibc
import Synchronization
import Testing
import WeftLinux

/// Why the tests that need real devices do not run, or nil when they can.
let missingPrivilege: String? = {
    guard geteuid() == 0 else { return "needs root for network namespaces" }
    guard unsafe access("/dev/net/tun", R_OK | W_OK) == 0 else { return "needs /dev/net/tun" }
    return nil
}()

extension Trait where Self == ConditionTrait {
    /// Runs the test only with the privileges for real devices; the reason is printed otherwise.
    static var needsPrivileges: ConditionTrait {
        .enabled(if: missingPrivilege == nil, Comment(rawValue: missingPrivilege ?? "privileged"))
    }
}

/// Whether the processor is emulated (`Scripts/vm-run`), so that durations mean nothing.
let isEmulated = unsafe getenv("WEFT_EMULATED") != nil

/// A host and its guests as fresh network namespaces for one test, removed with the value whatever happens.
final class HostSandbox: Sendable {
    private static let count = Atomic<Int>(0)
    private let prefix: String
    private let names = Mutex<[String]>([])

    /// Makes the host's namespace, with a foreign bridge `br0`, a foreign veth pair in it and an underlay `eth1`.
    init() throws {
        prefix = "wft\(getpid())c\(Self.count.wrappingAdd(1, ordering: .relaxed).newValue)"
        try makeNamespace("h")
        try ip("link set lo up")
        try ip("link add br0 type bridge")
        try ip("link add other0 type veth peer name other1")
        for device in ["br0", "other0", "other1"] { try ip("link set \(device) addrgenmode none") }
        try ip("link set other0 master br0 up")
        try ip("link add eth1 type veth peer name underlay")
        for device in ["eth1", "underlay"] { try ip("link set \(device) addrgenmode none") }
        try ip("address add 192.0.2.11/24 dev eth1")
        try ip("link set underlay up")
        try ip("link set eth1 up")
    }

    deinit {
        for name in names.withLock({ $0 }) { try? NetworkNamespace.delete(name) }
    }

    /// The host's namespace.
    var host: NetworkNamespace { .named(name("h")) }

    /// The name a namespace of this sandbox has.
    func name(_ suffix: String) -> String { "\(prefix)\(suffix)" }

    func makeNamespace(_ suffix: String) throws {
        try NetworkNamespace.create(name(suffix))
        names.withLock { $0.append(name(suffix)) }
    }

    func deleteNamespace(_ suffix: String) throws {
        try NetworkNamespace.delete(name(suffix))
        names.withLock { names in names.removeAll { $0 == name(suffix) } }
    }

    /// Runs `ip` with words separated by spaces, in the host unless told otherwise, and returns what it prints.
    @discardableResult
    func ip(_ arguments: String, in suffix: String = "h") throws -> String {
        let words = ["-n", name(suffix)] + arguments.split(separator: " ").map(String.init)
        let outcome = try Command("ip", words).run(timeout: .seconds(20))
        guard outcome.isSuccess else { throw CommandFailure(text: "ip \(arguments): \(outcome.standardError)") }
        return outcome.standardOutput
    }

    /// Whether the host, or another namespace, has a device of that name.
    func hasDevice(_ device: String, in suffix: String = "h") -> Bool {
        (try? ip("link show dev \(device)", in: suffix)) != nil
    }

    /// What `ip` says of the foreign devices, but for counters and times.
    func foreignDevices() throws -> String {
        try ["br0", "other0", "other1", "eth1", "underlay"].map {
            try ip("-d link show dev \($0)") + ip("address show dev \($0)")
        }
        .joined().split(separator: "\n").filter { !$0.contains("_timer") && !$0.contains("valid_lft") }.joined(separator: "\n")
    }
}

struct CommandFailure: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}
