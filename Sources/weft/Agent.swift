import ArgumentParser
import WeftAPI
import WeftAgent
import WeftCLI
import WeftTopology
import WeftTypes

struct Agent: LocalCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the daemon of this host, or remove what it made.",
        discussion: """
            SIGHUP reads the topology file again; only what differs is changed. SIGTERM stops the agent and leaves TAPs and
            bridges as they are, so that guests on this host go on talking to each other.
            """)

    @Option(help: ArgumentHelp("This host's name in the topology.", valueName: "name"))
    var host: String?

    @Option(
        help: ArgumentHelp("The topology file. Without one give --fabric and --underlay.", valueName: "file"),
        completion: .file(extensions: ["yaml"]))
    var topology: String?

    @Option(help: ArgumentHelp("The fabric's name, to make sure that the file is of the right one.", valueName: "name"))
    var fabric: String?

    @Option(
        help: ArgumentHelp(
            "The address or interface of the tunnel end point, instead of the file's.", valueName: "address|interface"))
    var underlay: String?

    @Option(
        help: ArgumentHelp(
            "Where another node of the fabric may be, besides the hosts of the file. Can be given more than once.",
            valueName: "host[:port]"))
    var join: [String] = []

    @Option(help: ArgumentHelp("The UDP port of gossip, instead of the file's. (default: 7948)", valueName: "port"))
    var gossipPort: UInt16?

    @Option(help: ArgumentHelp("Where the agent keeps what must outlive it.", valueName: "folder"), completion: .directory)
    var stateDir = AgentOptions.defaultStateDirectory

    @Option(help: ArgumentHelp("Where the API is served.", valueName: "path"), completion: .file())
    var socket = AgentOptions.defaultSocketPath

    @Option(help: ArgumentHelp("Threads that forward. (default: by the number of processors)", valueName: "count"))
    var workers: Int?

    @Flag(help: "Only tell what somebody changes of Weft's objects by hand; put it right at a reload or weft apply.")
    var noRepair = false

    @Flag(help: "Remove everything of the fabric when told to stop.")
    var remove = false

    @Flag(help: "Remove what carries the mark of --fabric, of the fabric of --topology or of --all; refuses while an agent runs.")
    var cleanup = false

    @Flag(help: "With --cleanup: of every fabric.")
    var all = false

    @Option(help: ArgumentHelp("The lab this agent is part of.", visibility: .hidden))
    var lab: String?

    @Flag(help: ArgumentHelp("The lab's guests are virtual machines.", visibility: .hidden))
    var vm = false

    @OptionGroup var global: GlobalOptions

    func run(_ console: Console) async throws(APIError) -> ExitStatus {
        if cleanup { return try await cleanUp(console) }
        let options = try options()
        do {
            try await AgentMain.run(options)
            return .done
        } catch let error as APIError {
            throw error
        } catch {
            throw APIError(.failed, cannot: "run the agent", on: options.host, cause: "\(error)")
        }
    }

    private func cleanUp(_ console: Console) async throws(APIError) -> ExitStatus {
        let scope = try scope()
        do {
            let count = try await AgentMain.cleanUp(scope)
            if !global.quiet {
                console.note(count == 0 ? "nothing to remove" : "removed \(count) object\(count == 1 ? "" : "s")")
            }
            return .done
        } catch let error as APIError {
            throw error
        } catch {
            throw APIError(.failed, cannot: "clean up", on: "this host", cause: "\(error)")
        }
    }

    // MARK: - Reading the options

    private func options() throws(APIError) -> AgentOptions {
        guard !all else { throw Self.usage("--all is for --cleanup", "leave it out, or add --cleanup") }
        guard let host else {
            throw Self.usage("it is not said which host this is", "give --host NAME, a name under hosts: in the topology")
        }
        guard topology != nil || fabric != nil && underlay != nil else {
            throw Self.usage(
                "there is no topology", "give --topology FILE (Topologies/ has examples) or --fabric NAME and --underlay ADDRESS")
        }
        if let fabric, TopologyName(fabric) == nil {
            throw Self.usage("'\(fabric)' can't be the name of a fabric", "give the name: of its topology file")
        }
        guard gossipPort != 0 else { throw Self.usage("gossip can't use the port 0", "give --gossip-port 7948") }
        if !join.isEmpty { try JoinRequest(addresses: join).validate() }
        return AgentOptions(
            host: host, topologyPath: topology, fabric: fabric, underlay: try underlayEndpoint(), socketPath: socket,
            stateDirectory: stateDir, repairs: !noRepair, removesOnExit: remove, placement: placement, workerCount: workers,
            joinAddresses: join, gossipPort: gossipPort,
            logLevel: global.quiet ? .warning : global.verbose > 1 ? .trace : global.verbose > 0 ? .debug : .info)
    }

    private var placement: GuestPlacement {
        guard let lab else { return .host }
        return vm ? .labMachines(lab) : .labNamespaces(lab)
    }

    private func underlayEndpoint() throws(APIError) -> Host.Underlay? {
        guard let underlay else { return nil }
        if let address = IPAddress(underlay) { return .addresses([address]) }
        if let device = DeviceName(underlay) { return .interface(device) }
        throw Self.usage("'\(underlay)' is neither an address nor an interface", "give --underlay 192.0.2.11 or --underlay eth1")
    }

    private func scope() throws(APIError) -> CleanupScope {
        let given = [fabric != nil, topology != nil, all].filter { $0 }.count
        guard given == 1 else {
            throw Self.usage(
                given == 0 ? "it is not said what to remove" : "it is said more than once what to remove",
                "give one of --fabric NAME, --topology FILE and --all")
        }
        if all { return .all }
        if let topology { return .fabric(try TopologyLoading.load(topology).name) }
        guard let name = fabric.flatMap({ TopologyName($0) }) else {
            throw Self.usage("'\(fabric ?? "")' can't be the name of a fabric", "give the name: of a topology file")
        }
        return .fabric(name)
    }

    private static func usage(_ cause: String, _ help: String) -> APIError {
        APIError(.usage, cannot: "run the agent", on: "", cause: cause, help: help)
    }
}
