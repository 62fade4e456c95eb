import WeftAPI

/// `weft status` for people: one line about the agent, what needs attention, the peers.
package enum StatusView {
    /// The column at which the command of an alert starts.
    private static let commandColumn = 64

    /// The page, each line ended; `.wide` adds what the data path found at start.
    package static func text(_ status: StatusReport, isWide: Bool = false, paint: Paint = .plain) throws(APIError) -> String {
        var text = headline(status, paint)
        for reason in status.waitingFor { text += alert("not ready: \(reason)", command: nil, .bad, paint) }
        for alert in status.alerts {
            text += self.alert("\(alert.object): \(alert.text)", command: alert.command, .warning, paint)
        }
        if isWide, !status.features.isEmpty {
            text += "\n" + features(status.features).text(paint)
        }
        if !status.peers.isEmpty {
            text +=
                "\n" + (try Listing<PeerReport>.peersOfStatus.text(status.peers, format: isWide ? .wide : .table, paint: paint))
        }
        return text
    }

    /// One word for `-o name`.
    package static func name(_ status: StatusReport) -> String { status.host + "\n" }

    private static func headline(_ status: StatusReport, _ paint: Paint) -> String {
        let parts = [
            paint(Table.printable(status.host), .heading), "weft \(Table.printable(status.version))",
            "up \(Quantity.uptime(seconds: status.uptimeSeconds))",
            counted(status.peers.count, "peer"), counted(status.segmentCount, "segment"),
            counted(status.portCount, "port") + " (\(status.upPortCount) up)",
        ]
        let state = status.isReady ? [] : [paint("not ready", .bad)]
        return (parts + state).joined(separator: "  ") + "\n"
    }

    private static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

    private static func alert(_ text: String, command: String?, _ tone: Paint.Tone, _ paint: Paint) -> String {
        let line = "! " + Table.printable(text)
        guard let command else { return paint(line, tone) + "\n" }
        let padding = String(repeating: " ", count: max(2, commandColumn - line.count))
        return paint(line, tone) + padding + Table.printable(command) + "\n"
    }

    private static func features(_ features: [StatusReport.Feature]) -> Table {
        Table(
            titles: ["FEATURE", "IN FORCE", "DETAIL"],
            rows: features.map { feature in
                [
                    Table.Cell(feature.name), feature.isInForce ? Table.Cell("yes", .good) : Table.Cell("no", .warning),
                    Table.Cell(feature.detail),
                ]
            })
    }
}
