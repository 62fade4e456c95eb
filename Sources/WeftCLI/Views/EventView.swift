import WeftAPI

/// `weft events` for people: a line per event.
package enum EventView {
    /// The widest kind.
    private static let kindWidth = EventReport.Kind.allCases.map(\.rawValue.count).max() ?? 0

    /// One event, its line ended; nothing for a format that has no lines.
    package static func text(
        _ event: EventReport, format: OutputFormat, paint: Paint = .plain
    ) throws(APIError) -> String {
        switch format {
        case .json, .jsonl: return try Session.document(event, isPretty: false)
        case .name: return Table.printable(event.object) + "\n"
        case .table, .wide:
            let kind = event.kind.rawValue
            let padding = String(repeating: " ", count: kindWidth - kind.count)
            let line =
                "\(Table.printable(event.time))  \(paint(kind, event.kind.tone))\(padding)  "
                + "\(Table.printable(event.object))  \(Table.printable(event.text))"
            guard format == .wide else { return line + "\n" }
            let detail = event.detail.sorted { $0.key < $1.key }.map {
                "  \(Table.printable($0.key))=\(Table.printable($0.value))"
            }
            return "\(event.sequence)  \(line)\(detail.joined())\n"
        }
    }
}

extension EventReport.Kind {
    /// The look of a kind.
    fileprivate var tone: Paint.Tone? {
        switch self {
        case .peerJoined, .peerAlive, .floodCalm, .portUnblocked: .good
        case .peerSuspect, .stickyConflict, .duplicateName, .specMismatch, .revisionConflict, .floodLimited, .portBlocked:
            .warning
        case .peerDead, .duplicateMAC, .duplicateIP, .duplicateKey, .alarm: .bad
        case .revision, .peerLeft, .peerAddress, .stationMoved, .pathMTU, .keyRing: nil
        }
    }
}
