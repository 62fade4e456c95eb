import Foundation
import Testing

@testable import WeftTopology

@Suite struct DiagnosticCodeTests {
    /// The article that lists the codes for users.
    private static var article: String {
        get throws {
            let checkout = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent()
            return try String(
                contentsOf: checkout.appending(path: "Sources/WeftTopology/WeftTopology.docc/Diagnostics.md"), encoding: .utf8)
        }
    }

    @Test func theArticleListsEveryCode() throws {
        let rows = try Self.article.split(separator: "\n").filter {
            $0.hasPrefix("| ") && !$0.hasPrefix("| Code") && !$0.hasPrefix("| --")
        }
        let expected = DiagnosticCode.allCases.map { "| `\($0.rawValue)` | \($0.title) | \($0.explanation) |" }
        #expect(rows.map(String.init) == expected)
    }

    @Test func codesAreOfKnownClassesAndInOrder() {
        let codes = DiagnosticCode.allCases.map(\.rawValue)
        #expect(codes == codes.sorted())
        #expect(
            codes.allSatisfy {
                ($0.hasPrefix("W6") || "12345".contains($0.dropFirst().first ?? " ") && $0.hasPrefix("E")) && $0.count == 4
            })
        #expect(DiagnosticCode.allCases.filter { $0.severity == .warning }.allSatisfy { $0.rawValue.hasPrefix("W") })
    }
}
