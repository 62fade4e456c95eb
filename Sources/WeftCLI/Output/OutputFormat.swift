/// How a command prints what it found.
package enum OutputFormat: String, Hashable, Sendable, CaseIterable {
    /// Columns for people.
    case table
    /// All columns for people.
    case wide
    /// One document: an array for a list, an object for one thing.
    case json
    /// One object a line.
    case jsonl
    /// Names only, one a line.
    case name

    /// Whether the output is made for programs.
    package var isJSON: Bool { self == .json || self == .jsonl }
}
