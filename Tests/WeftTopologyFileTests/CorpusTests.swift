import Foundation
import Testing
import WeftTopology
import WeftTypes

@testable import WeftTopologyFile

/// Every kind of broken file there was, with what is said about it, and random damage done to good ones.
@Suite struct CorpusTests {
    private static var corpus: URL { URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus") }

    private static var names: [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: corpus.path)) ?? []
        return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
    }

    /// Files that are not broken; of these the damaged ones are made.
    private static let sound: Set<String> = ["vlan-gateway"]

    /// `WEFT_RECORD=1 swift test` writes down what is said now, to be reviewed.
    @Test(arguments: names)
    func saysTheSameAsEver(name: String) throws {
        let bytes = try Data(contentsOf: Self.corpus.appending(path: name + ".yaml"))
        let report = ValidationReport(files: [TopologyFile.load(bytes: Array(bytes), file: name + ".yaml")])
        let expectation = Self.corpus.appending(path: name + ".txt")
        if ProcessInfo.processInfo.environment["WEFT_RECORD"] != nil {
            try report.text().write(to: expectation, atomically: true, encoding: .utf8)
        }
        #expect(try report.text() == String(contentsOf: expectation, encoding: .utf8))
        #expect(report.hasErrors || Self.sound.contains(name))
    }

    @Test func corpusIsThere() { #expect(Self.names.count > 20) }

    @Test(arguments: UInt64(0)..<120)
    func damagedFilesAreJudgedAndNeverCrash(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let examples = try ExamplesTests.examples.map { ExamplesTests.checkout.appending(path: "Topologies/\($0)") }
        let samples = examples + ["vlan-gateway", "a-mistake-of-each-class"].map { Self.corpus.appending(path: $0 + ".yaml") }
        var bytes = try Array(Data(contentsOf: #require(samples.randomElement(using: &random))))
        for _ in 0..<Int.random(in: 1...6, using: &random) { Self.damage(&bytes, using: &random) }

        let result = TopologyFile.load(bytes: bytes, file: "t.weft.yaml")
        #expect((result.topology == nil) == result.diagnostics.contains { $0.severity == .error })
        for diagnostic in result.diagnostics {
            guard let span = diagnostic.span, let source = result.sources[diagnostic.file] else { continue }
            let line = source.line(span.line)
            #expect(line != nil, "no line for \(diagnostic)")
            let lineEnd = (line?.count ?? 0) + 1
            #expect(span.column >= 1 && span.column <= lineEnd, "no column for \(diagnostic)")
        }
        let spans = result.diagnostics.compactMap(\.span)
        #expect(
            spans.map { [$0.line, $0.column] } == spans.map { [$0.line, $0.column] }.sorted { $0.lexicographicallyPrecedes($1) })
        #expect(result.text().isEmpty == result.diagnostics.isEmpty)
    }

    private static let pieces = [
        "{", "}", "[", "]", ":", ": ", "- ", "? ", "\"", "'", "&a ", "*a", "!t ", "#", "|", ">", "\n", "\t", "\r", ",", "~",
        "<<: ", "---\n",
        "...\n", "%", "@", "\u{FEFF}", "\u{85}", "é", "0", "-1", "99999999999999999999", "x-", "/", "segment: ", "10.1.0.0/24",
        "::",
    ]

    /// Changes, adds, removes, repeats or swaps a piece of a file.
    private static func damage(_ bytes: inout [UInt8], using random: inout SeededRandom) {
        guard !bytes.isEmpty else { return }
        let index = Int.random(in: 0..<bytes.count, using: &random)
        let end = min(bytes.count, index + Int.random(in: 1...40, using: &random))
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.insert(contentsOf: Array((pieces.randomElement(using: &random) ?? "").utf8), at: index)
        case 2: bytes.removeSubrange(index..<end)
        case 3: bytes.insert(contentsOf: bytes[index..<end], at: Int.random(in: 0...bytes.count, using: &random))
        case 4: bytes.removeSubrange(index...)
        default:
            var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            lines.swapAt(Int.random(in: 0..<lines.count, using: &random), Int.random(in: 0..<lines.count, using: &random))
            bytes = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
        }
    }
}
