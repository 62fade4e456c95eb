import Glibc
import Testing
import WeftLinux

/// What a test needs of this machine; without it the test is skipped, and says why.
struct Requirement {
    /// Why tests that need `programs` can't run here, or nil when they can.
    static func obstacle(_ programs: [String]) -> String? {
        if geteuid() != 0 || Environment["WEFT_TESTS_UNPRIVILEGED"] != nil {
            return "needs root, to make network namespaces"
        }
        if unsafe access("/dev/net/tun", R_OK | W_OK) != 0 { return "needs /dev/net/tun" }
        if WeftBinary.path == nil { return "there is no weft to run; build it, or name one in WEFT_BINARY" }
        let missing = programs.filter { !isInstalled($0) }
        return missing.isEmpty ? nil : "needs \(missing.joined(separator: ", "))"
    }

    private static func isInstalled(_ program: String) -> Bool {
        let folders = (Environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin").split(separator: ":")
        return folders.contains { unsafe access("\($0)/\(program)", X_OK) == 0 }
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips what it is put on, with the reason, where there is no root, no TUN, no `weft` or one of `programs` is missing.
    static func needs(_ programs: String...) -> Self {
        let obstacle = Requirement.obstacle(["ip"] + programs)
        return .enabled(if: obstacle == nil, Comment(rawValue: obstacle ?? ""))
    }
}

/// This process's environment.
enum Environment {
    static subscript(name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }
}

/// The built `weft`.
enum WeftBinary {
    /// The root of the checkout.
    static let checkout = "/" + #filePath.split(separator: "/").dropLast(4).joined(separator: "/")

    /// `WEFT_BINARY`, or what lies beside these tests, or what `swift build` made; nil when there is none yet.
    static let path: String? = {
        let own = (try? SmallFile.link("/proc/self/exe")).map { $0.split(separator: "/").dropLast().joined(separator: "/") }
        let built = [own.map { "/\($0)/weft" }, "\(checkout)/.build/debug/weft"].compactMap { $0 }
        let candidates = Environment["WEFT_BINARY"].map { [$0] } ?? built
        return candidates.first { unsafe access($0, X_OK) == 0 }
    }()

    /// A file of `Topologies/`.
    static func topology(_ file: String) throws -> String {
        let path = "\(checkout)/Topologies/\(file)"
        guard let bytes = try SmallFile.read(path) else { throw Failure("there is no \(path)") }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Runs `weft` here.
    static func attempt(_ arguments: [String], timeout: Duration = .seconds(120)) throws -> Command.Outcome {
        guard let path else { throw Failure("there is no weft to run") }
        return try Command(path, arguments).run(timeout: timeout)
    }

    /// Runs `weft` here and returns what it says.
    ///
    /// - Throws: ``Failure`` with its words when it fails.
    @discardableResult
    static func run(_ arguments: [String], timeout: Duration = .seconds(120)) throws -> String {
        let outcome = try attempt(arguments, timeout: timeout)
        guard outcome.isSuccess else {
            throw Failure("weft \(arguments.joined(separator: " ")): \(outcome.status)\n\(outcome.standardError)")
        }
        return outcome.standardOutput
    }
}

/// Why a test can't go on.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

extension SmallFile {
    /// Where a symbolic link leads.
    fileprivate static func link(_ path: String) throws -> String {
        var bytes = [CChar](repeating: 0, count: 4096)
        // Sound: the kernel writes at most as many bytes as there are.
        let count = unsafe readlink(path, &bytes, bytes.count)
        guard count > 0 else { throw Failure("\(path) is no link") }
        return String(decoding: bytes.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
