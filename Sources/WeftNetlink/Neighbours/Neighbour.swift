import WeftTypes

/// What is known of an address: the states of neighbour discovery (RFC 4861 §7.3.2), which ARP and bridges share (`NUD_…`).
public struct NeighbourState: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let incomplete = NeighbourState(rawValue: 0x01)
    /// Confirmed lately. In a bridge's FDB: learnt and in use.
    public static let reachable = NeighbourState(rawValue: 0x02)
    public static let stale = NeighbourState(rawValue: 0x04)
    public static let delay = NeighbourState(rawValue: 0x08)
    public static let probe = NeighbourState(rawValue: 0x10)
    public static let failed = NeighbourState(rawValue: 0x20)
    /// Never asked for. In a bridge's FDB: set by an administrator (`static`).
    public static let noARP = NeighbourState(rawValue: 0x40)
    /// Valid until removed. In a bridge's FDB: the bridge's own address, whose frames go up into the host.
    public static let permanent = NeighbourState(rawValue: 0x80)
}

/// The flags of a neighbour or an FDB entry (`NTF_…`).
public struct NeighbourFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let use = NeighbourFlags(rawValue: 0x01)
    /// In the device's own table: a VXLAN device's, a bridge's, a NIC's.
    public static let own = NeighbourFlags(rawValue: 0x02)
    /// In the table of the bridge that the device is a port of.
    public static let master = NeighbourFlags(rawValue: 0x04)
    /// Answered for on behalf of another.
    public static let proxy = NeighbourFlags(rawValue: 0x08)
    /// Put there by a control plane, and aged by it (`extern_learn`).
    public static let externallyLearned = NeighbourFlags(rawValue: 0x10)
    public static let offloaded = NeighbourFlags(rawValue: 0x20)
    /// Does not move to another port (`sticky`).
    public static let sticky = NeighbourFlags(rawValue: 0x40)
    public static let router = NeighbourFlags(rawValue: 0x80)
}

/// Which Ethernet address an IP address has on a link, as `ip neighbour show` prints it.
public struct Neighbour: Hashable, Sendable, Comparable {
    public var linkIndex: Int32
    public var address: IPAddress
    /// Nil while it is being asked for, or when nobody answered.
    public var mac: MACAddress?
    public var state: NeighbourState
    public var flags: NeighbourFlags

    /// Describes a neighbour, by default one that is valid until it is removed.
    public init(
        linkIndex: Int32, address: IPAddress, mac: MACAddress?, state: NeighbourState = .permanent,
        flags: NeighbourFlags = []
    ) {
        self.linkIndex = linkIndex
        self.address = address
        self.mac = mac
        self.state = state
        self.flags = flags
    }

    public static func < (left: Neighbour, right: Neighbour) -> Bool {
        (left.linkIndex, left.address) < (right.linkIndex, right.address)
    }
}

/// Where frames for an Ethernet address go, as `bridge fdb show` prints it.
public struct FDBEntry: Hashable, Sendable, CustomStringConvertible {
    /// Whose table the entry is in.
    public enum Table: Hashable, Sendable {
        /// The bridge's that the link is a port of (`master`).
        case bridge
        /// The link's own (`self`): a VXLAN device's, or a NIC's filter.
        case own
    }

    /// The port the address is behind, or the device whose own table it is.
    public var linkIndex: Int32
    public var mac: MACAddress
    public var table: Table
    /// The bridge, for entries of a bridge's table that were read.
    public var masterIndex: Int32?
    /// The VLAN in a bridge that keeps them apart.
    public var vlan: VLANID?
    /// The peer a VXLAN device sends to.
    public var destination: IPAddress?
    /// The peer's UDP port when it is not the device's.
    public var udpPort: UInt16?
    /// The peer's VNI when it is not the device's.
    public var vni: VNI?
    /// The underlay link to the peer.
    public var viaIndex: Int32?
    public var state: NeighbourState
    public var flags: NeighbourFlags
    /// How long ago it was last confirmed by a frame, where the kernel tells.
    public var age: Duration?

    /// Describes an entry, by default a static one in the table of the port's bridge.
    public init(
        linkIndex: Int32, mac: MACAddress, table: Table = .bridge, vlan: VLANID? = nil, destination: IPAddress? = nil,
        udpPort: UInt16? = nil, vni: VNI? = nil, state: NeighbourState = .noARP, flags: NeighbourFlags = []
    ) {
        self.linkIndex = linkIndex
        self.mac = mac
        self.table = table
        self.vlan = vlan
        self.destination = destination
        self.udpPort = udpPort
        self.vni = vni
        self.state = state
        self.flags = flags
    }

    /// Whether a bridge learnt it from a frame: such an entry ages and moves.
    public var isLearned: Bool { state.isDisjoint(with: [.noARP, .permanent]) && !flags.contains(.externallyLearned) }
    /// Whether it is the address of the bridge or of a port itself.
    public var isLocal: Bool { state.contains(.permanent) }

    /// `02:00:00:00:00:01 vlan 5 dst 192.0.2.12`.
    public var description: String {
        "\(mac)" + (vlan.map { " vlan \($0)" } ?? "") + (destination.map { " dst \($0)" } ?? "")
    }
}
