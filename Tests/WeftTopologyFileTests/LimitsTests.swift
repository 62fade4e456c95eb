import Foundation
import Glibc
import Testing
import WeftTopology

@testable import WeftTopologyFile

/// Files that are too large, too deep, not text, or made to keep a reader busy.
@Suite(.serialized) struct LimitsTests {
    /// A "billion laughs" file: nine levels, each of nine aliases of the one before.
    static var laughs: String {
        let levels = (1...9).map { level in
            "x-\(level): &l\(level) [" + Array(repeating: "*l\(level - 1)", count: 9).joined(separator: ", ") + "]"
        }
        return (["weft: 1", "x-0: &l0 lol"] + levels).joined(separator: "\n") + "\n"
    }

    private func load(_ text: String) -> TopologyFile.LoadResult {
        TopologyFile.load(bytes: Array(text.utf8), file: "t.weft.yaml")
    }

    private func summary(_ result: TopologyFile.LoadResult) -> [String] {
        result.diagnostics.map { "\($0.span.map { "\($0.line):\($0.column)" } ?? "-") \($0.code.rawValue)" }
    }

    /// The most memory this process ever had, in bytes.
    private var peakByteCount: Int {
        var usage = rusage()
        return unsafe getrusage(.init(RUSAGE_SELF.rawValue), &usage) == 0 ? Int(usage.ru_maxrss) << 10 : 0
    }

    @Test func refusesABillionLaughsInLittleTimeAndMemory() {
        let before = peakByteCount
        var result = load("")
        let time = ContinuousClock().measure { result = load(Self.laughs) }
        #expect(result.diagnostics.map(\.code) == [.aliasesMultiply])
        #expect(time < .milliseconds(100))
        #expect(peakByteCount - before < 64 << 20)
    }

    @Test func refusesLaughsHiddenInKeys() {
        let text = Self.laughs + "? *l9\n: 1\n? [*l9]\n: 2\n*l9 : 3\n{*l9 : 4}: 5\n"
        var result = load("")
        let time = ContinuousClock().measure { result = load(text) }
        #expect(result.diagnostics.map(\.code) == [.unusedYAML])
        #expect(time < .milliseconds(100))
    }

    @Test func acceptsAliasesThatDoNotMultiply() {
        let ports = (0..<500).map { "  p\($0): *port" }.joined(separator: "\n")
        let text = """
            weft: 1
            name: t
            hosts: { a: { underlay: 192.0.2.1 } }
            segments: { blue: { vni: 1 } }
            x-port: &port { host: a, segment: blue, labels: { k: v } }
            ports:
            \(ports)

            """
        #expect(load(text).topology?.ports.count == 500)
    }

    @Test func refusesDeepNesting() {
        func nested(_ depth: Int) -> String {
            "x: " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        func blocks(_ depth: Int) -> String { (0..<depth).map { String(repeating: " ", count: $0) + "x-a:\n" }.joined() }
        #expect(summary(load(nested(63))).first == "1:1 E101")
        #expect(summary(load(nested(64))) == ["1:67 E109"])
        #expect(summary(load(blocks(65))) == ["65:65 E109"])
        #expect(summary(load(nested(100_000))).map { $0.suffix(4) } == ["E109"])
        #expect(summary(load(blocks(1500))).map { $0.suffix(4) } == ["E109"])
        #expect(summary(load(String(repeating: "{a: ", count: 50_000))).map { $0.suffix(4) } == ["E109"])
        #expect(summary(load(String(repeating: "- ", count: 50_000))).map { $0.suffix(4) } == ["E109"])
    }

    @Test func refusesLargeFiles() throws {
        let large = "weft: 1\n" + String(repeating: "#", count: TopologyFile.maximumByteCount)
        #expect(summary(load(large)) == ["- E114"])
        let path = FileManager.default.temporaryDirectory.appending(path: "weft-large-\(getpid()).weft.yaml").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try large.write(toFile: path, atomically: false, encoding: .utf8)
        let result = TopologyFile.load(path: path)
        #expect(result.diagnostics.map(\.code) == [.tooLarge])
        #expect(
            result.text()
                == "\(path): error[E114]: cannot read \(path): it is larger than 4 MiB\n  = help: a topology file has at most 4194304 bytes\n"
        )
    }

    @Test(arguments: [
        "[", "{", "- ", "? ", "a: ", "\"", "'", "&a ", "*a ", "!a ", "#", "|", "%", "\\", "a\n", ",", "[a,", "{a,", "- a\n",
        "a: b\n", "&a a: *a\n", "? a\n", "\t", "\r", "---\n", "...\n", "\u{2028}",
    ])
    func endsSoonOnManyOf(piece: String) {
        let text = String(repeating: piece, count: 200_000 / piece.utf8.count)
        let time = ContinuousClock().measure { #expect(!load(text).diagnostics.isEmpty) }
        #expect(time < .seconds(10), "\(piece.debugDescription) took \(time)")
    }
}
