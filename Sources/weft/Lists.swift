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

struct FDB: ListCommand {
    static let configuration = CommandConfiguration(
        commandName: "fdb", abstract: "List the MAC addresses and where they are.")
    @OptionGroup var list: ListOptions
    @OptionGroup var agent: AgentSelection
    @OptionGroup var global: GlobalOptions
    var listing: Listing<FDBEntryReport> { list.segment == nil ? .fdbOfSegments : .fdb }
}

struct Hosts: ListCommand {
    static let configuration = CommandConfiguration(abstract: "List the hosts of the fabric.")
    @OptionGroup var list: ListOptions
    @OptionGroup var agent: AgentSelection
    @OptionGroup var global: GlobalOptions
    var listing: Listing<HostReport> { .hosts }
}
