import Logging
public import WeftTopology

/// What `weft agent` is told on its command line.
public struct AgentOptions: Sendable {
    /// The name of this host in the topology.
    public var host: String
    /// The topology file; read again on SIGHUP. Without one the host has no ports, and ``fabric`` and ``underlay`` say all there is.
    public var topologyPath: String?
    /// The fabric that the file must describe; nil takes whatever it describes.
    public var fabric: String?
    /// What replaces the file's `underlay` of this host.
    public var underlay: Host.Underlay?
    /// Where the API's socket is made.
    public var socketPath: String
    /// Where the agent keeps what must survive it.
    public var stateDirectory: String
    /// Whether what somebody changes of our objects by hand is put right, or only told.
    public var repairs: Bool
    /// Whether everything the agent made is removed when it stops.
    public var removesOnExit: Bool
    /// Where the guests are: on this host, or in a lab's namespaces or machines.
    public var placement: GuestPlacement
    /// Threads that forward; nil chooses by the number of processors.
    public var workerCount: Int?
    /// Where other nodes may be, `HOST[:PORT]` each; the hosts of the file are besides.
    public var joinAddresses: [String]
    /// What replaces the file's `gossip-port` of this host.
    public var gossipPort: UInt16?
    /// The least severe entries that are logged.
    public var logLevel: Logger.Level

    /// What the topology is called in messages.
    var topologySource: String { topologyPath ?? "the command line" }

    /// The socket of an agent unless told otherwise.
    public static var defaultSocketPath: String { "/run/weft/agent.sock" }
    /// Where state is kept unless told otherwise.
    public static var defaultStateDirectory: String { "/var/lib/weft" }

    /// Collects the options; what is left out has its default.
    public init(
        host: String, topologyPath: String?, fabric: String? = nil, underlay: Host.Underlay? = nil,
        socketPath: String = Self.defaultSocketPath, stateDirectory: String = Self.defaultStateDirectory,
        repairs: Bool = true, removesOnExit: Bool = false, placement: GuestPlacement = .host, workerCount: Int? = nil,
        joinAddresses: [String] = [], gossipPort: UInt16? = nil, logLevel: Logger.Level = .info
    ) {
        (self.joinAddresses, self.gossipPort) = (joinAddresses, gossipPort)
        (self.host, self.topologyPath, self.fabric) = (host, topologyPath, fabric)
        (self.underlay, self.socketPath, self.stateDirectory) = (underlay, socketPath, stateDirectory)
        self.repairs = repairs
        (self.removesOnExit, self.placement) = (removesOnExit, placement)
        (self.workerCount, self.logLevel) = (workerCount, logLevel)
    }
}

/// Which objects `weft agent --cleanup` removes.
public enum CleanupScope: Hashable, Sendable {
    /// Those of one fabric.
    case fabric(TopologyName)
    /// Those of every fabric.
    case all
}
