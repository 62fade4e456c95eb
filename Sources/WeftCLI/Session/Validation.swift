import WeftAPI
import WeftLinux
import WeftTopologyFile

/// `weft validate`.
package enum Validation {
    /// Checks the files and prints all that is wrong with them.
    ///
    /// Problems are the result here, so they go to standard output; the exit status tells whether there was an error.
    package static func run(
        _ named: [String], format: OutputFormat, isQuiet: Bool, console: Console
    ) throws(APIError) -> ExitStatus {
        let files = named.isEmpty ? here() : named
        guard !files.isEmpty else {
            throw APIError(
                .usage, cannot: "validate", on: "this folder", cause: "it has no *.weft.yaml",
                help: "name a file: weft validate FILE")
        }
        let report = TopologyFile.validate(paths: files)
        switch format {
        case .json:
            do {
                console.write(try report.json())
            } catch {
                throw APIError(.failed, cannot: "write JSON", on: "the report", cause: "\(error)")
            }
        case .jsonl:
            var text = ""
            for diagnostic in report.diagnostics { text += try Session.document(diagnostic, isPretty: false) }
            console.write(text)
        case .name: console.write(report.files.filter(\.hasErrors).map { $0.file + "\n" }.joined())
        case .table, .wide:
            if !isQuiet || report.hasErrors { console.write(report.text(usesColor: console.paint.isOn)) }
        }
        return report.hasErrors ? .topologyInvalid : .done
    }

    /// The topology files of the working directory.
    private static func here() -> [String] {
        ((try? SmallFile.names(in: ".")) ?? nil ?? []).filter { $0.hasSuffix(".weft.yaml") }
    }
}
