/// What was found wrong so far with a file, or with several that are merged.
struct ProblemList: Sendable {
    private let files: [String]
    private var seen: Set<Diagnostic> = []
    private var found: [Diagnostic] = []

    /// Suggestions cost a search each; past this many problems they are left out.
    private static let suggestionLimit = 50
    /// The most errors, and the most warnings, that are listed; one more says that there are more.
    private static let limit = 1000
    private var counts: [Diagnostic.Severity: Int] = [:]

    init(files: [String]) { self.files = files }

    /// Adds a problem, unless just this one is there: a wrong default shows up at every object that takes it.
    mutating func report(_ code: DiagnosticCode, at span: SourceSpan, _ message: String, help: String? = nil) {
        let file = files[Int(span.file)]
        let diagnostic = Diagnostic(code, message, file: file, at: span, help: help)
        let count = counts[code.severity, default: 0]
        guard count <= Self.limit, seen.insert(diagnostic).inserted else { return }
        counts[code.severity] = count + 1
        let isLast = count == Self.limit
        found.append(
            isLast
                ? Diagnostic(
                    code, "more than \(Self.limit) \(code.severity.rawValue)s; the others are not listed", file: file, at: span)
                : diagnostic)
    }

    /// All problems by place, those of one place by code.
    var sorted: [Diagnostic] {
        found.enumerated().sorted { left, right in
            let (first, second) = (left.element, right.element)
            guard let firstSpan = first.span, let secondSpan = second.span else { return left.offset < right.offset }
            return (firstSpan.file, firstSpan.line, firstSpan.column, first.code.rawValue, left.offset)
                < (secondSpan.file, secondSpan.line, secondSpan.column, second.code.rawValue, right.offset)
        }.map(\.element)
    }

    /// Whether anything found makes the file unusable.
    var hasErrors: Bool { found.contains { $0.severity == .error } }
    /// Whether there is still room for suggestions.
    var wantsSuggestions: Bool { found.count < Self.suggestionLimit }

    /// `file:line:column`, to name another place in a help line.
    func place(_ span: SourceSpan) -> String { "\(files[Int(span.file)]):\(span.line):\(span.column)" }
}
