import WeftTopology

/// Topology files on disk: reads them, checks them, and keeps their text for messages.
///
/// The rules themselves are in `WeftTopology`; here is what turns bytes into a `TopologyDocument`: limits, UTF-8, YAML.
public enum TopologyFile {
    /// The largest file that is read, in bytes.
    public static var maximumByteCount: Int { 4 << 20 }
    /// The deepest nesting of lists and mappings.
    public static var maximumDepth: Int { 64 }

    /// What came of one file, or of several that are merged.
    public struct LoadResult: Sendable {
        /// The files as the caller named them.
        public let files: [String]
        /// The topology; nil when there is an error.
        public let topology: Topology?
        /// All problems, sorted by place.
        public let diagnostics: [Diagnostic]
        /// The files' texts, to quote in messages, by their names; what could not be read as text has none.
        public let sources: [String: SourceText]

        /// What is looked at, in one word or several.
        public var file: String { files.joined(separator: " + ") }
        /// Whether the file can't be used.
        public var hasErrors: Bool { topology == nil }

        /// The problems as `weft validate` prints them, without the summary line.
        public func text(usesColor: Bool = false) -> String {
            let renderer = DiagnosticRenderer(usesColor: usesColor)
            return diagnostics.map { renderer.render($0, source: sources[$0.file]) }.joined()
        }
    }

    /// The bytes of the file at `path`, `-` for the standard input.
    ///
    /// - Throws: ``WeftTopology/Diagnostic`` when it can't be read, is no ordinary file, or is too large.
    public static func bytes(path: String) throws(Diagnostic) -> [UInt8] {
        try FileBytes.read(path: path, maximumByteCount: maximumByteCount)
    }

    /// Reads and checks the file at `path`, `-` for the standard input; whatever is wrong with it is in the result.
    public static func load(path: String, in environment: ValidationEnvironment = .init()) -> LoadResult {
        do {
            return load(bytes: try bytes(path: path), file: path, in: environment)
        } catch {
            return failed(path, error)
        }
    }

    /// Checks a file's bytes; `file` is the name used in messages.
    public static func load(bytes: [UInt8], file: String, in environment: ValidationEnvironment = .init()) -> LoadResult {
        guard bytes.count <= maximumByteCount else {
            return failed(file, FileBytes.tooLarge(file, maximumByteCount: maximumByteCount))
        }
        let part = part(bytes: bytes, file: file)
        let verdict = part.document.map { Topology.validate($0, in: environment) }
        return LoadResult(
            files: [file], topology: part.isUsable ? verdict?.topology : nil,
            diagnostics: sorted(part.problems + (verdict?.diagnostics ?? [])), sources: part.sources)
    }

    /// Reads several files that describe one fabric together, and checks them as one
    /// (``WeftTopology/TopologyDocument/merging(_:)``). `paths` names one at least; a file that is named twice is read once.
    public static func load(paths: [String], in environment: ValidationEnvironment = .init()) -> LoadResult {
        let paths = paths.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        if let path = paths.first, paths.count == 1 { return load(path: path, in: environment) }
        let parts = paths.map { path -> Part in
            do throws(Diagnostic) {
                return part(bytes: try bytes(path: path), file: path)
            } catch {
                return Part(document: nil, problems: [error], sources: [:])
            }
        }
        var problems = parts.flatMap(\.problems)
        let documents = parts.compactMap(\.document)
        var topology: Topology?
        // With a part missing, most of what would be said about the others is not so.
        if documents.count == parts.count {
            let merged = TopologyDocument.merging(documents)
            let verdict = Topology.validate(merged.document, in: environment)
            topology = (problems + merged.problems).contains { $0.severity == .error } ? nil : verdict.topology
            problems += merged.problems + verdict.diagnostics
        }
        let distinct = problems.reduce(into: [Diagnostic]()) { if !$0.contains($1) { $0.append($1) } }
        return LoadResult(
            files: paths, topology: topology, diagnostics: paths.flatMap { path in sorted(distinct.filter { $0.file == path }) },
            sources: parts.reduce(into: [:]) { $0.merge($1.sources) { first, _ in first } })
    }

    /// What a file's bytes say, rules aside.
    private struct Part {
        /// Nil when there is none to check.
        let document: TopologyDocument?
        let problems: [Diagnostic]
        let sources: [String: SourceText]

        var isUsable: Bool { !problems.contains { $0.severity == .error } }
    }

    private static func part(bytes: [UInt8], file: String) -> Part {
        let text: String
        do {
            text = try FileText.decode(bytes, file: file)
        } catch {
            return Part(document: nil, problems: [error], sources: [:])
        }
        let source = SourceText(text)
        var composer = DocumentComposer(text: text, source: source, file: file)
        let document = composer.document()
        return Part(document: document, problems: composer.problems, sources: [file: source])
    }

    /// Reads and checks all files of one run of `weft validate`.
    public static func validate(paths: [String], in environment: ValidationEnvironment = .init()) -> ValidationReport {
        ValidationReport(files: paths.map { load(path: $0, in: environment) })
    }

    private static func failed(_ file: String, _ diagnostic: Diagnostic) -> LoadResult {
        LoadResult(files: [file], topology: nil, diagnostics: [diagnostic], sources: [:])
    }

    private static func sorted(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
        diagnostics.enumerated().sorted { left, right in
            guard let first = left.element.span, let second = right.element.span,
                first.line != second.line || first.column != second.column
            else { return left.offset < right.offset }
            return first < second
        }.map(\.element)
    }
}
