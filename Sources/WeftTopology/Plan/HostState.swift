import WeftTypes

/// The kernel objects one host should have: the desired side of the loop desired × observed → plan (DESIGN §5).
///
/// It says nothing of the devices of others, of global settings or of the underlay's own devices.
public struct HostState: Hashable, Sendable {
    /// The fabric whose mark the devices carry; nil for every fabric, which only a clean-up can mean.
    public let fabric: TopologyName?
    /// The devices in the order they are made: bridges, uplinks, ports.
    public let devices: [HostDevice]
    /// The devices of others that ports stand for, sorted by port.
    public let foreign: [ForeignDevice]
    /// Where the underlay addresses are that must be usable before traffic can leave.
    public let underlay: Host.Underlay
    /// What was found wrong with this host when the topology was read for it, such as an unknown owner.
    public let problems: [PlanProblem]

    /// Sorts `devices`; of two with one name, which validation does not let happen, the first in that order stays.
    public init(
        fabric: TopologyName?, devices: [HostDevice], foreign: [ForeignDevice] = [],
        underlay: Host.Underlay = .addresses([]), problems: [PlanProblem] = []
    ) {
        self.fabric = fabric
        self.foreign = foreign.sorted { $0.object < $1.object }
        var names: Set<String> = []
        self.devices = devices.sorted { $0.object < $1.object }.filter { names.insert($0.name).inserted }
        self.underlay = underlay
        self.problems = problems
    }

    /// The state of a host on which nothing of `fabric` is left, nil for nothing of any: planning it is the clean-up.
    public static func nothing(of fabric: TopologyName?) -> HostState { HostState(fabric: fabric, devices: []) }

    /// The named network namespaces that guests' ends live in, sorted: the driver observes these beside the host's own.
    public var guestNamespaces: [String] {
        Set(devices.compactMap { $0.guest?.namespace }).sorted()
    }
}

/// One device a host should have, with the whole of what the agent sets on it.
public struct HostDevice: Hashable, Sendable {
    /// What it carries, and so what it is for.
    public let mark: Mark
    /// The name of the device, at most 15 bytes.
    public let name: String
    /// Which kind of device, and what only that kind has.
    public let kind: Kind
    /// The MAC of the host's side; never a guest's, or a permanent FDB entry would swallow that guest's frames.
    public let mac: MACAddress
    /// The bridge it joins, or nil.
    public let bridge: String?
    /// Whether the agent reads it itself: then what it receives is dropped before the host's stack, which a socket of the
    /// agent's sees it before.
    public let isDirect: Bool

    /// The kinds of devices the agent makes.
    public enum Kind: Hashable, Sendable {
        case bridge
        case tap(Tap)
        case veth(GuestEnd)
        case vlan(VLANDevice)
    }

    /// A persistent TAP device.
    public struct Tap: Hashable, Sendable {
        /// Descriptors of it, one for each queue. More than one makes the device multi-queue, for ever.
        public var queueCount: Int
        /// Whether the agent holds the queues itself. Such a device is always multi-queue.
        public var isHeldByAgent: Bool
        /// The user who may open it besides root; nil and 0 are root alone.
        public var owner: UInt32?

        /// Describes a TAP with one queue, for a virtual machine, unless told otherwise.
        public init(queueCount: Int = 1, isHeldByAgent: Bool = false, owner: UInt32? = nil) {
            self.queueCount = queueCount
            self.isHeldByAgent = isHeldByAgent
            self.owner = owner
        }

        /// Whether the device is made multi-queue. QEMU without `queues=` can't open one that is.
        public var isMultiQueue: Bool { isHeldByAgent || queueCount > 1 }
    }

    /// Which frames of a trunk that joins bridges pass into the host; nil for every other device.
    public let vlanFilter: VLANFilter?
    /// Whether it is a bridge that drops tagged frames: a wire is on it, whose other VLANs are none of its guests' business, nor
    /// is what a guest tags itself the wire's.
    public let filtersVLANs: Bool
    /// Whether it is up; one of a port that is switched off is not.
    public let isUp: Bool

    /// Describes a device.
    public init(
        mark: Mark, name: String, kind: Kind, mac: MACAddress, bridge: String? = nil, isDirect: Bool = false,
        vlanFilter: VLANFilter? = nil, filtersVLANs: Bool = false, isUp: Bool = true
    ) {
        self.vlanFilter = vlanFilter
        self.filtersVLANs = filtersVLANs
        self.isUp = isUp
        self.mark = mark
        self.name = name
        self.kind = kind
        self.mac = mac
        self.bridge = bridge
        self.isDirect = isDirect
    }

    /// What it is for.
    public var object: HostObject { HostObject(mark) }

    /// The settings of a bridge.
    var bridgeOptions: BridgeOptions {
        var options = BridgeOptions.ours
        options.isFilteringVLANs = filtersVLANs
        return options
    }

    /// The guest's end of a veth pair, nil for other devices.
    public var guest: GuestEnd? {
        guard case .veth(let guest) = kind else { return nil }
        return guest
    }
}

/// The end of a veth pair that a guest sees, in a network namespace of its own.
public struct GuestEnd: Hashable, Sendable {
    /// The name of the namespace, as `ip netns` lists it.
    public var namespace: String
    /// The device's name in there.
    public var device: String
    /// The port's MAC.
    public var mac: MACAddress
    /// The port's addresses with the subnet's length, sorted.
    public var addresses: [IPPrefix]
    /// The segment's MTU: the guest's end alone has it.
    public var mtu: Int

    /// Describes a guest's end.
    public init(namespace: String, device: String = "eth0", mac: MACAddress, addresses: [IPPrefix], mtu: Int) {
        self.namespace = namespace
        self.device = device
        self.mac = mac
        self.addresses = Set(addresses).sorted()
        self.mtu = mtu
    }
}
