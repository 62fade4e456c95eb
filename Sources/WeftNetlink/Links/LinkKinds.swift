import WeftTypes

/// What is particular to a bridge (`ip link add … type bridge …`).
///
/// Nil means "leave it to the kernel" in a request, and in what was read that this kernel does not have it.
public struct BridgeAttributes: Hashable, Sendable {
    /// How long an address that was learnt stays without traffic; hundredths of a second count.
    public var ageingTime: Duration?
    /// How long a port listens and learns before it forwards, when STP is on.
    public var forwardDelay: Duration?
    /// Whether the spanning tree protocol runs.
    public var isSTPEnabled: Bool?
    /// Whether frames are kept apart by VLAN.
    public var isVLANFiltering: Bool?
    /// The VLAN of untagged frames on new ports, 0 for none.
    public var defaultPVID: UInt16?
    /// Whether multicast goes only where it was asked for (IGMP and MLD snooping).
    public var isMulticastSnooping: Bool?
    /// Which of the link-local groups 01:80:c2:00:00:0X are forwarded, by bit X.
    public var groupForwardMask: UInt16?

    /// Creates a set of attributes, by default none.
    public init(
        ageingTime: Duration? = nil, forwardDelay: Duration? = nil, isSTPEnabled: Bool? = nil, isVLANFiltering: Bool? = nil,
        defaultPVID: UInt16? = nil, isMulticastSnooping: Bool? = nil, groupForwardMask: UInt16? = nil
    ) {
        self.ageingTime = ageingTime
        self.forwardDelay = forwardDelay
        self.isSTPEnabled = isSTPEnabled
        self.isVLANFiltering = isVLANFiltering
        self.defaultPVID = defaultPVID
        self.isMulticastSnooping = isMulticastSnooping
        self.groupForwardMask = groupForwardMask
    }
}

/// What is particular to a VLAN device (`ip link add … link … type vlan …`).
public struct VLANAttributes: Hashable, Sendable {
    /// Which tag the frames carry.
    public enum TagProtocol: UInt16, Hashable, Sendable {
        /// 802.1Q, the customer's tag.
        case dot1Q = 0x8100
        /// 802.1ad, the provider's tag.
        case dot1AD = 0x88A8
    }

    public var id: VLANID
    public var tagProtocol: TagProtocol

    public init(id: VLANID, tagProtocol: TagProtocol = .dot1Q) {
        self.id = id
        self.tagProtocol = tagProtocol
    }
}

/// What is particular to a TUN or TAP device; it is made by `TUNSETIFF`, netlink only reads it.
public struct TunAttributes: Hashable, Sendable {
    /// Which frames it carries.
    public enum Mode: UInt8, Hashable, Sendable {
        /// IP packets.
        case tun = 1
        /// Ethernet frames.
        case tap = 2
    }

    public var mode: Mode = .tap
    /// The user id that may open it, when one was set.
    public var owner: UInt32?
    /// The group id that may open it, when one was set.
    public var group: UInt32?
    /// Whether it outlives its descriptors.
    public var isPersistent = false
    /// Whether each frame has a virtio-net header before it.
    public var hasVirtioNetHeader = false
    /// Whether each frame has the four bytes of packet information before it.
    public var hasPacketInformation = false
    public var isMultiQueue = false
    /// Queues in use; the kernel tells it for multi-queue devices only.
    public var queueCount: Int?
    /// Queues that are detached.
    public var disabledQueueCount: Int?

    public init() {}
}

/// What is particular to a VXLAN device (`ip link add … type vxlan …`); nil is the kernel's default.
public struct VXLANAttributes: Hashable, Sendable {
    /// The outer "don't fragment" bit.
    public enum DontFragment: UInt8, Hashable, Sendable {
        case unset, set, inherit
    }

    public var vni: VNI
    /// The outer source address.
    public var local: IPAddress?
    /// Where frames without an FDB entry go: a peer or a multicast group.
    public var remote: IPAddress?
    /// The underlay device.
    public var underlayIndex: Int32?
    /// The UDP destination port.
    public var udpPort: UInt16?
    /// The UDP source ports, both included.
    public var sourcePorts: ClosedRange<UInt16>?
    /// Whether addresses are learnt from the frames received.
    public var isLearning: Bool?
    /// Whether the outer UDP checksum is computed over IPv4.
    public var hasUDPChecksum: Bool?
    /// Whether the outer UDP checksum is left zero over IPv6 when sending.
    public var sendsZeroChecksumOverIPv6: Bool?
    /// Whether a zero UDP checksum over IPv6 is accepted.
    public var acceptsZeroChecksumOverIPv6: Bool?
    /// Whether remote checksum offload is used when sending.
    public var sendsRemoteChecksum: Bool?
    /// Whether remote checksum offload is accepted.
    public var acceptsRemoteChecksum: Bool?
    /// Outer TTL or hop limit, 0 for the default.
    public var ttl: UInt8?
    public var dontFragment: DontFragment?
    /// How long an address that was learnt stays; whole seconds count.
    public var ageingTime: Duration?

    /// Creates attributes with the kernel's defaults but for those given.
    public init(vni: VNI, local: IPAddress? = nil, remote: IPAddress? = nil, udpPort: UInt16? = VTEP.defaultUDPPort) {
        self.vni = vni
        self.local = local
        self.remote = remote
        self.udpPort = udpPort
    }
}
