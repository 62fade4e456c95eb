import WeftAPI

/// One run of a command that asks an agent: what the global options decided.
package struct Session: Sendable {
    package var format: OutputFormat
    package var console: Console
    /// Which agent answers.
    package var choice: AgentChoice
    /// How long a request may take.
    package var timeout: Duration
    /// Nothing but results and errors.
    package var isQuiet: Bool
    /// How much more to tell: 0 for nothing.
    package var verbosity: Int

    package init(
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
    package func report(_ error: APIError) -> ExitStatus {
        Self.report(error, format: format, console: console)
    }

    /// Prints an error as a sentence, or as JSON where the output is JSON, and returns its exit status.
    package static func report(_ error: APIError, format: OutputFormat, console: Console) -> ExitStatus {
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
