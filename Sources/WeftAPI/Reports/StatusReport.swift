public import WeftTypes

/// An agent in one page: who it is, whether it is ready, and what needs attention.
public struct StatusReport: Codable, Hashable, Sendable {
    /// Something that the operator should look at.
    public struct Alert: Codable, Hashable, Sendable {
        /// What it is about: a port, a peer, a device.
        public var object: String
        /// What is the matter, without the object's name.
        public var text: String
        /// The command that tells more or mends it.
        public var command: String?

        /// Creates an alert.
        /// Creates a report.
        public init(object: String, text: String, command: String? = nil) {
            (self.object, self.text, self.command) = (object, text, command)
        }
    }

    /// A faculty of the kernel that was probed when the agent started.
    public struct Feature: Codable, Hashable, Sendable {
        /// Such as `tap-tso`, `udp-gso` or `udp-gro`.
        public var name: String
        /// Whether the data path uses it.
        public var isInForce: Bool
        /// Why not.
        public var detail: String?

        enum CodingKeys: String, CodingKey {
            case name, detail
            case isInForce = "in_force"
        }

        /// Creates a feature.
        public init(name: String, isInForce: Bool, detail: String? = nil) {
            (self.name, self.isInForce, self.detail) = (name, isInForce, detail)
        }
    }

    /// The host's name in the topology.
    public var host: String
    /// The fabric's name.
    public var fabric: String
    /// The agent's version.
    public var version: String
    /// The agent's process.
    public var processID: Int32
    /// Time since the agent started.
    public var uptimeSeconds: Double
    /// Whether this host's part of the topology is up: what `weft status --wait` waits for.
    public var isReady: Bool
    /// Whether the last look at the kernel found nothing to do.
    public var isConverged: Bool
    /// What is missing for ``isReady``, one sentence each.
    public var waitingFor: [String]
    /// The addresses of the host's tunnel end point.
    public var underlay: [IPAddress]
    /// The UDP port of the host's tunnel end point.
    public var udpPort: UInt16
    /// Segments that this host has.
    public var segmentCount: Int
    /// Ports of this host.
    public var portCount: Int
    /// Ports whose state is `up`.
    public var upPortCount: Int
    /// What needs attention, the worst first.
    public var alerts: [Alert]
    /// What was probed at start.
    public var features: [Feature]
    /// Every peer, sorted by name.
    public var peers: [PeerReport]
    /// Datagrams from addresses that are no peer, by reason; all of them are dropped.
    public var unknownSenderDrops: [String: UInt64] = [:]
    /// Datagrams that the kernel dropped because the data path had not fetched earlier ones yet.
    public var receiveBufferDropCount: UInt64 = 0

    enum CodingKeys: String, CodingKey {
        case host, fabric, version, underlay, alerts, features, peers
        case processID = "process_id"
        case uptimeSeconds = "uptime_seconds"
        case isReady = "ready"
        case isConverged = "converged"
        case waitingFor = "waiting_for"
        case udpPort = "udp_port"
        case segmentCount = "segment_count"
        case portCount = "port_count"
        case upPortCount = "up_port_count"
        case unknownSenderDrops = "unknown_sender_drops"
        case receiveBufferDropCount = "receive_buffer_drops"
    }

    public init(
        host: String, fabric: String, version: String, processID: Int32, uptimeSeconds: Double, isReady: Bool,
        isConverged: Bool, waitingFor: [String] = [], underlay: [IPAddress] = [],
        udpPort: UInt16 = VTEP.defaultUDPPort, segmentCount: Int = 0, portCount: Int = 0, upPortCount: Int = 0,
        alerts: [Alert] = [], features: [Feature] = [], peers: [PeerReport] = []
    ) {
        (self.host, self.fabric, self.version, self.processID) = (host, fabric, version, processID)
        (self.uptimeSeconds, self.isReady, self.isConverged) = (uptimeSeconds, isReady, isConverged)
        (self.waitingFor, self.underlay, self.udpPort) = (waitingFor, underlay, udpPort)
        (self.segmentCount, self.portCount, self.upPortCount) = (segmentCount, portCount, upPortCount)
        (self.alerts, self.features, self.peers) = (alerts, features, peers)
    }
}
