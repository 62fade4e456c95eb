import WeftTypes

/// What the control side says about a segment of this host.
public struct SegmentDescription: Hashable, Sendable {
    /// What happens to an inner VLAN tag (X6).
    public enum Tags: Hashable, Sendable {
        /// A tagged frame is dropped; a priority tag (VID 0) is stripped.
        case drop
        /// Tags are part of the frame and cross the tunnel.
        case carry
    }

    /// What happens to a frame whose destination nobody is known to have (E13).
    public enum UnknownUnicast: Hashable, Sendable {
        /// It goes to all members.
        case flood
        /// It is dropped and counted.
        case drop
    }

    /// The segment's place.
    public var index: SegmentIndex
    /// The number on the wire.
    public var vni: VNI
    /// The label that people see.
    public var name: String
    /// Bytes of an IP packet in this segment.
    public var mtu: Int
    public var tags: Tags
    public var unknownUnicast: UnknownUnicast
    /// The peers that have the segment: its flood list, and who may send into it (E2, X8).
    public var members: [PeerIndex]

    /// Describes a segment.
    public init(
        index: SegmentIndex, vni: VNI, name: String, mtu: Int, tags: Tags = .drop, unknownUnicast: UnknownUnicast = .flood,
        members: [PeerIndex]
    ) {
        self.index = index
        self.vni = vni
        self.name = name
        self.mtu = mtu
        self.tags = tags
        self.unknownUnicast = unknownUnicast
        self.members = members
    }
}

/// What the control side says about a device that the workers read.
public struct PortDescription: Hashable, Sendable {
    /// The port's place.
    public var index: PortIndex
    /// The label that people see.
    public var name: String
    /// The segment the port is in.
    public var segment: SegmentIndex
    /// Whether many stations are behind it: a bridge's uplink, as opposed to one guest's device.
    public var isManyMACs: Bool
    /// Frames a second from the port that each worker floods; 0 is no cap.
    public var floodLimit: Int
    /// Whether it may not forward, because it is on one wire with another port: its frames are dropped, it gets none, and no station
    /// is behind it.
    public var isBlocked = false

    /// Describes a port.
    public init(index: PortIndex, name: String, segment: SegmentIndex, isManyMACs: Bool = true, floodLimit: Int = 0) {
        self.index = index
        self.name = name
        self.segment = segment
        self.isManyMACs = isManyMACs
        self.floodLimit = floodLimit
    }
}

/// What the control side says about another host.
public struct PeerDescription: Hashable, Sendable {
    /// Who tells us about the MAC addresses behind a peer.
    public enum Kind: Hashable, Sendable {
        /// Nobody: a kernel, a switch. They are learnt from frames.
        case plain
        /// An agent without gossip: what the file declares is known, the rest is learnt from frames.
        case staticAgent
        /// An agent that gossips: nothing is learnt from its frames (X9).
        case gossipAgent
    }

    /// The peer's place.
    public var index: PeerIndex
    /// The label that people see.
    public var name: String
    /// Where frames to the peer go.
    public var vtep: VTEP
    /// Other underlay addresses the peer may send from.
    public var otherAddresses: [IPAddress]
    public var kind: Kind
    /// Whether the peer completes transport checksums that are left to it (remote checksum offload).
    public var takesRemoteChecksums: Bool

    /// Describes a peer.
    public init(
        index: PeerIndex, name: String, vtep: VTEP, otherAddresses: [IPAddress] = [], kind: Kind,
        takesRemoteChecksums: Bool = false
    ) {
        self.index = index
        self.name = name
        self.vtep = vtep
        self.otherAddresses = otherAddresses
        self.kind = kind
        self.takesRemoteChecksums = takesRemoteChecksums
    }
}

/// All that the packet path must know about this host's part of the fabric, apart from the FDB.
public struct FabricDescription: Hashable, Sendable {
    public var segments: [SegmentDescription]
    public var ports: [PortDescription]
    public var peers: [PeerDescription]
    /// The interface numbers of our own overlay devices (bridges, uplinks, guests' host ends): a datagram that comes in
    /// through one of them is a guest's, whatever its source address says (X8).
    public var overlayInterfaces: Set<Int32>
    /// The segments of the fabric that this host has no part in: what comes for them is sent to the wrong host, which is
    /// counted apart from numbers that nobody uses (X7).
    public var notJoined: Set<VNI>
    /// Members that floods leave out for now, because they have been dead for a while; what they send is taken, and what is
    /// known to be behind them goes there as before.
    public var pausedPeers: Set<PeerIndex>

    /// Describes this host's part.
    public init(
        segments: [SegmentDescription] = [], ports: [PortDescription] = [], peers: [PeerDescription] = [],
        overlayInterfaces: Set<Int32> = [], notJoined: Set<VNI> = [], pausedPeers: Set<PeerIndex> = []
    ) {
        self.pausedPeers = pausedPeers
        self.segments = segments
        self.ports = ports
        self.peers = peers
        self.overlayInterfaces = overlayInterfaces
        self.notJoined = notJoined
    }
}
