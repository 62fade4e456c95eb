import Testing
import WeftTopology
import WeftTypes

@testable import WeftTopologyFile

/// One line of a good file replaced, and all that has to be said about it.
struct RuleCase: Sendable, CustomTestStringConvertible {
    let text: String
    let expected: [String]
    let environment: ValidationEnvironment
    let testDescription: String

    /// Two hosts, a segment, a port on each host; nothing to complain about.
    static let good = [
        "weft: 1",
        "name: t",
        "hosts: { a: { underlay: 192.0.2.1 }, b: { underlay: 192.0.2.2 } }",
        "segments: { blue: { vni: 100, subnet: 10.1.0.0/24 } }",
        "ports:",
        "  vm1: { host: a, segment: blue }",
        "  vm2: { host: b, segment: blue }",
        "",
    ]

    /// Puts `replacement` in place of a line of ``good`` counted from 1, likewise `others`, and expects `line:column code message` of each
    /// diagnostic in order, followed by ` | ` and the help where the expectation has it.
    init(
        line: Int, _ replacement: String, and others: [Int: String] = [:], _ expected: [String], underlayMTU: Int = 1500,
        host: String? = nil, impossibleKinds: [Port.Kind: String] = [:], missing: Set<Feature> = Feature.notYet
    ) {
        var lines = Self.good
        lines[line - 1] = replacement
        for (line, replacement) in others { lines[line - 1] = replacement }
        self.text = lines.joined(separator: "\n")
        self.expected = expected
        var environment = ValidationEnvironment(underlayMTU: underlayMTU, host: host, impossibleKinds: impossibleKinds)
        environment.missing = missing
        self.environment = environment
        self.testDescription = "\(line): \(replacement)"
    }

    /// Compares what validation says with what it should say.
    func check() {
        let result = TopologyFile.load(bytes: Array(text.utf8), file: "t.weft.yaml", in: environment)
        let found = result.diagnostics.map { diagnostic in
            let place = diagnostic.span.map { "\($0.line):\($0.column)" } ?? "-"
            let line = "\(place) \(diagnostic.code.rawValue) \(diagnostic.message)"
            return diagnostic.help.map { "\(line) | \($0)" } ?? line
        }
        #expect(found == expected)
        #expect((result.topology == nil) == result.diagnostics.contains { $0.severity == .error })
    }
}
