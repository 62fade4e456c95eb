import WeftTopology

/// Finds, before the YAML library sees it, text that would make the library work without bound.
///
/// The library shares the nodes that aliases stand for, which costs nothing, but compares the keys of each mapping by
/// their whole content: a key made of aliases that multiply would take for ever. A topology has no use for lists and
/// mappings as keys, so text that may hold such keys is refused, in doubt too.
enum YAMLGuard {
    /// The place of the first key that is not plain text in a file where that is a danger; nil when there is none.
    static func dangerousKey(in source: SourceText) -> SourceSpan? {
        var hasAlias = false
        var hasAnchor = false
        var keys: [SourceSpan] = []
        for number in 1...source.count {
            guard let line = source.line(number) else { continue }
            let scalars = Array(line)
            guard !isComment(scalars) else { continue }
            for (index, scalar) in scalars.enumerated() {
                switch scalar {
                case "*" where isName(after: index, in: scalars): hasAlias = true
                case "&" where isName(after: index, in: scalars): hasAnchor = true
                default: break
                }
                if keys.count <= explicitKeyLimit, mayBeginKey(index, in: scalars) {
                    keys.append(SourceSpan(line: number, column: index + 1))
                }
            }
        }
        // Without aliases a few such keys cost little.
        return hasAlias && hasAnchor || keys.count > explicitKeyLimit ? keys.first : nil
    }

    private static let explicitKeyLimit = 16

    /// Whether a line is surely a comment: one with a quote could be the end of a quoted text of several lines.
    private static func isComment(_ line: [Unicode.Scalar]) -> Bool {
        line.first { $0 != " " && $0 != "\t" } == "#" && !line.contains("\"") && !line.contains("'")
    }

    /// Whether the character at `index` may mark a key that is not plain text: `? key`, `[…]:`, `{…}:`, `*alias :`.
    private static func mayBeginKey(_ index: Int, in line: [Unicode.Scalar]) -> Bool {
        switch line[index] {
        case "?": index == 0 || !isWord(line[index - 1])
        case "]", "}": isColon(after: index, in: line)
        case "*": isColon(after: index + (line[(index + 1)...].firstIndex { !isWord($0) } ?? line.count) - index - 1, in: line)
        default: false
        }
    }

    private static func isColon(after index: Int, in line: [Unicode.Scalar]) -> Bool {
        guard index + 1 < line.count else { return false }
        return line[(index + 1)...].first { $0 != " " && $0 != "\t" } == ":"
    }

    private static func isName(after index: Int, in line: [Unicode.Scalar]) -> Bool {
        index + 1 < line.count && isWord(line[index + 1])
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_", "-": true
        default: false
        }
    }
}
