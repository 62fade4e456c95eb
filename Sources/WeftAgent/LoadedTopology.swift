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
        let environment = ValidationEnvironment(underlayMTU: underlayMTU ?? 1500, host: options.host)
        let result = TopologyFile.load(path: options.topologyPath, in: environment)
        guard let topology = result.topology else {
            throw APIError(
                .topologyInvalid, cannot: "use topology", on: options.topologyPath,
                cause: "it has errors:\n" + result.text(), help: "correct the file; nothing was changed")
        }
        if let fabric = options.fabric, topology.name.text != fabric {
            throw APIError(
                .usage, cannot: "use topology", on: options.topologyPath,
                cause: "it describes fabric '\(topology.name)', not '\(fabric)'", help: "correct --fabric or --topology")
        }
        guard let name = TopologyName(options.host), let host = topology.host(named: name) else {
            throw APIError(
                .usage, cannot: "find host '\(options.host)'", on: options.topologyPath, cause: "the file has no such host",
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

    private static func suggestion(for name: String, among known: [String]) -> String {
        let nearest = NearestName.nearest(to: name, in: known).map { "did you mean '\($0)'? " } ?? ""
        return nearest + "its hosts are \(known.joined(separator: ", "))"
    }
}
