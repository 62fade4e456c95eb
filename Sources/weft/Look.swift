import ArgumentParser
import WeftAPI
import WeftCLI

struct Status: AskingCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show how an agent is doing.",
        discussion: """
            Exits with 75 when --wait was not long enough, with 2 when --converged or --check finds something. With --converged
            it shows who differs instead of the page; nodes get --timeout to answer; with --wait it asks until all agree.
            """)

    @Option(help: ArgumentHelp("Wait until the agent is ready, at most this long.", valueName: "duration"))
    var wait: DurationArgument?

    @Flag(help: "Fail with 2 unless all nodes have the same state and this kernel is as the topology says.")
    var converged = false

    @Flag(help: "Fail with 2 when something needs attention.")
    var check = false

    @Flag(name: .shortAndLong, help: "Print anew when something changes, until Ctrl-C.")
    var watch = false

    @OptionGroup var agent: AgentSelection
    @OptionGroup var global: GlobalOptions

    func run(_ session: Session) async throws(APIError) -> ExitStatus {
        try await session.status(
            Session.StatusRequest(
                wait: wait?.duration, wantsConverged: converged, wantsCheck: check, isWatching: watch))
    }
}

struct Doctor: AskingCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check this host and its agent, and say what to mend.",
        discussion: "Exits with 2 when a check fails; warnings alone are 0. Works without an agent too.")

    @OptionGroup var agent: AgentSelection
    @OptionGroup var global: GlobalOptions

    func run(_ session: Session) async throws(APIError) -> ExitStatus { try await session.doctor() }
}
