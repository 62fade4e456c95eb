import WeftGossip
import WeftTypes

/// The other nodes of the fabric as tunnels can reach them: each by one end point, and each end point of one node.
public struct GossipPeers: Hashable, Sendable {
    /// One other node with a tunnel to it.
    public struct Peer: Hashable, Sendable {
        /// Its identity.
        public var id: NodeID
        /// Its own name, with four digits of its identity where another node has the same.
        public var name: String
        /// Where frames to it go.
        public var vtep: VTEP
        /// Its other addresses.
        public var otherAddresses: [IPAddress]
        /// Whether it completes transport checksums that are left to it.
        public var takesRemoteChecksums: Bool

        /// Describes a node.
        public init(id: NodeID, name: String, vtep: VTEP, otherAddresses: [IPAddress] = [], takesRemoteChecksums: Bool = false) {
            (self.id, self.name, self.vtep) = (id, name, vtep)
            (self.otherAddresses, self.takesRemoteChecksums) = (otherAddresses, takesRemoteChecksums)
        }
    }

    /// By identity.
    public var peers: [Peer]
    /// Those without a tunnel, with the reason.
    public var unreachable: [NodeID: String]
    /// What the members of each segment say about it.
    public var segments: [VNI: [NodeID: SegmentRecord]]
    /// The nodes that floods leave out, because they have been dead for a while.
    public var paused: Set<NodeID>

    /// Puts the nodes together.
    public init(
        peers: [Peer] = [], unreachable: [NodeID: String] = [:], segments: [VNI: [NodeID: SegmentRecord]] = [:],
        paused: Set<NodeID> = []
    ) {
        (self.peers, self.unreachable, self.segments, self.paused) = (peers, unreachable, segments, paused)
    }

    /// What a node can do, one bit each in ``WeftGossip/NodeRecord/features``.
    public enum Feature {
        /// It completes transport checksums that are left to it.
        public static var remoteChecksums: UInt64 { 1 }
    }
}
