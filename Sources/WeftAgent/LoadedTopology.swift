import WeftAPI
import WeftTopology
import WeftTopologyFile

/// A topology file that is free of errors, with the host this agent is.
struct LoadedTopology: Sendable {
    var topology: Topology
    var host: Host

    /// Reads the file of `options`.
    ///
    /// - Parameter underlayMTU: what the host's underlay really carries; nil while that is not known.
    /// - Throws: ``APIError`` `.topologyInvalid` with the rendered diagnostics, or when the file has no such host.
    init(_ options: AgentOptions, underlayMTU: Int? = nil) throws(APIError) {
        guard let path = options.topologyPath else {
            self = try Self.unlisted(options)
            return
        }
        let environment = ValidationEnvironment(underlayMTU: underlayMTU ?? 1500, host: options.host)
        let result = TopologyFile.load(path: path, in: environment)
        guard let topology = result.topology else {
            throw APIError(
                .topologyInvalid, cannot: "use topology", on: path,
                cause: "it has errors:\n" + result.text(), help: "correct the file; nothing was changed")
        }
        if let fabric = options.fabric, topology.name.text != fabric {
            throw APIError(
                .usage, cannot: "use topology", on: path,
                cause: "it describes fabric '\(topology.name)', not '\(fabric)'", help: "correct --fabric or --topology")
        }
        guard let name = TopologyName(options.host), let host = topology.host(named: name) else {
            if options.fabric != nil, options.underlay != nil {
                self = try Self.unlisted(options, in: topology)
                return
            }
            throw APIError(
                .usage, cannot: "find host '\(options.host)'", on: path, cause: "the file has no such host",
                help: Self.suggestion(for: options.host, among: topology.hosts.map(\.name.text)))
        }
        guard host.kind == .agent else {
            throw APIError(
                .usage, cannot: "run an agent", on: "host '\(host.name)'", cause: "the file says it is a plain VTEP",
                help: "remove 'kind: vtep' from the host, or start the agent on another one")
        }
        self.topology = topology
        self.host = host
    }

    /// The topology with a host that it does not list and that has no ports: gossip tells the others of it.
    private static func unlisted(_ options: AgentOptions, in topology: Topology? = nil) throws(APIError) -> LoadedTopology {
        guard let name = TopologyName(options.host) else {
            throw APIError(
                .usage, cannot: "run an agent", on: "host '\(options.host)'", cause: "that can't be the name of a host",
                help: "use up to 32 of a-z, 0-9 and -")
        }
        guard let fabric = options.fabric.flatMap({ TopologyName($0) }), let underlay = options.underlay else {
            throw APIError(
                .usage, cannot: "run an agent", on: "host '\(name)'", cause: "there is no topology that says where it is",
                help: "give --topology FILE, or --fabric NAME and --underlay ADDRESS or INTERFACE")
        }
        let host = Host(name: name, underlay: underlay)
        let whole = Topology(
            name: fabric, hosts: (topology?.hosts ?? []) + [host], segments: topology?.segments ?? [],
            ports: topology?.ports ?? [], checks: topology?.checks ?? [])
        return LoadedTopology(topology: whole, host: host)
    }

    private init(topology: Topology, host: Host) { (self.topology, self.host) = (topology, host) }

    private static func suggestion(for name: String, among known: [String]) -> String {
        let nearest = NearestName.nearest(to: name, in: known).map { "did you mean '\($0)'? " } ?? ""
        return nearest + "its hosts are \(known.joined(separator: ", "))"
    }
}
