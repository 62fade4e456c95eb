public import WeftTypes

/// Whether all nodes of the fabric have the same state, by the digests that they answer with.
public struct ConvergenceReport: Codable, Hashable, Sendable {
    /// One node and whether it has the state of the node that was asked.
    public struct Node: Codable, Hashable, Sendable {
        /// The host's name.
        public var name: String
        /// The agent's identity.
        public var nodeID: NodeID?
        /// What is known of its health.
        public var state: PeerReport.State
        /// Whether its digest is the same.
        public var agrees: Bool
        /// Why not: another digest, no answer, dead.
        public var cause: String?

        enum CodingKeys: String, CodingKey {
            case name, state, agrees, cause
            case nodeID = "node_id"
        }

        /// Creates an entry; one without a cause agrees.
        public init(name: String, nodeID: NodeID?, state: PeerReport.State, cause: String? = nil) {
            (self.name, self.nodeID, self.state) = (name, nodeID, state)
            (self.agrees, self.cause) = (cause == nil, cause)
        }
    }

    /// Whether every node that is not dead has the same state.
    public var isConverged: Bool
    /// The other nodes, sorted by name and node id.
    public var nodes: [Node]
    /// Members of the fabric, the asked node included.
    public var memberCount: Int

    enum CodingKeys: String, CodingKey {
        case nodes
        case isConverged = "converged"
        case memberCount = "member_count"
    }

    /// Creates a report.
    public init(isConverged: Bool, nodes: [Node], memberCount: Int) {
        (self.isConverged, self.nodes, self.memberCount) = (isConverged, nodes, memberCount)
    }

    /// The report of an agent that does not gossip: there is nobody to differ from.
    public static var alone: ConvergenceReport { ConvergenceReport(isConverged: true, nodes: [], memberCount: 1) }
}
