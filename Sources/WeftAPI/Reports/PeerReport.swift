public import WeftTypes

/// One tunnel end point that this agent sends to, as the API tells it.
public struct PeerReport: Codable, Hashable, Sendable {
    /// What is known of a peer's health.
    public enum State: String, Codable, Hashable, Sendable, CaseIterable {
        case alive, suspect, dead, left
        /// From the topology file; nobody watches it.
        case `static`
    }

    /// The host's name in the topology.
    public var name: String
    /// The agent's identity, where gossip told it.
    public var nodeID: NodeID?
    /// The agent's incarnation where gossip told it: how often it was started, a point, how often it refuted a suspicion since.
    public var incarnation: String?
    /// Time since ``state`` was last another; nil where nobody watches the peer.
    public var changedSeconds: Double?
    /// The VTEP's address.
    public var underlay: IPAddress
    /// The VTEP's UDP port.
    public var udpPort: UInt16
    /// What is known of its health.
    public var state: State
    /// `agent` or `vtep`.
    public var kind: String
    /// Segments that both have, by name.
    public var segments: [String]
    /// Round-trip time; nil where nobody measures it.
    public var rttSeconds: Double?
    /// Lost probes, 0…1; nil where nobody measures it.
    public var lossRatio: Double?
    /// The largest IP packet that reaches the peer.
    public var pathMTUByteCount: Int?
    /// Inner frames received from the peer.
    public var rxFrames: UInt64
    /// Inner frames sent to the peer.
    public var txFrames: UInt64
    /// Bytes of inner frames received from the peer.
    public var rxBytes: UInt64
    /// Bytes of inner frames sent to the peer.
    public var txBytes: UInt64
    /// Frames dropped, by reason.
    public var drops: [String: UInt64]

    enum CodingKeys: String, CodingKey {
        case name, underlay, state, kind, segments, drops, incarnation
        case changedSeconds = "changed_seconds"
        case nodeID = "node_id"
        case udpPort = "udp_port"
        case rttSeconds = "rtt_seconds"
        case lossRatio = "loss_ratio"
        case pathMTUByteCount = "path_mtu_bytes"
        case rxFrames = "rx_frames"
        case txFrames = "tx_frames"
        case rxBytes = "rx_bytes"
        case txBytes = "tx_bytes"
    }

    /// Creates a report; counters start at zero and are set afterwards.
    public init(
        name: String, underlay: IPAddress, udpPort: UInt16 = VTEP.defaultUDPPort, state: State, kind: String = "agent",
        segments: [String] = [], nodeID: NodeID? = nil, rttSeconds: Double? = nil, lossRatio: Double? = nil,
        pathMTUByteCount: Int? = nil, incarnation: String? = nil, changedSeconds: Double? = nil
    ) {
        (self.name, self.underlay, self.udpPort, self.state) = (name, underlay, udpPort, state)
        (self.kind, self.segments, self.nodeID) = (kind, segments, nodeID)
        (self.rttSeconds, self.lossRatio, self.pathMTUByteCount) = (rttSeconds, lossRatio, pathMTUByteCount)
        (self.incarnation, self.changedSeconds) = (incarnation, changedSeconds)
        (rxFrames, txFrames, rxBytes, txBytes) = (0, 0, 0, 0)
        drops = [:]
    }

    /// The end point as senders see it.
    public var vtep: VTEP { VTEP(address: underlay, udpPort: udpPort) }
}
