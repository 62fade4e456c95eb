/// One problem of a topology file: what, where, and what to do about it.
public struct Diagnostic: Hashable, Sendable, Error {
    /// Which rule was broken.
    public let code: DiagnosticCode
    /// What is wrong, naming the object.
    public let message: String
    /// The file as the user named it.
    public let file: String
    /// Where in the file; nil when it could not be read at all.
    public let span: SourceSpan?
    /// What to do, or what was probably meant.
    public let help: String?

    /// Creates a diagnostic.
    public init(_ code: DiagnosticCode, _ message: String, file: String, at span: SourceSpan?, help: String? = nil) {
        self.code = code
        self.message = message
        self.file = file
        self.span = span
        self.help = help
    }

    /// How bad a problem is.
    public enum Severity: String, Hashable, Sendable, Encodable {
        /// The file can't be used.
        case error
        /// Probably not what was meant; the file can be used.
        case warning
    }

    /// How bad it is, which its code decides.
    public var severity: Severity { code.severity }
    /// `file:line:column`, as editors and compilers write it.
    public var place: String { span.map { "\(file):\($0.line):\($0.column)" } ?? file }
}

/// An object `{code, severity, file, line, column, length, message, help}`; what is absent is null.
extension Diagnostic: Encodable {
    private enum CodingKeys: String, CodingKey {
        case code, severity, file, line, column, length, message, help
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(code.rawValue, forKey: .code)
        try container.encode(severity, forKey: .severity)
        try container.encode(file, forKey: .file)
        try container.encode(span?.line, forKey: .line)
        try container.encode(span?.column, forKey: .column)
        try container.encode(span?.length, forKey: .length)
        try container.encode(message, forKey: .message)
        try container.encode(help, forKey: .help)
    }
}
