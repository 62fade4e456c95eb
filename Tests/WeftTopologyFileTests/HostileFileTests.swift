import Testing
import WeftTopology

@testable import WeftTopologyFile

/// Files made to do harm: each is a clear error, soon, and without taking much memory.
@Suite(.serialized) struct HostileFileTests {
    /// What each may take; a debug build is slower by far.
    private static var timeLimit: Duration {
        #if DEBUG
            .seconds(60)
        #else
            .milliseconds(100)
        #endif
    }

    @Test func thereAreAHundred() {
        #expect(HostileFile.all.count >= 100)
        #expect(Set(HostileFile.all.map(\.name)).count == HostileFile.all.count)
    }

    @Test(arguments: HostileFile.all.indices)
    func isAClearError(index: Int) throws {
        let file = HostileFile.all[index]
        var result: TopologyFile.LoadResult?
        let cost = Cost.measure { result = TopologyFile.load(bytes: file.bytes, file: "t.weft.yaml") }
        let found = try #require(result)
        let first = try #require(found.diagnostics.first { $0.severity == .error }, "\(file.name) was accepted")
        #expect(found.topology == nil)
        #expect(found.diagnostics.contains { file.codes.contains($0.code) }, "\(file.name): \(first)")
        #expect(cost.time < Self.timeLimit, "\(file.name) took \(cost.time)")
        if let byteCount = cost.byteCount { #expect(byteCount < 64 << 20, "\(file.name) took \(byteCount >> 20) MiB") }

        // What is printed of it can't be long, nor do anything to a terminal.
        let text = found.diagnostics.prefix(3).map { DiagnosticRenderer().render($0, source: found.sources[$0.file]) }.joined()
        #expect(text.utf8.count < 8192, "\(file.name)")
        #expect(
            text.unicodeScalars.allSatisfy {
                $0 == "\n" || $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) && $0.value != 0x202E
            })
    }
}
