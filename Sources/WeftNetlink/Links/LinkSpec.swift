import WeftTypes

/// A link to be made, with what the kernel honours at creation (`ip link add`).
///
/// An alias, IPv4 switches or the IPv6 address mode are not among it: the kernel ignores them in the creating message, so they
/// are set by ``RouteNetlink/setLink(_:_:)`` afterwards.
public struct LinkSpec: Hashable, Sendable {
    /// What kind of device to make.
    public enum Kind: Hashable, Sendable {
        case bridge(BridgeAttributes)
        case veth(peer: VethPeer)
        /// A VLAN on the link with the number `on`.
        case vlan(VLANAttributes, on: Int32)
        case vxlan(VXLANAttributes)
        /// Any other kind that needs no attributes, such as `dummy` or `ifb`, by the kernel's name for it.
        case other(String)

        /// The kernel's name for the kind.
        public var name: String {
            switch self {
            case .bridge: "bridge"
            case .veth: "veth"
            case .vlan: "vlan"
            case .vxlan: "vxlan"
            case .other(let name): name
            }
        }
    }

    public var name: String
    public var kind: Kind
    /// The Ethernet address; the kernel makes one up when nil. A bridge's stays as given, whatever ports join it.
    public var mac: MACAddress?
    /// A bridge takes it for a start, then follows its smallest port until ``RouteNetlink/setLink(_:_:)`` has set one.
    public var mtu: Int?
    public var group: UInt32?
    public var txQueueLength: Int?
    /// The bridge to join at once.
    public var masterIndex: Int32?
    /// Whether it is brought up at once.
    public var isUp: Bool

    /// Creates a description; nothing is made yet.
    public init(
        name: String, kind: Kind, mac: MACAddress? = nil, mtu: Int? = nil, group: UInt32? = nil, txQueueLength: Int? = nil,
        masterIndex: Int32? = nil, isUp: Bool = false
    ) {
        self.name = name
        self.kind = kind
        self.mac = mac
        self.mtu = mtu
        self.group = group
        self.txQueueLength = txQueueLength
        self.masterIndex = masterIndex
        self.isUp = isUp
    }
}

/// The other end of a veth pair, made with the first, if wanted in another namespace at once.
public struct VethPeer: Hashable, Sendable {
    public var name: String
    public var mac: MACAddress?
    public var mtu: Int?
    public var group: UInt32?
    /// An open descriptor of the network namespace it is made in; nil for the one of the first end.
    public var namespaceDescriptor: Int32?

    /// Creates a description. The peer is down at first: the kernel can't bring up one end before it has the other.
    public init(
        name: String, mac: MACAddress? = nil, mtu: Int? = nil, group: UInt32? = nil, namespaceDescriptor: Int32? = nil
    ) {
        self.name = name
        self.mac = mac
        self.mtu = mtu
        self.group = group
        self.namespaceDescriptor = namespaceDescriptor
    }
}

/// What to change about a link in one request (`ip link set`); nil leaves it as it is.
public struct LinkChange: Hashable, Sendable {
    /// A new name. A device that is up can't be renamed on every kernel.
    public var name: String?
    public var isUp: Bool?
    public var isPromiscuous: Bool?
    /// Whether all multicast frames are received.
    public var isAllMulticast: Bool?
    public var mac: MACAddress?
    public var mtu: Int?
    public var txQueueLength: Int?
    /// The largest superframe in bytes.
    public var gsoMaxSize: Int?
    /// The bridge to join, or 0 to leave the present one.
    public var masterIndex: Int32?
    public var group: UInt32?
    /// A text of at most 255 bytes; empty removes it.
    public var alias: String?
    public var addressGeneration: IPv6AddressGeneration?
    public var ipv4: IPv4LinkSettings?
    /// An open descriptor of the network namespace it is moved to; addresses and routes are lost on the way.
    public var namespaceDescriptor: Int32?
    /// What to change about a bridge.
    public var bridge: BridgeAttributes?

    /// Creates a change, by default of nothing.
    public init(
        name: String? = nil, isUp: Bool? = nil, isPromiscuous: Bool? = nil, mac: MACAddress? = nil, mtu: Int? = nil,
        masterIndex: Int32? = nil, group: UInt32? = nil, alias: String? = nil,
        addressGeneration: IPv6AddressGeneration? = nil, ipv4: IPv4LinkSettings? = nil, namespaceDescriptor: Int32? = nil,
        bridge: BridgeAttributes? = nil
    ) {
        self.name = name
        self.isUp = isUp
        self.isPromiscuous = isPromiscuous
        self.mac = mac
        self.mtu = mtu
        self.masterIndex = masterIndex
        self.group = group
        self.alias = alias
        self.addressGeneration = addressGeneration
        self.ipv4 = ipv4
        self.namespaceDescriptor = namespaceDescriptor
        self.bridge = bridge
    }
}
