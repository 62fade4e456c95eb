import ArgumentParser
import WeftAPI
import WeftCLI

/// A command that asks an agent.
protocol AskingCommand: AsyncParsableCommand {
    var global: GlobalOptions { get }
    var agent: AgentSelection { get }
    /// Does the work.
    func run(_ session: Session) async throws(APIError) -> ExitStatus
}

extension AskingCommand {
    func run() async throws {
        let session = Session(
            format: global.output, console: global.console, choice: agent.choice, timeout: agent.timeout.duration,
            isQuiet: global.quiet, verbosity: global.verbose)
        let status: ExitStatus
        do throws(APIError) {
            status = try await run(session)
        } catch {
            status = session.report(error)
        }
        if status != .done { throw ExitCode(status.rawValue) }
    }
}

/// A command that works without an agent.
protocol LocalCommand: AsyncParsableCommand {
    var global: GlobalOptions { get }
    /// Does the work.
    func run(_ console: Console) async throws(APIError) -> ExitStatus
}

extension LocalCommand {
    func run() async throws {
        let console = global.console
        let status: ExitStatus
        do throws(APIError) {
            status = try await run(console)
        } catch {
            status = Session.report(error, format: global.output, console: console)
        }
        if status != .done { throw ExitCode(status.rawValue) }
    }
}
