/// Rows in columns that are as wide as they must be.
package struct Table: Hashable, Sendable {
    /// One field of a row.
    package struct Cell: Hashable, Sendable, ExpressibleByStringInterpolation {
        /// What is printed; control characters are replaced, since a terminal would obey them.
        package let text: String
        /// What it means, for the colour.
        package let tone: Paint.Tone?

        /// Creates a cell; no text, or an empty one, is printed as an en dash.
        package init(_ text: String?, _ tone: Paint.Tone? = nil) {
            let text = text ?? ""
            self.text = text.isEmpty ? Quantity.none : Table.printable(text)
            self.tone = tone
        }

        package init(stringLiteral value: String) { self.init(value) }
    }

    /// The head of each column.
    package var titles: [String]
    package var rows: [[Cell]]

    package init(titles: [String], rows: [[Cell]]) {
        (self.titles, self.rows) = (titles, rows)
    }

    /// Spaces between two columns.
    private static let gap = 2

    /// The table with its head, each line ended; no spaces at the ends of lines.
    package func text(_ paint: Paint = .plain) -> String {
        let head = titles.map { Cell($0, .heading) }
        let lines = titles.isEmpty ? rows : [head] + rows
        let widths = lines.reduce(into: [Int]()) { widths, line in
            for (index, cell) in line.enumerated() {
                if index == widths.count { widths.append(0) }
                widths[index] = max(widths[index], cell.text.count)
            }
        }
        return lines.map { line in
            var text = ""
            for (index, cell) in line.enumerated() {
                text += paint(cell.text, cell.tone)
                if index < line.count - 1 {
                    text += String(repeating: " ", count: widths[index] - cell.text.count + Self.gap)
                }
            }
            return text + "\n"
        }.joined()
    }

    /// `text` with every control character replaced.
    static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return text }
        return String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
    }
}
