public import WeftTypes

/// One segment of the fabric, as this host has it.
public struct SegmentReport: Codable, Hashable, Sendable {
    /// The name in the topology.
    public var name: String
    /// The number on the wire.
    public var vni: VNI
    /// The MTU of the guests' ends, in bytes.
    public var mtu: Int
    /// Networks of the guests, as declared.
    public var subnets: [IPPrefix]
    /// The bridge on this host; nil where the host has no port in the segment.
    public var bridge: String?
    /// The agent's own port of that bridge.
    public var uplink: String?
    /// Hosts that have the segment, this one included.
    public var hosts: [String]
    /// Ports of this host.
    public var portCount: Int
    /// End points that broadcast frames are sent to.
    public var peerCount: Int
    /// Entries of the forwarding database.
    public var fdbEntryCount: Int
    /// Frames dropped, by reason.
    public var drops: [String: UInt64]

    enum CodingKeys: String, CodingKey {
        case name, vni, mtu, subnets, bridge, uplink, hosts, drops
        case portCount = "port_count"
        case peerCount = "peer_count"
        case fdbEntryCount = "fdb_entry_count"
    }

    /// Creates a report.
    public init(
        name: String, vni: VNI, mtu: Int, subnets: [IPPrefix] = [], bridge: String? = nil, uplink: String? = nil,
        hosts: [String] = [], portCount: Int = 0, peerCount: Int = 0, fdbEntryCount: Int = 0,
        drops: [String: UInt64] = [:]
    ) {
        (self.name, self.vni, self.mtu, self.subnets) = (name, vni, mtu, subnets)
        (self.bridge, self.uplink, self.hosts) = (bridge, uplink, hosts)
        (self.portCount, self.peerCount, self.fdbEntryCount) = (portCount, peerCount, fdbEntryCount)
        self.drops = drops
    }
}
