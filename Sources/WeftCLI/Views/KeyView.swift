import WeftAPI

/// What `weft key` prints.
enum KeyView {
    /// One key of a ring; in JSON `{id, primary, key}`.
    struct Row: Hashable, Sendable, Encodable {
        /// The fingerprint.
        var id: String
        /// Whether it seals.
        var isPrimary: Bool
        /// The key itself, where it was asked for.
        var key: String?

        enum CodingKeys: String, CodingKey {
            case id
            case isPrimary = "primary"
            case key
        }
    }

    /// The key that a command made or changed; in JSON `{id}`.
    struct Changed: Hashable, Sendable, Encodable {
        var id: String
    }

    /// The keys of a ring; by name, fingerprints or, where they are shown, the keys alone.
    static func text(_ rows: [Row], format: OutputFormat, paint: Paint = .plain) throws(APIError) -> String {
        switch format {
        case .json: return try Session.document(rows, isPretty: true)
        case .jsonl:
            var text = ""
            for row in rows { text += try Session.document(row, isPretty: false) }
            return text
        case .name: return rows.map { ($0.key ?? $0.id) + "\n" }.joined()
        case .table, .wide:
            let isSecretShown = rows.contains { $0.key != nil }
            let cells = rows.map { row in
                [Table.Cell(row.id), row.isPrimary ? Table.Cell("seals and opens", .good) : "opens"]
                    + (isSecretShown ? [Table.Cell(row.key)] : [])
            }
            return Table(titles: ["KEY", "USE"] + (isSecretShown ? ["SECRET"] : []), rows: cells).text(paint)
        }
    }
}
