import WeftTypes

/// A network device as `ip -d link show` prints it.
public struct Link: Hashable, Sendable, Identifiable {
    /// The kernel's number for it, from 1, unique in its network namespace.
    public var index: Int32
    /// Its name, at most 15 bytes.
    public var name: String
    /// Further names by which it can be found (`ip link property add altname`).
    public var alternativeNames: [String] = []
    /// A free text of at most 255 bytes.
    public var alias: String?
    /// Its group number, 0 by default.
    public var group: UInt32 = 0
    /// `UP`, `PROMISC` and others.
    public var flags: LinkFlags = []
    /// Whether it can pass frames, as its driver says (RFC 2863).
    public var operationalState: OperationalState = .unknown
    /// Whether the other end of the wire is there.
    public var hasCarrier: Bool = false
    /// Bytes of the largest packet, Ethernet header excluded.
    public var mtu: Int = 0
    /// The least MTU the driver takes.
    public var minimumMTU: Int = 0
    /// The largest MTU the driver takes; 0 when it does not say.
    public var maximumMTU: Int = 0
    /// Packets that the transmit queue holds.
    public var txQueueLength: Int = 0
    /// Number of transmit queues.
    public var txQueueCount: Int = 1
    /// Number of receive queues.
    public var rxQueueCount: Int = 1
    /// The largest superframe that may be handed to it, in bytes.
    public var gsoMaxSize: Int = 0
    /// How many users asked for promiscuous mode.
    public var promiscuityCount: Int = 0
    /// Its Ethernet address; nil for a device without one.
    public var mac: MACAddress?
    /// The bridge, bond or VRF it is enslaved to.
    public var masterIndex: Int32?
    /// The device below (a VLAN's), or the other end (a veth's).
    public var linkIndex: Int32?
    /// The namespace in which ``linkIndex`` counts, when it is another one: its number as seen from here, -1 when it has none.
    public var linkNamespaceID: Int32?
    /// What kind of device it is, with what is particular to the kind.
    public var kind: Kind = .physical
    /// Its attributes as a port of a bridge.
    public var bridgePort: BridgePort?
    /// How it gets its link-local IPv6 address; nil when IPv6 is absent on it.
    public var addressGeneration: IPv6AddressGeneration?
    /// The switches under `/proc/sys/net/ipv4/conf/<name>`.
    public var ipv4: IPv4LinkSettings = IPv4LinkSettings()
    /// Packets and bytes since the device was made.
    public var statistics: LinkStatistics = LinkStatistics()

    /// The same as ``index``.
    public var id: Int32 { index }
    /// Whether it was brought up.
    public var isUp: Bool { flags.contains(.up) }
    /// The other end's number when this is one of a veth pair.
    public var peerIndex: Int32? { kind == .veth ? linkIndex : nil }

    /// Creates a description; the kernel is not asked.
    public init(index: Int32, name: String) {
        self.index = index
        self.name = name
    }

    /// What kind of device a link is (`IFLA_INFO_KIND`).
    public enum Kind: Hashable, Sendable {
        /// A NIC or the loopback device: no kind is given.
        case physical
        case bridge(BridgeAttributes)
        case veth
        case vlan(VLANAttributes)
        case tun(TunAttributes)
        case vxlan(VXLANAttributes)
        /// Any other, by the kernel's name for it.
        case other(String)

        /// The kernel's name for the kind, nil for a physical device.
        public var name: String? {
            switch self {
            case .physical: nil
            case .bridge: "bridge"
            case .veth: "veth"
            case .vlan: "vlan"
            case .tun: "tun"
            case .vxlan: "vxlan"
            case .other(let name): name
            }
        }
    }
}

/// The flags of a link (netdevice(7)).
public struct LinkFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Brought up by the administrator.
    public static let up = LinkFlags(rawValue: 1 << 0)
    public static let broadcast = LinkFlags(rawValue: 1 << 1)
    public static let loopback = LinkFlags(rawValue: 1 << 3)
    public static let pointToPoint = LinkFlags(rawValue: 1 << 4)
    /// Up, and with a carrier.
    public static let running = LinkFlags(rawValue: 1 << 6)
    public static let noARP = LinkFlags(rawValue: 1 << 7)
    /// Promiscuous by the administrator's wish; see ``Link/promiscuityCount`` for whether it is in force.
    public static let promiscuous = LinkFlags(rawValue: 1 << 8)
    public static let allMulticast = LinkFlags(rawValue: 1 << 9)
    /// Has ports of its own (a bond).
    public static let master = LinkFlags(rawValue: 1 << 10)
    /// Is a port of a bond.
    public static let slave = LinkFlags(rawValue: 1 << 11)
    public static let multicast = LinkFlags(rawValue: 1 << 12)
    /// The driver signals that the lower layer is up.
    public static let lowerUp = LinkFlags(rawValue: 1 << 16)
    public static let dormant = LinkFlags(rawValue: 1 << 17)
}

/// Whether a link can pass frames (RFC 2863 §3.1.14).
public enum OperationalState: UInt8, Hashable, Sendable {
    case unknown, notPresent, down, lowerLayerDown, testing, dormant, up
}

/// How a link gets its link-local IPv6 address (`ip link set … addrgenmode`).
public enum IPv6AddressGeneration: UInt8, Hashable, Sendable {
    /// From the MAC address (RFC 4291, appendix A).
    case eui64
    /// Not at all.
    case none
    /// From a secret (RFC 7217).
    case stablePrivacy
    /// Anew each time.
    case random
}

/// Packets and bytes that passed a link, as `ip -s link` prints them; they never go down while it exists.
public struct LinkStatistics: Hashable, Sendable {
    public var rxPackets: UInt64 = 0
    public var txPackets: UInt64 = 0
    public var rxBytes: UInt64 = 0
    public var txBytes: UInt64 = 0
    public var rxErrors: UInt64 = 0
    public var txErrors: UInt64 = 0
    public var rxDropped: UInt64 = 0
    public var txDropped: UInt64 = 0
    /// Multicast packets received.
    public var multicast: UInt64 = 0

    public init() {}
}

/// IPv4 switches of a link, as under `/proc/sys/net/ipv4/conf/<name>`, set and read by netlink (`IFLA_INET_CONF`).
///
/// Only those named are set; those read are all that the kernel knows.
public struct IPv4LinkSettings: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    /// One switch; the number is the kernel's (`IPV4_DEVCONF_…`).
    public enum Key: Int, Hashable, Sendable, CaseIterable {
        case forwarding = 1
        case proxyARP = 3
        case acceptRedirects = 4
        case sendRedirects = 6
        case rpFilter = 8
        case acceptSourceRoute = 9
        case logMartians = 11
        case arpFilter = 13
        case arpAnnounce = 18
        case arpIgnore = 19
        case arpAccept = 21
        case arpNotify = 22
        case acceptLocal = 23
        case proxyARPPrivateVLAN = 25
        case routeLocalNet = 26
    }

    /// The switches and their values.
    public var values: [Key: Int32]

    /// Creates a set of switches.
    public init(_ values: [Key: Int32] = [:]) { self.values = values }

    public init(dictionaryLiteral elements: (Key, Int32)...) {
        values = Dictionary(elements) { _, last in last }
    }

    /// One switch; nil is "leave it" when set, "not known" when read.
    public subscript(key: Key) -> Int32? {
        get { values[key] }
        set { values[key] = newValue }
    }
}
