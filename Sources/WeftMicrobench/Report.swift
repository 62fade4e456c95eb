/// A figure that is no time for a frame.
struct Figure {
    var name: String
    var value: Double
    var unit: String
    /// More than this is a failure.
    var limit: Double?

    var isGood: Bool { limit.map { value <= $0 } ?? true }
}

/// All that was measured, to be printed.
struct Report {
    var rows: [Measurement] = []
    var figures: [Figure] = []

    /// Whether nothing took from the heap that should not, and no figure is above its limit.
    var isGood: Bool { rows.allSatisfy { $0.allocations ?? 0 == 0 } && figures.allSatisfy(\.isGood) }

    var table: String {
        let head = ["", "per", "ns", "million/s", "GB/s", "allocations"]
        let lines = rows.map { row in
            [
                row.name, row.unit, Self.decimal(row.nanoseconds, 1), Self.decimal(row.perSecond / 1e6, 2),
                row.gigabytesPerSecond.map { Self.decimal($0, 1) } ?? "",
                row.allocations.map { $0 == 0 ? "0" : Self.decimal($0, 6) } ?? "–",
            ]
        }
        let widths = head.indices.map { column in ([head] + lines).map { $0[column].count }.max() ?? 0 }
        let text = ([head] + lines).map { line in
            line.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column < 2 ? cell + space : space + cell
            }.joined(separator: "  ")
        }
        let rest = figures.map { "\($0.name): \(Self.decimal($0.value, 2)) \($0.unit)\($0.isGood ? "" : "  (too many)")" }
        return (text + (rest.isEmpty ? [] : [""] + rest)).joined(separator: "\n")
    }

    var json: String {
        let rows = rows.map { row in
            var members = [
                "\"name\": \"\(row.name)\"", "\"unit\": \"\(row.unit)\"",
                "\"nanoseconds\": \(Self.decimal(row.nanoseconds, 3))", "\"perSecond\": \(Self.decimal(row.perSecond, 0))",
            ]
            if let value = row.gigabytesPerSecond { members.append("\"gigabytesPerSecond\": \(Self.decimal(value, 3))") }
            if let value = row.allocations { members.append("\"allocations\": \(value)") }
            return "    {\(members.joined(separator: ", "))}"
        }
        let figures = figures.map {
            "    {\"name\": \"\($0.name)\", \"value\": \(Self.decimal($0.value, 3)), \"unit\": \"\($0.unit)\"}"
        }
        return """
            {
              "rows": [
            \(rows.joined(separator: ",\n"))
              ],
              "figures": [
            \(figures.joined(separator: ",\n"))
              ]
            }
            """
    }

    /// A number with so many digits after the point.
    private static func decimal(_ value: Double, _ digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let whole = Int64((value * scale).rounded())
        guard digits > 0 else { return String(whole) }
        let text = String(whole.magnitude)
        let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
        return (whole < 0 ? "-" : "") + padded.dropLast(digits) + "." + padded.suffix(digits)
    }
}
