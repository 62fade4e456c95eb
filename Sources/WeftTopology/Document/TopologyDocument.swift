/// A topology file as it was written: keys and values with their places, nothing interpreted.
///
/// `WeftTopologyFile` makes it from YAML; ``Topology/validate(_:in:)`` makes a ``Topology`` from it or says what is wrong.
public struct TopologyDocument: Hashable, Sendable {
    /// The files' names as the user gave them, for messages; one, unless several were merged.
    public let files: [String]
    /// The outermost node.
    public let root: DocumentNode

    /// Creates the document of a file.
    public init(file: String, root: DocumentNode) { self.init(files: [file], root: root) }

    init(files: [String], root: DocumentNode) { (self.files, self.root) = (files, root) }
}

/// One value of a document with its place.
public struct DocumentNode: Hashable, Sendable {
    /// What it holds.
    public let content: Content
    /// Where it is.
    public let span: SourceSpan

    /// What a node can hold.
    public enum Content: Hashable, Sendable {
        /// The text without quotes, whatever type YAML would give it.
        case scalar(String, isQuoted: Bool)
        case sequence([DocumentNode])
        /// The entries in the order of the file; a key may be there twice.
        case mapping([DocumentEntry])
    }

    /// Creates a node.
    public init(_ content: Content, at span: SourceSpan) {
        self.content = content
        self.span = span
    }

    /// Whether the value was left out (`blue:`) or is written as nothing (`~`, `null`).
    var isNothing: Bool {
        guard case .scalar(let text, isQuoted: false) = content else { return false }
        return text.isEmpty || text == "~" || text == "null"
    }

    /// The entries of a mapping, those with the same key counted too; 0 for anything else.
    var entryCount: Int {
        guard case .mapping(let entries) = content else { return 0 }
        return entries.count
    }

    /// What to do about a text that was meant to be a mapping: `weft:1` has no key for want of a space.
    var colonHelp: String? {
        guard case .scalar(let text, isQuoted: false) = content, text.contains(":"), !text.contains(": ") else { return nil }
        return "a space follows the colon after a key"
    }

    /// What it is, for a message that says what was found.
    var summary: String {
        switch content {
        case .scalar(let text, _): isNothing ? "nothing" : "'\(text.shortened)'"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// One key of a mapping with its value.
public struct DocumentEntry: Hashable, Sendable {
    /// The key's text.
    public let key: String
    /// Where the key is.
    public let keySpan: SourceSpan
    /// What it maps to.
    public let value: DocumentNode

    /// Creates an entry.
    public init(key: String, at keySpan: SourceSpan, value: DocumentNode) {
        self.key = key
        self.keySpan = keySpan
        self.value = value
    }
}

/// A place in a file that is on one line.
public struct SourceSpan: Hashable, Sendable, Comparable {
    /// Counted from 1.
    public let line: Int
    /// In characters, counted from 1.
    public let column: Int
    /// In characters, at least 1.
    public let length: Int
    /// Which of the files that were merged it is in, counted from 0.
    public let file: UInt16

    /// Creates a span.
    public init(line: Int, column: Int, length: Int = 1, file: UInt16 = 0) {
        self.line = line
        self.column = column
        self.length = max(1, length)
        self.file = file
    }

    public static func < (left: SourceSpan, right: SourceSpan) -> Bool {
        (left.file, left.line, left.column, left.length) < (right.file, right.line, right.column, right.length)
    }
}

extension String {
    /// The text as a message may quote it: what is very long is cut.
    var shortened: String { unicodeScalars.count > 64 ? String(String.UnicodeScalarView(unicodeScalars.prefix(60))) + "…" : self }
}
