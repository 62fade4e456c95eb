import Glibc
import Testing
import WeftLinux

@testable import WeftLab

/// The built `weft` as its users run it.
enum WeftBinary {
    /// The root of the checkout.
    static let checkout = String(#filePath.split(separator: "/").dropLast(3).joined(separator: "/"))

    /// `WEFT_BINARY`, or what `swift build` made; nil when there is none yet.
    static let path: String? = {
        let candidates = MachineKernel.environment("WEFT_BINARY").map { [$0] } ?? ["/\(checkout)/.build/debug/weft"]
        return candidates.first { Files.isAccessible($0, X_OK) }
    }()

    /// The files that users are shown.
    static let topologies: [String] = Files.names(in: "/\(checkout)/Topologies").filter { $0.hasSuffix(".weft.yaml") }

    /// The path of one of them.
    static func topology(_ file: String) -> String { "/\(checkout)/Topologies/\(file)" }

    /// Runs it and fails the test when it fails.
    @discardableResult
    static func run(_ arguments: [String], timeout: Duration = .seconds(120)) throws -> String {
        let outcome = try status(arguments, timeout: timeout)
        try #require(outcome.isSuccess, "weft \(arguments.joined(separator: " ")): \(outcome.status)\n\(outcome.standardError)")
        return outcome.standardOutput
    }

    /// Runs it, whatever comes of it.
    static func status(_ arguments: [String], timeout: Duration = .seconds(120)) throws -> Command.Outcome {
        try Command(try #require(path), arguments).run(timeout: timeout)
    }
}
