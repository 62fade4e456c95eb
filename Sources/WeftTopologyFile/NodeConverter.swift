import WeftTopology
import Yams

/// Turns the library's nodes into a document's, within the limits on depth and on what aliases may stand for.
///
/// Scalars are read by their text, not by the type YAML gives them: to YAML 1.1 an unquoted MAC can be an integer.
struct NodeConverter {
    private let file: String
    private let renamedKeys: [Unicode.Scalar: String]
    private(set) var problems: [Diagnostic] = []
    /// The furthest place so far: nodes come in the order of the text, so one before it was reached through an alias.
    private var furthest = SourceSpan(line: 0, column: 0)
    private var aliasedCount = 0
    private var hasGivenUp = false

    /// How many nodes all aliases of a file may stand for together.
    private static let aliasedLimit = 10_000

    init(file: String, renamedKeys: [Unicode.Scalar: String]) {
        self.file = file
        self.renamedKeys = renamedKeys
    }

    /// The document's root; nil, and a problem, when a limit was exceeded.
    mutating func convert(_ root: Node) -> DocumentNode? {
        let node = convert(root, depth: 1, isIgnored: false)
        return hasGivenUp ? nil : node
    }

    private mutating func convert(_ node: Node, depth: Int, isIgnored: Bool) -> DocumentNode {
        let span = span(of: node)
        let empty = DocumentNode(.scalar("", isQuoted: false), at: span)
        guard !hasGivenUp, isWithinLimits(node, span, depth: depth) else { return empty }
        if !isIgnored { checkTag(of: node, at: span) }
        switch node {
        case .scalar(let scalar):
            return DocumentNode(.scalar(scalar.string, isQuoted: scalar.style != .plain), at: span)
        case .sequence(let sequence):
            return DocumentNode(.sequence(sequence.map { convert($0, depth: depth + 1, isIgnored: isIgnored) }), at: span)
        case .mapping(let mapping):
            var entries: [DocumentEntry] = []
            for (key, value) in mapping {
                let keySpan = self.span(of: key)
                furthest = max(furthest, keySpan)
                let name = name(of: key, at: keySpan, isIgnored: isIgnored)
                let value = convert(value, depth: depth + 1, isIgnored: isIgnored || name?.hasPrefix("x-") == true)
                if let name { entries.append(DocumentEntry(key: name, at: keySpan, value: value)) }
            }
            return DocumentNode(.mapping(entries), at: span)
        case .alias:
            return empty  // the library's parser resolves aliases itself
        }
    }

    private mutating func isWithinLimits(_ node: Node, _ span: SourceSpan, depth: Int) -> Bool {
        if (span.line, span.column) < (furthest.line, furthest.column) {
            aliasedCount += 1
            guard aliasedCount <= Self.aliasedLimit else {
                report(
                    .aliasesMultiply, at: furthest, "the aliases up to here stand for more than \(Self.aliasedLimit) values",
                    help: "aliases of aliases multiply; write out what they stand for, or use 'defaults'")
                hasGivenUp = true
                return false
            }
        } else {
            furthest = span
        }
        guard node.scalar != nil || depth <= TopologyFile.maximumDepth else {
            report(.tooDeep, at: span, "nested deeper than \(TopologyFile.maximumDepth) levels")
            hasGivenUp = true
            return false
        }
        return true
    }

    /// The text of a key; nil, and a problem, for a list or a mapping.
    private mutating func name(of key: Node, at span: SourceSpan, isIgnored: Bool) -> String? {
        guard case .scalar(let scalar) = key else {
            if !isIgnored {
                report(.unusedYAML, at: span, "a list or a mapping as a key has no meaning here", help: "use plain names as keys")
            }
            return nil
        }
        guard let first = scalar.string.unicodeScalars.first, let name = renamedKeys[first] else { return scalar.string }
        return name
    }

    private mutating func checkTag(of node: Node, at span: SourceSpan) {
        let tag = node.tag.description
        let standard = "tag:yaml.org,2002:"
        let isKnown =
            tag.isEmpty || tag == "!"
            || ["str", "int", "float", "bool", "null", "map", "seq"].contains { tag == standard + $0 }
        guard !isKnown else { return }
        let shown = tag.hasPrefix(standard) ? "!!" + tag.dropFirst(standard.count) : tag
        report(.unusedYAML, at: span, "the tag '\(shown.prefix(64))' has no meaning here", help: "remove it")
    }

    private func span(of node: Node) -> SourceSpan {
        guard let mark = node.mark else { return furthest }
        return SourceSpan(line: mark.line, column: mark.column, length: length(of: node))
    }

    /// The characters of a text on its line; a list or a mapping is pointed at by its first.
    private func length(of node: Node) -> Int {
        guard case .scalar(let scalar) = node else { return 1 }
        switch scalar.style {
        case .any, .plain: return scalar.string.unicodeScalars.count
        case .singleQuoted, .doubleQuoted: return scalar.string.unicodeScalars.count + 2
        case .literal, .folded: return 1
        }
    }

    private mutating func report(_ code: DiagnosticCode, at span: SourceSpan, _ message: String, help: String? = nil) {
        problems.append(Diagnostic(code, message, file: file, at: span, help: help))
    }
}
