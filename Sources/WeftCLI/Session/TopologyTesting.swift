import WeftAPI
import WeftFabric
import WeftLab
import WeftTopology

/// `weft test`.
package enum TopologyTesting {
    /// How the checks are judged.
    package enum Means: Hashable, Sendable {
        /// By what the hosts will do once the file is applied.
        case model
        /// By packets that are really sent, between guests of the lab of that name or, without one, of the lab called as the fabric, or of
        /// this host.
        case live(lab: String?)
    }

    /// Judges the checks of a file, and prints what came of each.
    ///
    /// - Parameter path: the file; nil for the only one of the working directory.
    package static func run(
        _ path: String?, by means: Means, format: OutputFormat, isQuiet: Bool, console: Console
    ) throws(APIError) -> ExitStatus {
        let path = if let path { path } else { try Session.onlyFile() }
        let topology = try TopologyLoading.load(path)
        let reports: [CheckReport]
        switch means {
        case .model: reports = FabricModel(topology).verdicts().map { CheckReport($0) }
        case .live(let lab): reports = try LiveTesting(topology, layout: try layout(lab, of: topology)).reports()
        }
        let failed = reports.filter { $0.isPassed == false }
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
                    + (isQuiet ? "" : summary(path, reports, failed.count)))
        }
        return failed.isEmpty ? .done : .finding
    }

    private static func summary(_ path: String, _ reports: [CheckReport], _ failed: Int) -> String {
        let file = Table.printable(path)
        guard !reports.isEmpty else { return "\(file) has no checks\n" }
        let passed = reports.count { $0.isPassed == true }
        let untried = reports.count - passed - failed
        let count = "\(reports.count) check\(reports.count == 1 ? "" : "s")"
        let outcome = passed == reports.count ? "all as expected" : "\(passed) as expected"
        return "\(file): \(count), \(outcome)\(untried == 0 ? "" : ", \(untried) not tried")\n"
    }

    /// The lab that is meant; nil where the guests are this host's.
    private static func layout(_ name: String?, of topology: Topology) throws(APIError) -> LabLayout? {
        do throws(LabError) {
            if let name { return try Lab.find(name) }
            let isThere = Lab.names().contains { $0.rawValue == topology.name.text }
            return isThere ? try Lab.find(topology.name.text) : nil
        } catch {
            throw APIError(error)
        }
    }
}
