import WeftAPI
import WeftLab

/// What `weft lab` prints.
package enum LabView {
    /// The guests of one lab and how to enter them.
    package static func text(_ lab: LabSummary, format: OutputFormat, paint: Paint = .plain) throws(APIError) -> String {
        switch format {
        case .json, .jsonl: return try Session.document(lab, isPretty: format == .json)
        case .name: return lab.guests.map { $0.name + "\n" }.joined()
        case .table, .wide:
            let guests = lab.guests.map { guest in
                [
                    Table.Cell(guest.name), Table.Cell(guest.host), Table.Cell(guest.segment), Table.Cell(guest.kind),
                    Table.Cell(guest.addresses.joined(separator: " ")), state(guest.state), Table.Cell(guest.enter),
                ]
            }
            return Table(titles: ["GUEST", "HOST", "SEGMENT", "KIND", "ADDRESS", "STATE", "ENTER"], rows: guests).text(paint)
        }
    }

    /// All labs of this machine.
    package static func list(_ labs: [LabSummary], format: OutputFormat, paint: Paint = .plain) throws(APIError) -> String {
        switch format {
        case .json: return try Session.document(labs, isPretty: true)
        case .jsonl:
            var text = ""
            for lab in labs { text += try Session.document(lab, isPretty: false) }
            return text
        case .name: return labs.map { $0.name + "\n" }.joined()
        case .table, .wide:
            let rows = labs.map { lab in
                let isUp =
                    lab.isComplete && lab.hosts.allSatisfy { $0.state == "up" } && lab.guests.allSatisfy { $0.state == "up" }
                return [
                    Table.Cell(lab.name), Table.Cell(lab.hosts.map(\.name).joined(separator: " ")), "\(lab.guests.count)",
                    isUp ? Table.Cell("up", .good) : Table.Cell(lab.isComplete ? "damaged" : "incomplete", .warning),
                    Table.Cell(lab.topology),
                ]
            }
            return Table(titles: ["LAB", "HOSTS", "GUESTS", "STATE", "TOPOLOGY"], rows: rows).text(paint)
        }
    }

    private static func state(_ text: String) -> Table.Cell { Table.Cell(text, text == "up" ? .good : .bad) }
}
