import WeftTopology
import Yams

/// Composes the document of a file: YAML by the library, problems of its own as diagnostics, keys given twice restored.
struct DocumentComposer {
    private let source: SourceText
    private let file: String
    private var text: String
    /// Characters that stand for the first one of a key given twice, with the key's real text; see ``renameFirst(of:at:)``.
    private var renamedKeys: [Unicode.Scalar: String] = [:]
    private(set) var problems: [Diagnostic] = []

    init(text: String, source: SourceText, file: String) {
        self.text = text
        self.source = source
        self.file = file
    }

    /// The document; nil, and a problem, when there is none to check.
    mutating func document() -> TopologyDocument? {
        if let span = YAMLGuard.dangerousKey(in: source) {
            report(
                .unusedYAML, at: span, "a list, a mapping or an alias as a key has no meaning here",
                help: "use plain names as keys")
            return nil
        }
        guard let node = root() else { return nil }
        var converter = NodeConverter(file: file, renamedKeys: renamedKeys)
        let root = converter.convert(node)
        problems += converter.problems
        return root.map { TopologyDocument(file: file, root: $0) }
    }

    /// The first document's root node.
    private mutating func root() -> Node? {
        while true {
            do {
                // The library keeps a pointer into the text, which is only sound for one that is not stored inline.
                let padded = text + String(repeating: "\n", count: 16)
                let parser = try Parser(yaml: padded, resolver: .basic, constructor: .default, encoding: .utf8)
                guard let root = try parser.nextRoot() else {
                    report(.emptyFile, at: SourceSpan(line: 1, column: 1), "the file is empty; a topology begins with 'weft: 1'")
                    return nil
                }
                checkEnd(of: parser)
                return root
            } catch let error as YamlError {
                guard case .duplicatedKeysInMapping(let keys, let context) = error, let key = keys.first else {
                    report(error)
                    return nil
                }
                if renameFirst(of: key, at: context.mark) { continue }
                let span = SourceSpan(line: context.mark.line, column: context.mark.column, length: key.unicodeScalars.count)
                report(.duplicateKey, at: span, "duplicate key '\(key)'", help: "remove one of the two")
                return nil
            } catch {
                report(.yamlSyntax, at: SourceSpan(line: 1, column: 1), "YAML: \(error)")
                return nil
            }
        }
    }

    /// The library refuses a mapping with a key given twice and tells only the first one's place. So that everything can
    /// be reported at once, the first one's first character is replaced by a private one, the text is composed again, and
    /// the real name is put back when the nodes are converted. False when that is not possible or was done too often.
    private mutating func renameFirst(of key: String, at mark: Yams.Mark) -> Bool {
        let byteCount = text.utf8.count
        guard renamedKeys.count < 64, renamedKeys.count * byteCount < 1 << 20,
            let standIn = Unicode.Scalar(UInt32(0xE000 + renamedKeys.count)), !text.unicodeScalars.contains(standIn),
            let line = SourceText(text).line(mark.line),
            var index = line.index(line.startIndex, offsetBy: mark.column - 1, limitedBy: line.endIndex), index < line.endIndex
        else { return false }
        if line[index] == "\"" || line[index] == "'" { index = line.index(after: index) }
        guard index < line.endIndex, let first = key.unicodeScalars.first, line[index] == first else { return false }

        var scalars = text.unicodeScalars
        scalars.replaceSubrange(index...index, with: CollectionOfOne(standIn))
        text = String(scalars)
        renamedKeys[standIn] = key
        return true
    }

    private mutating func checkEnd(of parser: Parser) {
        do {
            guard let second = try parser.nextRoot() else { return }
            let span = second.mark.map { SourceSpan(line: $0.line, column: $0.column) } ?? SourceSpan(line: 1, column: 1)
            report(
                .severalDocuments, at: span, "a second document begins here; a file describes one fabric",
                help: "put it into a file of its own")
        } catch let error as YamlError {
            report(error)
        } catch {
            report(.yamlSyntax, at: SourceSpan(line: 1, column: 1), "YAML: \(error)")
        }
    }

    private mutating func report(_ error: YamlError) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            reportSyntax(problem, context, at: mark)
        case .memory:
            report(.tooDeep, at: SourceSpan(line: 1, column: 1), "nested deeper than \(TopologyFile.maximumDepth) levels")
        case .duplicatedKeysInMapping(let keys, let context):
            let span = SourceSpan(line: context.mark.line, column: context.mark.column)
            report(.duplicateKey, at: span, "duplicate key '\(keys.first ?? "")'", help: "remove one of the two")
        case .reader(let problem, _, _, _), .writer(let problem), .emitter(let problem), .representer(let problem):
            report(.yamlSyntax, at: SourceSpan(line: 1, column: 1), "YAML: \(problem)")
        case .no, .dataCouldNotBeDecoded:
            report(.yamlSyntax, at: SourceSpan(line: 1, column: 1), "YAML: \(error)")
        }
    }

    private mutating func reportSyntax(_ problem: String, _ context: YamlError.Context?, at mark: Yams.Mark) {
        guard !problem.contains("nesting level") else {
            let span = SourceSpan(line: mark.line, column: mark.column)
            report(.tooDeep, at: span, "nested deeper than \(TopologyFile.maximumDepth) levels")
            return
        }
        // What is not closed is noticed at the end of the file, but it is its beginning one has to look at.
        if mark.line >= source.count {
            let span = context.map { SourceSpan(line: $0.mark.line, column: $0.mark.column) } ?? end
            report(.yamlSyntax, at: min(span, end), "YAML: \(problem)\(context.map { " \($0.text)" } ?? "")")
            return
        }
        let span = SourceSpan(line: mark.line, column: mark.column)
        let line = source.line(mark.line)
        let character = line.flatMap { line in
            line.index(line.startIndex, offsetBy: mark.column - 1, limitedBy: line.endIndex).flatMap {
                $0 < line.endIndex ? line[$0] : nil
            }
        }
        let began = context.map { " \($0.text)" } ?? ""
        let isIndentedByTab = line?.prefix { $0 == " " || $0 == "\t" }.contains("\t") == true
        let help: String? =
            if character == "\t" || isIndentedByTab {
                "YAML is indented with spaces, never with tabs"
            } else if problem.contains("undefined alias") {
                "'*' stands for what '&' marked before; a text that begins with '*' needs quotes"
            } else if let character, "@`%".unicodeScalars.contains(character) {
                "a text that begins with '\(character)' needs quotes"
            } else if let context, context.mark.line != mark.line || context.mark.column != mark.column {
                "that began at \(file):\(context.mark.line):\(context.mark.column)"
            } else {
                nil
            }
        report(.yamlSyntax, at: span, "YAML: \(problem)\(began)", help: help)
    }

    /// The place right after the last character that is not a line end.
    private var end: SourceSpan {
        let last = (1...source.count).last { source.line($0)?.isEmpty == false } ?? 1
        return SourceSpan(line: last, column: (source.line(last)?.count ?? 0) + 1)
    }

    private mutating func report(_ code: DiagnosticCode, at span: SourceSpan, _ message: String, help: String? = nil) {
        problems.append(Diagnostic(code, message, file: file, at: span, help: help))
    }
}
