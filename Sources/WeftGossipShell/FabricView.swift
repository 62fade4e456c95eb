public import WeftGossip
public import WeftTypes

/// The other nodes of the fabric as this one knows them, and who has which segment.
public struct FabricView: Hashable, Sendable {
    /// One other node.
    public struct Node: Hashable, Sendable {
        /// What the failure detector thinks; nil of a node that only its records are known of.
        public var state: MemberState?
        /// The incarnation that this was said of.
        public var incarnation: Incarnation?
        /// What the node says of itself; nil until it is heard, and after it was superseded or forgotten.
        public var record: NodeRecord?
        /// What the node tells of the topology's revisions.
        public var revision: TopologyRevisionRecord?

        /// Nothing is known yet.
        public init() {}
    }

    /// The nodes by identity.
    public internal(set) var nodes: [NodeID: Node] = [:]
    /// What each member of a segment says about it.
    public internal(set) var segments: [VNI: [NodeID: SegmentRecord]] = [:]

    /// Nobody is known.
    public init() {}

    /// Takes in a change.
    mutating func apply(_ change: GossipChange) {
        switch change {
        case .member(let id, let state, let incarnation):
            nodes[id, default: Node()].state = state
            nodes[id]?.incarnation = incarnation
        case .node(let id, let record): nodes[id, default: Node()].record = record
        case .segment(let id, let vni, let record):
            segments[vni, default: [:]][id] = record
            if segments[vni]?.isEmpty == true { segments[vni] = nil }
        case .revision(let id, let record): nodes[id, default: Node()].revision = record
        case .endpoint, .alarm, .epochNotKept, .fetched, .fetchFailed: break
        }
    }
}
