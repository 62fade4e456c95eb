import WeftForwarding
import WeftTypes

/// How a data plane is set up; all of it is fixed while it runs.
public struct DataPlaneConfiguration: Hashable, Sendable {
    /// Our VTEP addresses, at most one of each family; what we send comes from them, and only there do we receive.
    public var addresses: [IPAddress]
    /// The UDP port we receive on (X2).
    public var udpPort: UInt16
    /// Threads that forward; nil chooses by the number of processors.
    public var workerCount: Int?
    /// Transmit sockets of each family: the number of source ports among which flows are spread (X3).
    public var sourcePortCount: Int
    /// How long a learnt address lives without a frame.
    public var ageing: Duration
    /// The most stations the FDB learns; each takes about 110 bytes.
    public var fdbLimit: Int
    /// The most addresses of other hosts' stations that questions are answered for; each takes about 80 bytes.
    public var bindingLimit: Int
    /// The most stations at once for which late frames are sent on (X9).
    public var lateRouteLimit: Int { 65_536 }
    /// Whether UDP_SEGMENT may be used where the kernel has it.
    public var segmentsDatagrams: Bool
    /// Whether UDP_GRO may be used where the kernel has it.
    public var mergesReceived: Bool
    /// How the paths to other agents are probed; nil probes none. Probes of others are answered either way.
    public var pathDiscovery: PathDiscovery.Configuration? = PathDiscovery.Configuration()

    /// Sets up a data plane.
    public init(
        addresses: [IPAddress], udpPort: UInt16 = VTEP.defaultUDPPort, workerCount: Int? = nil, sourcePortCount: Int = 8,
        ageing: Duration = .seconds(300), fdbLimit: Int = 131_072, bindingLimit: Int = 262_144,
        segmentsDatagrams: Bool = true, mergesReceived: Bool = true
    ) {
        self.addresses = addresses
        self.udpPort = udpPort
        self.workerCount = workerCount
        self.sourcePortCount = sourcePortCount
        self.ageing = ageing
        self.fdbLimit = fdbLimit
        self.bindingLimit = bindingLimit
        self.segmentsDatagrams = segmentsDatagrams
        self.mergesReceived = mergesReceived
    }
}
