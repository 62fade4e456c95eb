import ArgumentParser
import WeftAPI
import WeftCLI

struct Events: AskingCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what happens in the fabric, until Ctrl-C.",
        discussion: "Nodes that join, are suspected, die and leave; stations that move; what is there twice.")

    @Option(
        help: ArgumentHelp(
            "First what the agent still knows of what came after this event; 0 for all of it.", valueName: "sequence"))
    var since: UInt64?

    @OptionGroup var agent: AgentSelection
    @OptionGroup var global: GlobalOptions

    func run(_ session: Session) async throws(APIError) -> ExitStatus { try await session.events(since: since) }
}

struct PeerGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peer", abstract: "Join a fabric or leave it.", subcommands: [Join.self, Leave.self])

    struct Join: AskingCommand {
        static let configuration = CommandConfiguration(
            abstract: "Look for other nodes of the fabric at these addresses.",
            discussion: "One that answers is enough: it tells of all others. Needs root or the group weft-admin.")

        @Argument(help: ArgumentHelp("Where another node may be: a name or an address.", valueName: "host[:port]"))
        var addresses: [String]

        @OptionGroup var agent: AgentSelection
        @OptionGroup var global: GlobalOptions

        func run(_ session: Session) async throws(APIError) -> ExitStatus { try await session.join(addresses) }
    }

    struct Leave: AskingCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say goodbye to the fabric.",
            discussion: """
                The agent tells the others that it goes, and gossips no more until weft peer join or a restart. What it
                forwards now it goes on forwarding, but nobody tells it any more of what moves. Needs root or the group
                weft-admin.
                """)

        @OptionGroup var agent: AgentSelection
        @OptionGroup var global: GlobalOptions

        func run(_ session: Session) async throws(APIError) -> ExitStatus { try await session.leave() }
    }
}
