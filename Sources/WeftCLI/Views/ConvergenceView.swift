import WeftAPI

/// `weft status --converged`: whether all nodes have the same state, and who has not.
package enum ConvergenceView {
    /// The report in the asked form, each line ended.
    package static func text(
        _ report: ConvergenceReport, format: OutputFormat, paint: Paint = .plain
    ) throws(APIError) -> String {
        let different = report.nodes.filter { !$0.agrees }
        switch format {
        case .json, .jsonl: return try Session.document(report, isPretty: format == .json)
        case .name: return different.map { Table.printable($0.name) + "\n" }.joined()
        case .table, .wide:
            let count = report.memberCount
            guard !report.isConverged else {
                let state = count == 1 ? "there is no other node" : "\(count - different.count) nodes have the same state"
                // Who is dead can't be asked and is no difference.
                let others =
                    different.isEmpty ? "" : "; dead: " + different.map { Table.printable($0.name) }.joined(separator: ", ")
                return paint("converged", .good) + ": \(state)\(others)\n"
            }
            let head = paint("not converged", .warning) + ": \(different.count) of \(count) nodes differ\n"
            let shown = format == .wide ? report.nodes : different
            let rows = shown.map { node in
                [
                    Table.Cell(node.name), Table.Cell(node.nodeID?.description), Table.Cell(node.state.rawValue, node.state.tone),
                    Table.Cell(node.cause ?? "agrees"),
                ]
            }
            return head + "\n" + Table(titles: ["NODE", "ID", "STATE", "WHY"], rows: rows).text(paint)
        }
    }
}
