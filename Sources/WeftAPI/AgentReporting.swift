/// What the API server asks of an agent; the agent implements it, the server turns the answers into JSON.
///
/// Every function answers at once from what the agent knows, also before it is ready; none changes anything. Lists are
/// sorted by name (the FDB by segment and MAC), so that the same state always prints the same.
public protocol AgentReporting: Sendable {
    func status() async -> StatusReport
    /// The ports of this host; with `.fabric` also those declared on other hosts.
    func ports(_ scope: ListScope) async -> [PortReport]
    /// The segments that this host has; with `.fabric` all of them.
    func segments(_ scope: ListScope) async -> [SegmentReport]
    func peers() async -> [PeerReport]
    func fdb() async -> [FDBEntryReport]
    func hosts() async -> [HostReport]
    /// What only the agent can tell about the health of its host: offloads in force, MTU arithmetic, convergence.
    func doctor() async -> [Finding]
    /// Metrics beyond those that the server derives from the reports.
    func metrics() async -> [MetricFamily]
}

extension AgentReporting {
    /// None beyond those that the server derives.
    public func metrics() async -> [MetricFamily] { [] }
}

/// How far a list reaches.
public enum ListScope: String, Codable, Hashable, Sendable {
    /// This host's objects.
    case host
    /// All that the topology declares.
    case fabric
}

/// What a list request asks for; the same value is written by the client and read by the server.
public struct ListQuery: Hashable, Sendable {
    /// How far the list reaches.
    public var scope: ListScope
    /// Only objects of this host; implies ``ListScope/fabric``.
    public var host: String?
    /// Only objects of this segment.
    public var segment: String?

    /// Asks for this host's objects, unless told otherwise.
    public init(scope: ListScope = .host, host: String? = nil, segment: String? = nil) {
        (self.scope, self.host, self.segment) = (host == nil ? scope : .fabric, host, segment)
    }
}
