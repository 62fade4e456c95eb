import Foundation
import Testing

@testable import WeftSimulation

/// The scenario files of the repository: each can be read, and those that hold do hold.
@Suite struct ScenarioFileTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(
        path: "Scenarios")

    static func scenario(_ name: String) throws -> Scenario {
        try Scenario(parsing: String(contentsOf: folder.appending(path: "\(name).scenario"), encoding: .utf8))
    }

    @Test("every scenario can be read") func readable() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).sorted()
        let scenarios = names.filter { $0.hasSuffix(".scenario") }.map { String($0.dropLast(9)) }
        #expect(scenarios.count >= 6)
        for name in scenarios { _ = try Self.scenario(name) }
    }

    @Test(
        "what a scenario says holds",
        arguments: ["moved-apart", "partition", "pauses", "restarts", "stale-disk", "tombstones", "versions"])
    func holds(name: String) throws {
        let result = try Self.scenario(name).run(seed: 2)
        #expect(result.violations.isEmpty, "\(result.violations)")
    }

    @Test("G12: a debug build has the trace that a release build had") func sameAsRelease() throws {
        let result = try Self.scenario("partition").run(seed: 1)
        #expect(result.traceHash.description == "27f16ee2de9c9918", "changes with the protocol; see what Scripts/simulate prints")
    }
}
