public import WeftAPI

/// One run of a command that asks an agent: what the global options decided.
public struct Session: Sendable {
    public var format: OutputFormat
    public var console: Console
    /// Which agent answers.
    public var choice: AgentChoice
    /// How long a request may take.
    public var timeout: Duration
    /// Nothing but results and errors.
    public var isQuiet: Bool
    /// How much more to tell: 0 for nothing.
    public var verbosity: Int

    public init(
        format: OutputFormat, console: Console, choice: AgentChoice, timeout: Duration, isQuiet: Bool = false,
        verbosity: Int = 0
    ) {
        (self.format, self.console, self.choice, self.timeout) = (format, console, choice, timeout)
        (self.isQuiet, self.verbosity) = (isQuiet, verbosity)
    }

    /// A client of the chosen agent.
    func client() throws(APIError) -> AgentClient {
        let path = try choice.resolve().socketPath
        if verbosity > 0 { console.note("asking the agent on \(path)") }
        return AgentClient(socketPath: path, timeout: timeout)
    }

    /// Tells what is going on, unless nobody wants to hear.
    func note(_ text: String) {
        if !isQuiet { console.note(text) }
    }

    /// Prints an error as a sentence, or as JSON where the output is JSON, and returns its exit status.
    public func report(_ error: APIError) -> ExitStatus {
        Self.report(error, format: format, console: console)
    }

    /// Prints an error as a sentence, or as JSON where the output is JSON, and returns its exit status.
    public static func report(_ error: APIError, format: OutputFormat, console: Console) -> ExitStatus {
        if format.isJSON, let bytes = try? JSON.encode(APIError.Envelope(error: error)) {
            console.note(String(decoding: bytes, as: UTF8.self))
        } else {
            let lines = error.description.split(separator: "\n", omittingEmptySubsequences: false)
            let text = lines.map { Table.printable(String($0)) }.joined(separator: "\n")
            console.note(console.errorPaint("weft:", .bad) + " " + text)
        }
        return ExitStatus(error.code)
    }
}
