public import WeftGossip
public import WeftTypes

/// What gossip has brought that the rest of the agent acts on.
public enum GossipChange: Hashable, Sendable {
    /// A member is new or thought differently of.
    case member(NodeID, MemberState, Incarnation)
    /// What a node says of itself; nil when that is gone.
    case node(NodeID, NodeRecord?)
    /// A node has joined a segment, says something else about it, or has left it.
    case segment(NodeID, VNI, SegmentRecord?)
    /// What a node tells of the topology's revisions; nil when that is gone.
    case revision(NodeID, TopologyRevisionRecord?)
    /// A content that was to be fetched is here.
    case fetched(ContentID, [UInt8])
    /// It could not be had.
    case fetchFailed(ContentID, ContentFailure)
    /// Something about stations to carry out; records are published already, and the time is kept.
    case endpoint(Endpoints.Effect)
    /// Something for the operator.
    case alarm(GossipAlarm)
    /// The number of starts could not be kept.
    case epochNotKept(String)
}
