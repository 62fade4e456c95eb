public import WeftTypes

/// One host of the fabric, as the topology declares it and this agent sees it.
public struct HostReport: Codable, Hashable, Sendable {
    /// What this agent knows of a host.
    public enum State: String, Codable, Hashable, Sendable, CaseIterable {
        /// The host this agent runs on.
        case local
        case alive, suspect, dead, left
        /// From the topology file; nobody watches it.
        case `static`
    }

    /// The name in the topology.
    public var name: String
    /// `agent` or `vtep`.
    public var kind: String
    /// The addresses of its tunnel end point.
    public var underlay: [IPAddress]
    /// The UDP port of its tunnel end point.
    public var udpPort: UInt16
    /// What this agent knows of it.
    public var state: State
    /// Segments it has, by name.
    public var segments: [String]
    /// Ports declared on it.
    public var portCount: Int
    /// Labels of the topology.
    public var labels: [String: String]

    enum CodingKeys: String, CodingKey {
        case name, kind, underlay, state, segments, labels
        case udpPort = "udp_port"
        case portCount = "port_count"
    }

    /// Creates a report.
    public init(
        name: String, kind: String = "agent", underlay: [IPAddress], udpPort: UInt16 = VTEP.defaultUDPPort,
        state: State, segments: [String] = [], portCount: Int = 0, labels: [String: String] = [:]
    ) {
        (self.name, self.kind, self.underlay, self.udpPort) = (name, kind, underlay, udpPort)
        (self.state, self.segments, self.portCount, self.labels) = (state, segments, portCount, labels)
    }
}
