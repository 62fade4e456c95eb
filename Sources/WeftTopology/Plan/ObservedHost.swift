import WeftTypes

/// The kernel objects a host has, as far as a plan depends on them: the observed side of the loop.
public struct ObservedHost: Hashable, Sendable {
    /// Every device of the host's namespace by name, those of others too: a plan must know which names are taken.
    public var links: [String: ObservedLink]
    /// The namespaces that were asked for and exist, with the names of the devices in them.
    public var namespaces: [String: Set<String>]
    /// The namespaces that exist but could not be looked into, with the reason: nothing is decided about what is in them.
    public var unreadableNamespaces: [String: String] = [:]
    /// The addresses of the host's namespace.
    public var addresses: [ObservedAddress]

    /// An empty host, unless told otherwise.
    public init(
        links: [ObservedLink] = [], namespaces: [String: Set<String>] = [:], addresses: [ObservedAddress] = []
    ) {
        self.links = Dictionary(links.map { ($0.name, $0) }) { first, _ in first }
        self.namespaces = namespaces
        self.addresses = addresses
    }

    /// The device that has `name` as its name or as an alternative name: either makes the name taken.
    public func link(answeringTo name: String) -> ObservedLink? {
        if let link = links[name] { return link }
        return links.values.filter { $0.alternativeNames.contains(name) }.min { $0.name < $1.name }
    }
}

/// One device as the kernel shows it.
public struct ObservedLink: Hashable, Sendable {
    public var name: String
    /// Further names by which the kernel finds it (`ip link property add`).
    public var alternativeNames: [String] = []
    public var kind: Kind
    /// The device group, `IFLA_GROUP`.
    public var group: UInt32 = 0
    /// The free text set on it, `IFLA_IFALIAS`.
    public var alias: String?
    public var mac: MACAddress
    /// The MTU in bytes, and the most the device permits.
    public var mtu: Int = 1500
    public var maximumMTU: Int = 65535
    /// Whether it is administratively up, and whether something is at the other end.
    public var isUp = false
    public var hasCarrier = false
    /// The name of the device it is enslaved to.
    public var master: String?
    /// Whether it does what a new port of a bridge does: learn, flood, forward; true for what is in no bridge.
    public var isPlainPort = true
    /// Whether what it receives is dropped before the host's stack and before a bridge, by a filter of ours.
    public var isDeaf = false
    /// Which frames of a trunk pass, by a filter of ours; nil where there is none.
    public var vlanFilter: VLANFilter?
    /// Whether the kernel keeps quiet on it as DESIGN §2 wants, for each family.
    public var isQuietIPv4 = false
    public var isQuietIPv6 = false

    /// What kind of device it is, with the attributes of that kind a plan compares.
    public enum Kind: Hashable, Sendable {
        case bridge(BridgeOptions)
        case tap(ObservedTap)
        /// The guest's end, if it was found in a namespace that was asked for.
        case veth(ObservedGuestEnd?)
        case vlan(VLANDevice)
        /// Any other kind by the kernel's name for it, empty for hardware.
        case other(String)
    }

    /// Describes a device that is down, in no group and without a master.
    public init(name: String, kind: Kind, mac: MACAddress) {
        self.name = name
        self.kind = kind
        self.mac = mac
    }

    /// The kernel's word for the kind of device, for messages.
    public var kindDescription: String {
        switch kind {
        case .bridge: "bridge"
        case .tap: "TAP"
        case .veth: "veth"
        case .vlan: "VLAN"
        case .other(let kind): kind.isEmpty ? "network" : kind
        }
    }
}

/// The settings of a bridge that forwarding depends on.
public struct BridgeOptions: Hashable, Sendable {
    public var isSTPOn: Bool
    public var isSnoopingMulticast: Bool
    /// Whether tagged frames are dropped, where no port says otherwise; nil where the kernel can't do that.
    public var isFilteringVLANs: Bool?
    /// How long an unused FDB entry stays.
    public var ageing: Duration

    /// Describes a bridge's settings.
    public init(isSTPOn: Bool, isSnoopingMulticast: Bool, isFilteringVLANs: Bool?, ageing: Duration) {
        self.isSTPOn = isSTPOn
        self.isSnoopingMulticast = isSnoopingMulticast
        self.isFilteringVLANs = isFilteringVLANs
        self.ageing = ageing
    }

    /// What a new bridge of ours has: it is a wire with a table, loops are prevented elsewhere and tags pass.
    public static let ours = BridgeOptions(
        isSTPOn: false, isSnoopingMulticast: false, isFilteringVLANs: false, ageing: .seconds(300))

    /// Whether they are `wanted`, as far as the kernel can do that.
    func fulfil(_ wanted: BridgeOptions) -> Bool {
        var own = self
        own.isFilteringVLANs = isFilteringVLANs ?? wanted.isFilteringVLANs
        return own == wanted
    }
}

/// A TAP device as the kernel shows it.
public struct ObservedTap: Hashable, Sendable {
    public var isMultiQueue: Bool
    /// Whether it outlives its last descriptor.
    public var isPersistent: Bool
    public var owner: UInt32?
    /// Descriptors that this agent holds: after a restart none, however the device looks.
    public var heldQueueCount: Int

    /// Describes a TAP.
    public init(isMultiQueue: Bool, isPersistent: Bool, owner: UInt32? = nil, heldQueueCount: Int = 0) {
        self.isMultiQueue = isMultiQueue
        self.isPersistent = isPersistent
        self.owner = owner
        self.heldQueueCount = heldQueueCount
    }
}

/// The guest's end of a veth pair, as found in the guest's namespace.
public struct ObservedGuestEnd: Hashable, Sendable {
    public var namespace: String
    public var device: String
    public var mac: MACAddress
    public var mtu: Int
    public var isUp: Bool
    /// All its addresses, also those a guest gave itself.
    public var addresses: [IPPrefix]
    /// Those of `addresses` the agent put there, so those it may take away: a guest's own stay.
    public var ownAddresses: [IPPrefix]

    /// Describes a guest's end.
    public init(
        namespace: String, device: String, mac: MACAddress, mtu: Int, isUp: Bool = false, addresses: [IPPrefix] = [],
        ownAddresses: [IPPrefix] = []
    ) {
        self.namespace = namespace
        self.device = device
        self.mac = mac
        self.mtu = mtu
        self.isUp = isUp
        self.addresses = addresses
        self.ownAddresses = ownAddresses
    }
}

/// An address of the host's own namespace.
public struct ObservedAddress: Hashable, Sendable {
    public var prefix: IPPrefix
    /// The device that has it.
    public var device: String
    /// Still being checked for a duplicate (RFC 4862 §5.4): it can't be used yet.
    public var isTentative: Bool
    /// The check found another station with it: it will never be usable.
    public var isDuplicate: Bool

    /// Describes an address that is usable, unless told otherwise.
    public init(prefix: IPPrefix, device: String, isTentative: Bool = false, isDuplicate: Bool = false) {
        self.prefix = prefix
        self.device = device
        self.isTentative = isTentative
        self.isDuplicate = isDuplicate
    }
}
