import WeftTopology

/// Topology files on disk: reads them, checks them, and keeps their text for messages.
///
/// The rules themselves are in `WeftTopology`; here is what turns bytes into a `TopologyDocument`: limits, UTF-8, YAML.
public enum TopologyFile {
    /// The largest file that is read, in bytes.
    public static var maximumByteCount: Int { 4 << 20 }
    /// The deepest nesting of lists and mappings.
    public static var maximumDepth: Int { 64 }

    /// What came of one file.
    public struct LoadResult: Sendable {
        /// The file as the caller named it.
        public let file: String
        /// The topology; nil when there is an error.
        public let topology: Topology?
        /// All problems, sorted by place.
        public let diagnostics: [Diagnostic]
        /// The file's text, to quote in messages; nil when it could not be read as text.
        public let source: SourceText?

        /// Whether the file can't be used.
        public var hasErrors: Bool { topology == nil }

        /// The problems as `weft validate` prints them, without the summary line.
        public func text(usesColor: Bool = false) -> String {
            let renderer = DiagnosticRenderer(usesColor: usesColor)
            return diagnostics.map { renderer.render($0, source: source) }.joined()
        }
    }

    /// Reads and checks the file at `path`; whatever is wrong with it is in the result.
    public static func load(path: String, in environment: ValidationEnvironment = .init()) -> LoadResult {
        do {
            return load(bytes: try FileBytes.read(path: path, maximumByteCount: maximumByteCount), file: path, in: environment)
        } catch {
            return failed(path, error)
        }
    }

    /// Checks a file's bytes; `file` is the name used in messages.
    public static func load(bytes: [UInt8], file: String, in environment: ValidationEnvironment = .init()) -> LoadResult {
        guard bytes.count <= maximumByteCount else {
            return failed(file, FileBytes.tooLarge(file, maximumByteCount: maximumByteCount))
        }
        let text: String
        do {
            text = try FileText.decode(bytes, file: file)
        } catch {
            return failed(file, error)
        }
        let source = SourceText(text)
        var composer = DocumentComposer(text: text, source: source, file: file)
        let document = composer.document()
        let verdict = document.map { Topology.validate($0, in: environment) }
        let diagnostics = composer.problems + (verdict?.diagnostics ?? [])
        let isUsable = !composer.problems.contains { $0.severity == .error }
        return LoadResult(
            file: file, topology: isUsable ? verdict?.topology : nil, diagnostics: sorted(diagnostics), source: source)
    }

    /// Reads and checks all files of one run of `weft validate`.
    public static func validate(paths: [String], in environment: ValidationEnvironment = .init()) -> ValidationReport {
        ValidationReport(files: paths.map { load(path: $0, in: environment) })
    }

    private static func failed(_ file: String, _ diagnostic: Diagnostic) -> LoadResult {
        LoadResult(file: file, topology: nil, diagnostics: [diagnostic], source: nil)
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
