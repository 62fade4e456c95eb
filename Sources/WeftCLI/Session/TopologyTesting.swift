import WeftAPI
import WeftFabric
import WeftTopology

/// `weft test`.
package enum TopologyTesting {
    /// Judges the checks of a file by what the hosts will do once it is applied, and prints what came of each.
    ///
    /// - Parameter path: the file; nil for the only one of the working directory.
    package static func run(
        _ path: String?, format: OutputFormat, isQuiet: Bool, console: Console
    ) throws(APIError) -> ExitStatus {
        let path = if let path { path } else { try Session.onlyFile() }
        let topology = try TopologyLoading.load(path)
        let reports = FabricModel(topology).verdicts().map(CheckReport.init)
        let failed = reports.filter { !$0.isPassed }
        switch format {
        case .json: console.write(try Session.document(reports, isPretty: true))
        case .jsonl:
            var text = ""
            for report in reports { text += try Session.document(report, isPretty: false) }
            console.write(text)
        case .name: console.write(failed.map { "\($0.from) \($0.to) \($0.traffic)\n" }.joined())
        case .table, .wide:
            console.write(
                CheckView.text(isQuiet ? failed : reports, isWide: format == .wide, paint: console.paint)
                    + (isQuiet ? "" : summary(path, reports, failed)))
        }
        return failed.isEmpty ? .done : .finding
    }

    private static func summary(_ path: String, _ reports: [CheckReport], _ failed: [CheckReport]) -> String {
        let file = Table.printable(path)
        guard !reports.isEmpty else { return "\(file) has no checks\n" }
        return
            "\(file): \(reports.count) check\(reports.count == 1 ? "" : "s"), \(failed.isEmpty ? "all" : "\(reports.count - failed.count)") as expected\n"
    }
}
