import WeftAPI
import WeftTopology

/// What `weft graph` draws with.
package enum GraphFormat: String, Sendable, CaseIterable {
    /// Trees for the terminal.
    case text
    /// A flowchart for Markdown viewers.
    case mermaid
    /// For Graphviz.
    case dot
    /// For programs.
    case json
}

/// `weft graph`.
package enum GraphDrawing {
    /// Draws the topology of a file, also one that this version can't carry out yet.
    package static func run(_ path: String, format: GraphFormat, console: Console) throws(APIError) -> ExitStatus {
        var environment = ValidationEnvironment()
        environment.missing = []
        let graph = TopologyGraph(try TopologyLoading.load(path, in: environment))
        switch format {
        case .text: console.write(graph.text)
        case .mermaid: console.write(graph.mermaid)
        case .dot: console.write(graph.dot)
        case .json: console.write(try Session.document(graph, isPretty: true))
        }
        return .done
    }
}
