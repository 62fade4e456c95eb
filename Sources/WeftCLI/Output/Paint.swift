/// Colours text for a terminal, or leaves it as it is.
package struct Paint: Hashable, Sendable {
    /// What the user asked for.
    package enum Mode: String, Hashable, Sendable, CaseIterable {
        /// Colours on a terminal that has them, unless `NO_COLOR` is set.
        case auto
        case always, never
    }

    /// What a piece of text means; each meaning has one look.
    package enum Tone: Hashable, Sendable {
        case heading, good, warning, bad, faint

        fileprivate var code: String {
            switch self {
            case .heading: "1"
            case .good: "32"
            case .warning: "33"
            case .bad: "1;31"
            case .faint: "2"
            }
        }
    }

    /// Whether anything is coloured.
    package let isOn: Bool

    /// Never colours.
    package static let plain = Paint(isOn: false)

    package init(isOn: Bool) { self.isOn = isOn }

    /// Decides by the user's wish, the environment (`NO_COLOR`, `TERM=dumb`) and whether the output is a terminal.
    package init(mode: Mode, environment: [String: String], isTerminal: Bool) {
        switch mode {
        case .always: isOn = true
        case .never: isOn = false
        case .auto:
            let isRefused = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
            let terminal = environment["TERM"] ?? ""
            isOn = isTerminal && !isRefused && terminal != "dumb" && !terminal.isEmpty
        }
    }

    /// `text` in the look of `tone`.
    package func callAsFunction(_ text: String, _ tone: Tone?) -> String {
        guard isOn, let tone, !text.isEmpty else { return text }
        return "\u{1B}[\(tone.code)m\(text)\u{1B}[0m"
    }
}
