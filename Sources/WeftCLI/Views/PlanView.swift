import WeftAPI

/// `weft plan` and `weft diff`: the changes, host by host.
package enum PlanView {
    /// The report in the asked form, each line ended.
    ///
    /// - Parameter isOffered: whether to say how the plan is applied.
    package static func text(
        _ report: PlanReport, format: OutputFormat, isOffered: Bool, paint: Paint = .plain
    ) throws(APIError) -> String {
        switch format {
        case .json, .jsonl: return try Session.document(report, isPretty: format == .json)
        case .name: return report.all.map { "\($0.kind) \($0.name)\n" }.joined()
        case .table, .wide: return page(report, isWide: format == .wide, isOffered: isOffered, paint)
        }
    }

    private static func page(_ report: PlanReport, isWide: Bool, isOffered: Bool, _ paint: Paint) -> String {
        let file = Table.printable(report.file)
        guard !report.isEmpty else {
            let state = report.base == 0 ? "what runs; applied, it would be revision 1" : "revision \(report.base)"
            return "\(file): no difference to \(state)\n"
        }
        let step = report.base == 0 ? "revision \(report.revision), the first" : "revision \(report.base) → \(report.revision)"
        var text = "\(file): \(isOffered ? step : "differs from what runs")\n"
        let width = columns(of: report.all, isWide: isWide)
        if !report.changes.isEmpty { text += "  \(paint("fabric", .heading))\n" + lines(report.changes, width, isWide, paint) }
        for host in report.hosts {
            text += "  \(paint(Table.printable(host.host), .heading))\n" + lines(host.changes, width, isWide, paint)
        }
        guard isOffered else { return text }
        let counts = [("add", "add"), ("change", "change"), ("remove", "remove")].map { action, verb in
            "\(report.all.count { $0.action == action }) to \(verb)"
        }
        return text + "Plan \(report.hash.prefix(6)): \(counts.joined(separator: ", ")).      "
            + "Apply with: weft apply --plan \(report.hash.prefix(6))\n"
    }

    private static func columns(of changes: [PlanReport.Change], isWide: Bool) -> (name: Int, detail: Int) {
        (
            changes.map { $0.kind.count + 1 + $0.name.count }.max() ?? 0,
            min(60, changes.map { detail(of: $0, isWide: isWide).count }.max() ?? 0)
        )
    }

    private static func detail(of change: PlanReport.Change, isWide: Bool) -> String {
        isWide ? "\(change.detail) (\(change.reason))" : change.detail
    }

    private static func lines(
        _ changes: [PlanReport.Change], _ width: (name: Int, detail: Int), _ isWide: Bool, _ paint: Paint
    ) -> String {
        changes.map { change in
            let (sign, tone): (String, Paint.Tone) =
                switch change.action {
                case "add": ("+", .good)
                case "remove": ("-", .bad)
                default: ("~", .warning)
                }
            let name = Table.printable("\(change.kind) \(change.name)").padded(to: width.name)
            let detail = Table.printable(Self.detail(of: change, isWide: isWide)).padded(to: width.detail)
            let impact = change.impact == "none" ? "none" : paint(Table.printable(change.impact), .warning)
            return "  \(paint(sign, tone)) \(name)  \(detail)  impact: \(impact)\n"
        }.joined()
    }
}

extension String {
    /// The text with spaces behind it, at least `count` characters.
    fileprivate func padded(to count: Int) -> String { self + String(repeating: " ", count: max(0, count - self.count)) }
}

/// `weft apply` and `weft rollback`: what came of it.
package enum ApplyView {
    /// The report in the asked form, each line ended.
    package static func text(
        _ report: ApplyReport, isLocal: Bool, format: OutputFormat, paint: Paint = .plain
    ) throws(APIError) -> String {
        switch format {
        case .json, .jsonl: return try Session.document(report, isPretty: format == .json)
        case .name: return "\(report.revision)\n"
        case .table, .wide:
            guard report.isNew else {
                return "nothing to do: revision \(report.revision) says the same\n" + problems(report, paint)
            }
            let place = isLocal ? "this host alone runs" : "the fabric runs"
            var text = "\(place) \(paint("revision \(report.revision)", .good))\n"
            if report.confirmSeconds > 0 {
                text +=
                    paint("it is taken back in \(report.confirmSeconds) s", .warning)
                    + " unless you confirm it: weft apply --keep\n"
            }
            if !report.missing.isEmpty {
                let names = report.missing.map(Table.printable).joined(separator: ", ")
                text += paint("without \(names)", .warning) + ", which follow\(report.missing.count == 1 ? "s" : "") on return\n"
            }
            return text + problems(report, paint)
        }
    }

    private static func problems(_ report: ApplyReport, _ paint: Paint) -> String {
        report.problems.map { paint("not done here:", .bad) + " \(Table.printable($0))\n" }.joined()
    }
}

extension Listing where Item == RevisionReport {
    /// `weft history`.
    package static var history: Listing {
        Listing(
            noun: "revisions", name: { "\($0.revision)" },
            columns: [
                Column("REV") { Table.Cell("\($0.revision)") },
                Column("STATE") { Table.Cell($0.state.rawValue.replacing("_", with: " "), $0.state.tone) },
                Column("TIME") { Table.Cell(Quantity.time(seconds: $0.timeSeconds)) },
                Column("FROM") { Table.Cell($0.proposer) },
                Column("NOTE") { Table.Cell($0.note) },
                Column("ID", isWide: true) { Table.Cell($0.id) },
            ],
            fetch: { client, _ throws(APIError) in try await client.history() })
    }
}

extension RevisionReport.State {
    fileprivate var tone: Paint.Tone? {
        switch self {
        case .current: .good
        case .unconfirmed, .local, .inDoubt: .warning
        case .former: nil
        }
    }
}
