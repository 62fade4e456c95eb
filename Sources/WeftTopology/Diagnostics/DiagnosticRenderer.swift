/// Prints diagnostics for people: place, code and message, the line with what is wrong underlined, help.
///
///     first.weft.yaml:11:32: error[E201]: unknown segment 'bleu'
///     11 |   vm2: { host: bravo, segment: bleu, address: 10.1.0.12 }
///        |                                ^^^^
///        = help: did you mean 'blue'? It is defined at first.weft.yaml:8:3
///
/// The message about an unknown key already holds all there is to see, so its line is not repeated.
public struct DiagnosticRenderer: Sendable {
    /// Whether severities and underlines are coloured by ANSI escapes.
    public var usesColor: Bool
    /// The widest piece of a line that is quoted, in characters.
    static var excerptCount: Int { 160 }

    /// Creates a renderer.
    public init(usesColor: Bool = false) { self.usesColor = usesColor }

    /// The text of one diagnostic, each line ended by a line feed.
    public func render(_ diagnostic: Diagnostic, source: SourceText?) -> String {
        let severity = "\(diagnostic.severity.rawValue)[\(diagnostic.code.rawValue)]"
        let head = painted(Self.printable(diagnostic.place) + ":", .bold) + " " + painted(severity, color(of: diagnostic)) + ": "
        var text = head + painted(Self.printable(diagnostic.message), .bold) + "\n"
        let gutter = diagnostic.span.map { String($0.line).count } ?? 1
        let margin = String(repeating: " ", count: gutter + 1)
        if diagnostic.code != .unknownKey, let span = diagnostic.span, let line = source?.line(span.line), !line.isEmpty {
            text += excerpt(of: line, at: span, margin: margin, color: color(of: diagnostic))
        }
        if let help = diagnostic.help { text += "\(margin)= \(painted("help:", .cyan)) \(Self.printable(help))\n" }
        return text
    }

    /// The last line: how much was checked and found.
    public func summary(fileCount: Int, diagnostics: [Diagnostic]) -> String {
        func counted(_ count: Int, _ word: String) -> String { "\(count) \(word)\(count == 1 ? "" : "s")" }
        let errorCount = diagnostics.count { $0.severity == .error }
        let warningCount = diagnostics.count - errorCount
        var parts = ["\(counted(fileCount, "file")) checked"]
        if errorCount > 0 { parts.append(counted(errorCount, "error")) }
        if warningCount > 0 { parts.append(counted(warningCount, "warning")) }
        if parts.count == 1 { parts.append("no problems") }
        return parts.joined(separator: ", ") + "\n"
    }

    private func excerpt(
        of line: Substring.UnicodeScalarView, at span: SourceSpan, margin: String, color: Color
    ) -> String {
        // A very long line is cut to a window around the place.
        let start = span.column > Self.excerptCount * 3 / 4 ? span.column - Self.excerptCount / 2 : 0
        let window = Array(line.dropFirst(start).prefix(Self.excerptCount))
        let quoted = window.map { $0 == "\t" || Self.isControl($0) ? " " : String($0) }.joined()
        let isCutAtEnd = line.dropFirst(start + window.count).first != nil
        let indent = String(repeating: " ", count: max(0, span.column - 1 - start) + (start > 0 ? 1 : 0))
        let room = max(1, window.count - (span.column - 1 - start))
        let underline = String(repeating: "^", count: min(span.length, room))
        let shown = (start > 0 ? "…" : "") + quoted + (isCutAtEnd ? "…" : "")
        return "\(span.line) | \(shown)\n\(margin)| \(indent)\(painted(underline, color))\n"
    }

    private enum Color: String {
        case bold = "1"
        case red = "1;31"
        case yellow = "1;33"
        case cyan = "36"
    }

    private func color(of diagnostic: Diagnostic) -> Color { diagnostic.severity == .error ? .red : .yellow }

    private func painted(_ text: String, _ color: Color) -> String {
        usesColor ? "\u{1B}[\(color.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// A file must not be able to send escapes to the terminal by way of a message.
    private static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return text.unicodeScalars.map { isControl($0) ? "\\u{\(String($0.value, radix: 16))}" : String($0) }.joined()
    }

    /// The same for a text of several lines.
    static func printableLines(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { printable(String($0)) }.joined(separator: "\n")
    }

    /// C0 and C1 controls, and what reverses the direction of text.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
