import ArgumentParser
import WeftAPI
import WeftCLI

/// A command that lists one kind of object.
protocol ListCommand: AskingCommand {
    associatedtype Item: Codable, Sendable
    var list: ListOptions { get }
    var listing: Listing<Item> { get }
}

extension ListCommand {
    func run(_ session: Session) async throws(APIError) -> ExitStatus {
        let query = ListQuery(scope: list.all ? .fabric : .host, host: list.on, segment: list.segment)
        return try await session.list(listing, query: query, isWatching: list.watch)
    }
}

struct Ports: ListCommand {
    static let configuration = CommandConfiguration(abstract: "List the ports: what guests hang on.")
    @OptionGroup var list: ListOptions
    @OptionGroup var agent: AgentSelection
    @OptionGroup var global: GlobalOptions
    var listing: Listing<PortReport> { .ports }
}

struct Segments: ListCommand {
    static let configuration = CommandConfiguration(abstract: "List the segments.")
    @OptionGroup var list: ListOptions
    @OptionGroup var agent: AgentSelection
    @OptionGroup var global: GlobalOptions
    var listing: Listing<SegmentReport> { .segments }
}

struct Peers: ListCommand {
    static let configuration = CommandConfiguration(abstract: "List the tunnel end points this host sends to.")
    @OptionGroup var list: ListOptions
    @OptionGroup var agent: AgentSelection
    @OptionGroup var global: GlobalOptions
    var listing: Listing<PeerReport> { .peers }
}

struct FDB: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fdb", abstract: "List the MAC addresses and where they are, or let one go that was at two places.",
        subcommands: [List.self, Clear.self], defaultSubcommand: List.self)

    struct List: ListCommand {
        static let configuration = CommandConfiguration(abstract: "List the MAC addresses and where they are.")
        @OptionGroup var list: ListOptions
        @OptionGroup var agent: AgentSelection
        @OptionGroup var global: GlobalOptions
        var listing: Listing<FDBEntryReport> { list.segment == nil ? .fdbOfSegments : .fdb }
    }

    struct Clear: AskingCommand {
        static let configuration = CommandConfiguration(
            abstract: "End the alarm about an address that was at two places.",
            discussion: """
                A MAC or IP address that moved five times in three minutes is left where it is, since it must be at two places.
                When that is mended this lets it go where it is seen next. Ask the hosts that weft events named. Needs root or the
                group weft-admin.
                """)

        @Argument(help: ArgumentHelp("The MAC or IP address.", valueName: "address")) var address: String
        @Option(help: ArgumentHelp("Only in this segment.", valueName: "name")) var segment: String?
        @OptionGroup var agent: AgentSelection
        @OptionGroup var global: GlobalOptions

        func run(_ session: Session) async throws(APIError) -> ExitStatus {
            try await session.clearDuplicate(ClearRequest(address: address, segment: segment))
        }
    }
}

struct Hosts: ListCommand {
    static let configuration = CommandConfiguration(abstract: "List the hosts of the fabric.")
    @OptionGroup var list: ListOptions
    @OptionGroup var agent: AgentSelection
    @OptionGroup var global: GlobalOptions
    var listing: Listing<HostReport> { .hosts }
}
