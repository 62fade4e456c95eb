import WeftAPI
import WeftTopology
import WeftTopologyFile

/// Reading the one topology file that a command needs.
package enum TopologyLoading {
    /// The topology of the file at `path`.
    ///
    /// - Throws: ``APIError`` `topologyInvalid` with all that is wrong with it, as `weft validate` prints it.
    package static func load(
        _ path: String, in environment: ValidationEnvironment = .init()
    ) throws(APIError) -> Topology {
        let result = TopologyFile.load(path: path, in: environment)
        if let topology = result.topology { return topology }
        let report = TopologyFile.validate(paths: [path], in: environment).text()
        throw APIError(
            .topologyInvalid, cannot: "use the topology", on: path, cause: "it has errors:\n\(report)".trimmingLineEnd,
            help: nil)
    }
}

extension String {
    var trimmingLineEnd: String { hasSuffix("\n") ? String(dropLast()) : self }
}
