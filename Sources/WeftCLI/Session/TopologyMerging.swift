import WeftAPI
import WeftTopology
import WeftTopologyFile

/// `weft merge`.
package enum TopologyMerging {
    /// Puts several files together and prints the topology as one file, all that they leave out filled in.
    package static func run(_ paths: [String], isQuiet: Bool, console: Console) throws(APIError) -> ExitStatus {
        let result = TopologyFile.load(paths: paths)
        let topology = try TopologyLoading.topology(of: result)
        if !result.diagnostics.isEmpty, !isQuiet {
            console.note(result.text(usesColor: console.errorPaint.isOn).trimmingLineEnd)
        }
        console.write(topology.fileText)
        return .done
    }
}
