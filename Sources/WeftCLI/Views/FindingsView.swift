import WeftAPI

/// `weft doctor` for people: a line per check.
package enum FindingsView {
    /// The column at which a fix starts.
    private static let fixColumn = 72

    /// The findings, each line ended.
    package static func text(_ findings: [Finding], paint: Paint = .plain) -> String {
        findings.map { finding in
            let word = finding.status.word
            let line = pad(
                "\(pad(word, 6))\(finding.code.rawValue) \(Table.printable(finding.text))", finding.fix == nil ? 0 : fixColumn)
            let rest = line.dropFirst(word.count) + (finding.fix.map { "fix: \(Table.printable($0))" } ?? "")
            return paint(word, finding.status.tone) + rest + "\n"
        }.joined()
    }

    /// `text` with spaces up to `width`, but at least two.
    private static func pad(_ text: String, _ width: Int) -> String {
        width == 0 ? text : text + String(repeating: " ", count: max(2, width - text.count))
    }
}

extension Finding.Status {
    /// As it is printed; what fails stands out without colour too.
    fileprivate var word: String { self == .fail ? "FAIL" : rawValue }

    fileprivate var tone: Paint.Tone {
        switch self {
        case .ok: .good
        case .warn: .warning
        case .fail: .bad
        }
    }
}
