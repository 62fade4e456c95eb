import WeftAPI
import WeftTopology
import WeftTopologyFile

/// Reading the topology that a command needs.
package enum TopologyLoading {
    /// The topology of the file at `path`.
    ///
    /// - Throws: ``APIError`` `topologyInvalid` with all that is wrong with it, as `weft validate` prints it.
    package static func load(
        _ path: String, in environment: ValidationEnvironment = .init()
    ) throws(APIError) -> Topology {
        try topology(of: TopologyFile.load(path: path, in: environment))
    }

    /// The topology of what was loaded.
    ///
    /// - Throws: ``APIError`` as above.
    package static func topology(of result: TopologyFile.LoadResult) throws(APIError) -> Topology {
        if let topology = result.topology { return topology }
        let report = ValidationReport(files: [result]).text()
        throw APIError(
            .topologyInvalid, cannot: "use the topology", on: result.file, cause: "it has errors:\n\(report)".trimmingLineEnd,
            help: nil)
    }
}

extension String {
    var trimmingLineEnd: String { hasSuffix("\n") ? String(dropLast()) : self }
}
