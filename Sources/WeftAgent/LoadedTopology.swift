import WeftAPI
import WeftTopology
import WeftTopologyFile

/// A topology file that is free of errors, with the host this agent is.
struct LoadedTopology: Sendable {
    var topology: Topology
    var host: Host

    /// Where a topology comes from.
    enum Source: Hashable, Sendable {
        /// The file of the command line, or what stands in its place there.
        case options
        /// A revision that the fabric committed, or that was applied here alone.
        case revision(RevisionStamp, file: [UInt8], isLocal: Bool)
    }

    /// Where it comes from.
    private(set) var source = Source.options
    /// The topology without a host that no file lists; nil where there is no file.
    private(set) var listed: Topology?

    /// Reads the file of `options`, or the one of a revision.
    ///
    /// - Parameters:
    ///   - source: what is read.
    ///   - underlay: where this host is if the file does not list it; nil is what the options say.
    ///   - underlayMTU: what the host's underlay really carries; nil while that is not known.
    /// - Throws: ``APIError`` `.topologyInvalid` with the rendered diagnostics, or when the file has no such host.
    init(
        _ options: AgentOptions, source: Source = .options, underlay: Host.Underlay? = nil, underlayMTU: Int? = nil
    ) throws(APIError) {
        let environment = ValidationEnvironment(host: options.host, underlayMTU: underlayMTU)
        let place = options.underlay ?? underlay
        let (path, result): (String, TopologyFile.LoadResult)
        switch source {
        case .options:
            guard let file = options.topologyPath else {
                self = try Self.unlisted(options, at: place)
                return
            }
            (path, result) = (file, TopologyFile.load(path: file, in: environment))
        case .revision(let stamp, let file, _):
            path = "revision \(stamp.number)"
            result = TopologyFile.load(bytes: file, file: path, in: environment)
        }
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
            if place != nil, options.fabric != nil || source != .options {
                self = try Self.unlisted(options, at: place, in: topology)
                self.source = source
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
        (self.topology, self.listed) = (topology, topology)
        self.host = host
        self.source = source
    }

    /// The topology with a host that it does not list and that has no ports: gossip tells the others of it.
    private static func unlisted(
        _ options: AgentOptions, at underlay: Host.Underlay?, in topology: Topology? = nil
    ) throws(APIError) -> LoadedTopology {
        guard let name = TopologyName(options.host) else {
            throw APIError(
                .usage, cannot: "run an agent", on: "host '\(options.host)'", cause: "that can't be the name of a host",
                help: "use up to 32 of a-z, 0-9 and -")
        }
        guard let fabric = topology?.name ?? options.fabric.flatMap({ TopologyName($0) }), let underlay else {
            throw APIError(
                .usage, cannot: "run an agent", on: "host '\(name)'", cause: "there is no topology that says where it is",
                help: "give --topology FILE, or --fabric NAME and --underlay ADDRESS or INTERFACE")
        }
        let host = Host(name: name, underlay: underlay)
        let whole = Topology(
            name: fabric, hosts: (topology?.hosts ?? []) + [host], segments: topology?.segments ?? [],
            ports: topology?.ports ?? [], checks: topology?.checks ?? [])
        return LoadedTopology(topology: whole, host: host, listed: topology)
    }

    private init(topology: Topology, host: Host, listed: Topology?) {
        (self.topology, self.host, self.listed) = (topology, host, listed)
    }

    private static func suggestion(for name: String, among known: [String]) -> String {
        let nearest = NearestName.nearest(to: name, in: known).map { "did you mean '\($0)'? " } ?? ""
        return nearest + "its hosts are \(known.joined(separator: ", "))"
    }
}
