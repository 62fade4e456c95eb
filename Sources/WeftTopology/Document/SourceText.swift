/// The lines of a file, to quote them beside a diagnostic.
public struct SourceText: Sendable {
    private let lines: [Substring.UnicodeScalarView]

    /// Splits `text` where YAML 1.1 does: at LF, CR, CR LF, NEL, LS and PS.
    public init(_ text: String) {
        var lines: [Substring.UnicodeScalarView] = []
        let scalars = text.unicodeScalars
        var start = scalars.startIndex
        var index = start
        while index < scalars.endIndex {
            let scalar = scalars[index]
            let next = scalars.index(after: index)
            switch scalar {
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}":
                lines.append(scalars[start..<index])
                start = scalar == "\r" && next < scalars.endIndex && scalars[next] == "\n" ? scalars.index(after: next) : next
                index = start
            default: index = next
            }
        }
        lines.append(scalars[start...])
        self.lines = lines
    }

    /// How many lines there are; a final line end begins one more.
    package var count: Int { lines.count }

    /// The scalars of a line counted from 1, without its end; nil when there is no such line.
    package func line(_ number: Int) -> Substring.UnicodeScalarView? {
        lines.indices.contains(number - 1) ? lines[number - 1] : nil
    }
}
