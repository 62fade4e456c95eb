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

/// Fresh network namespaces for one test, removed with the value whatever happens.
final class Sandbox: Sendable {
    private static let count = Atomic<Int>(0)
    private let prefix: String
    private let names = Mutex<[String]>([])

    /// Removes what test processes left that crashed before they could.
    private static let sweep: Void = {
        for name in (try? NetworkNamespace.list()) ?? [] {
            guard let match = name.wholeMatch(of: /wft(\d+)n\d+[a-z]/), let process = Int32(match.1) else { continue }
            if kill(process, 0) != 0, errno == ESRCH { try? NetworkNamespace.delete(name) }
        }
    }()

    init() {
        Self.sweep
        prefix = "wft\(getpid())n\(Self.count.wrappingAdd(1, ordering: .relaxed).newValue)"
    }

    deinit {
        for name in names.withLock({ $0 }) { try? NetworkNamespace.delete(name) }
    }

    /// The name a namespace of this sandbox has.
    func name(_ suffix: String) -> String { "\(prefix)\(suffix)" }

    /// Creates a namespace with its loopback device up.
    func makeNamespace(_ suffix: String) throws -> NetworkNamespace {
        let namespace = try NetworkNamespace.create(name(suffix))
        names.withLock { $0.append(name(suffix)) }
        try ip("-n \(name(suffix)) link set lo up")
        return namespace
    }

    /// Two namespaces joined by a veth pair `eth0`–`eth0`, with 10.9.0.1/24 and 10.9.0.2/24, fd09::1/64 and fd09::2/64.
    func makePair() throws -> (NetworkNamespace, NetworkNamespace) {
        let pair = (try makeNamespace("a"), try makeNamespace("b"))
        try ip("-n \(name("a")) link add eth0 type veth peer name eth0 netns \(name("b"))")
        for (suffix, number) in [("a", 1), ("b", 2)] {
            try ip("-n \(name(suffix)) addr add 10.9.0.\(number)/24 dev eth0")
            try ip("-n \(name(suffix)) addr add fd09::\(number)/64 dev eth0 nodad")
            try ip("-n \(name(suffix)) link set eth0 up")
        }
        return pair
    }
}

/// Runs `ip` with words separated by spaces, and returns what it prints.
@discardableResult
func ip(_ arguments: String) throws -> String {
    let outcome = try Command("ip", arguments.split(separator: " ").map(String.init)).run(timeout: .seconds(20))
    guard outcome.isSuccess else { throw CommandFailure(text: "ip \(arguments): \(outcome.standardError)") }
    return outcome.standardOutput
}

struct CommandFailure: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}

/// The numbers of this process's open descriptors.
func openDescriptors() throws -> Int { try SmallFile.names(in: "/proc/self/fd")?.count ?? 0 }
