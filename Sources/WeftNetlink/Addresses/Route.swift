import WeftTypes

/// A route, as `ip route show table all` prints it.
public struct Route: Hashable, Sendable, CustomStringConvertible {
    /// What happens to a packet (`RTN_…`).
    public enum Action: UInt8, Hashable, Sendable {
        case unicast = 1, local, broadcast, anycast, multicast, blackhole, unreachable, prohibit, `throw`
    }

    /// One way for a packet to go.
    public struct NextHop: Hashable, Sendable {
        /// The router, of whichever family; nil when the destination is on the link.
        public var gateway: IPAddress?
        public var linkIndex: Int32?
        /// Whether the gateway is taken to be on the link although no address says so.
        public var isOnLink: Bool

        public init(gateway: IPAddress? = nil, linkIndex: Int32? = nil, isOnLink: Bool = false) {
            self.gateway = gateway
            self.linkIndex = linkIndex
            self.isOnLink = isOnLink
        }
    }

    /// Where it leads to; length 0 is the default route.
    public var destination: IPPrefix
    /// The ways there: none for an action that needs none, several for a multipath route.
    public var nextHops: [NextHop]
    public var action: Action
    public var scope: AddressScope
    /// The table, 254 (`main`) by default.
    public var table: UInt32
    /// Who added it (`RTPROT_…`): 2 is the kernel, 3 boot, 4 an administrator.
    public var origin: UInt8
    /// Less is better; 0 for IPv6 means 1024.
    public var priority: UInt32
    /// The source address that packets get which have none yet.
    public var preferredSource: IPAddress?
    /// The MTU of the path in bytes.
    public var mtu: Int?

    /// The number of the table `main`.
    public static var mainTable: UInt32 { 254 }

    /// Describes a route with at most one next hop. The scope is `link` without a gateway and over IPv4, as `ip` does it.
    public init(
        destination: IPPrefix, gateway: IPAddress? = nil, linkIndex: Int32? = nil, isOnLink: Bool = false,
        action: Action = .unicast, table: UInt32 = Route.mainTable, origin: UInt8 = 4, priority: UInt32 = 0,
        preferredSource: IPAddress? = nil, mtu: Int? = nil
    ) {
        self.destination = destination
        let hasHop = gateway != nil || linkIndex != nil
        nextHops = hasHop ? [NextHop(gateway: gateway, linkIndex: linkIndex, isOnLink: isOnLink)] : []
        self.action = action
        let isDirect = destination.address.family == .v4 && action == .unicast && gateway == nil
        scope = isDirect ? .link : .universe
        self.table = table
        self.origin = origin
        self.priority = priority
        self.preferredSource = preferredSource
        self.mtu = mtu
    }

    /// The router of a route with a single one.
    public var gateway: IPAddress? { nextHops.count == 1 ? nextHops[0].gateway : nil }
    /// The link of a route with a single one.
    public var linkIndex: Int32? { nextHops.count == 1 ? nextHops[0].linkIndex : nil }

    /// `10.0.0.0/8 via 192.0.2.1 dev 3`.
    public var description: String {
        let hops = nextHops.map { hop in
            (hop.gateway.map { " via \($0)" } ?? "") + (hop.linkIndex.map { " dev \($0)" } ?? "")
        }
        return "\(action == .unicast ? "" : "\(action) ")\(destination)\(hops.joined(separator: " nexthop"))"
    }
}
