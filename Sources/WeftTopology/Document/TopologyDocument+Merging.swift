extension TopologyDocument {
    /// One document of several that describe one fabric together, and what keeps them from being one.
    ///
    /// Every file begins with the format's version. The fabric is named in one of them at least, and the same wherever it is.
    /// `hosts`, `segments`, `ports` and `checks` are put together in the order of the files; `defaults` are in one file and hold
    /// for all. An object that is in two files is there twice, as it would be in one.
    public static func merging(_ documents: [TopologyDocument]) -> (document: TopologyDocument, problems: [Diagnostic]) {
        var merger = DocumentMerger(files: documents.flatMap(\.files))
        for (number, document) in documents.enumerated() { merger.add(document, number: UInt16(clamping: number)) }
        let root = DocumentNode(.mapping(merger.entries), at: SourceSpan(line: 1, column: 1))
        return (TopologyDocument(files: merger.files, root: root), merger.problems)
    }
}

/// Puts the outermost keys of several documents together.
private struct DocumentMerger {
    let files: [String]
    private(set) var entries: [DocumentEntry] = []
    private(set) var problems: [Diagnostic] = []

    init(files: [String]) { self.files = files }

    mutating func add(_ document: TopologyDocument, number: UInt16) {
        let node = document.root.inFile(number)
        guard case .mapping(let added) = node.content else {
            return report(.wrongType, at: node.span, "the file is \(node.summary); a topology begins with 'weft: 1'")
        }
        if !added.contains(where: { $0.key == "weft" }) {
            report(.missingKey, at: node.span, "the file: missing key 'weft'", help: "the format's version comes first: weft: 1")
        }
        for entry in added { merge(entry) }
    }

    private mutating func merge(_ entry: DocumentEntry) {
        let place = entries.firstIndex { $0.key == entry.key && $0.keySpan.file != entry.keySpan.file }
        guard let place, !entry.key.hasPrefix("x-") else { return entries.append(entry) }
        let former = entries[place]
        switch (former.value.content, entry.value.content) {
        case (.mapping(let first), .mapping(let second)) where entry.key != "defaults":
            replace(place, by: .mapping(first + second))
        case (.sequence(let first), .sequence(let second)): replace(place, by: .sequence(first + second))
        case (.scalar(let first, _), .scalar(let second, _)) where first == second: break
        case (_, .scalar) where entry.value.isNothing: break
        case (.scalar, _) where former.value.isNothing:
            entries[place] = DocumentEntry(key: entry.key, at: entry.keySpan, value: entry.value)
        default:
            report(
                .duplicateKey, at: entry.keySpan, "'\(entry.key.shortened)' is in two of the files",
                help: "it is first given at \(at(former.keySpan)); \(Self.advice(entry.key))")
        }
    }

    private static func advice(_ key: String) -> String {
        switch key {
        case "name": "files that are merged describe one fabric"
        case "weft": "files that are merged have the same version"
        case "defaults": "the defaults of one file hold for all"
        default: "both must be of one kind"
        }
    }

    private mutating func replace(_ place: Int, by content: DocumentNode.Content) {
        let former = entries[place]
        entries[place] = DocumentEntry(
            key: former.key, at: former.keySpan, value: DocumentNode(content, at: former.value.span))
    }

    private func at(_ span: SourceSpan) -> String { "\(files[Int(span.file)]):\(span.line):\(span.column)" }

    private mutating func report(_ code: DiagnosticCode, at span: SourceSpan, _ message: String, help: String? = nil) {
        problems.append(Diagnostic(code, message, file: files[Int(span.file)], at: span, help: help))
    }
}

extension DocumentNode {
    /// The same, said to be in a file by its number.
    fileprivate func inFile(_ number: UInt16) -> DocumentNode {
        let content: Content =
            switch content {
            case .scalar: content
            case .sequence(let nodes): .sequence(nodes.map { $0.inFile(number) })
            case .mapping(let entries):
                .mapping(
                    entries.map {
                        DocumentEntry(key: $0.key, at: $0.keySpan.inFile(number), value: $0.value.inFile(number))
                    })
            }
        return DocumentNode(content, at: span.inFile(number))
    }
}

extension SourceSpan {
    fileprivate func inFile(_ number: UInt16) -> SourceSpan {
        SourceSpan(line: line, column: column, length: length, file: number)
    }
}
