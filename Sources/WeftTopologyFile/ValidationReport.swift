import Foundation
import WeftTopology

/// What `weft validate` found in all the files of one run.
public struct ValidationReport: Sendable {
    /// One result for each file, in the order they were named.
    public let files: [TopologyFile.LoadResult]

    /// Puts results together.
    public init(files: [TopologyFile.LoadResult]) { self.files = files }

    /// All problems, file by file, those of a file sorted by place.
    public var diagnostics: [Diagnostic] { files.flatMap(\.diagnostics) }
    /// Whether a file can't be used; warnings alone don't count.
    public var hasErrors: Bool { files.contains { $0.hasErrors } }

    /// All problems with the lines they are in, and a summary.
    public func text(usesColor: Bool = false) -> String {
        let summary = DiagnosticRenderer(usesColor: usesColor).summary(
            fileCount: files.reduce(0) { $0 + $1.files.count }, diagnostics: diagnostics)
        return files.map { $0.text(usesColor: usesColor) }.joined() + summary
    }

    /// All problems as a JSON array of `{code, severity, file, line, column, length, message, help}`.
    ///
    /// - Throws: what the encoder throws; never for what files can hold.
    public func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(diagnostics), as: UTF8.self) + "\n"
    }
}
