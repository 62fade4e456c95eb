/// What the API server asks of an agent; the agent implements it, the server turns the answers into JSON.
///
/// Every function but the last four answers at once from what the agent knows, also before it is ready, and changes nothing.
/// Lists are sorted by name (the FDB by segment and MAC), so that the same state always prints the same.
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
    /// What happens in the fabric; the agent writes it, the server's clients read it.
    var events: EventLog { get }
    /// Asks every node for the digest of its state and compares it with this one's.
    ///
    /// A node that has not answered after `timeout` differs.
    func convergence(timeout: Duration) async throws(APIError) -> ConvergenceReport
    /// Says goodbye to the fabric and stops gossiping until ``join(_:)`` or a restart. The data path keeps its routes.
    ///
    /// - Throws: ``APIError`` when the agent does not gossip.
    func leave() async throws(APIError)
    /// Looks for the fabric at these addresses, each `HOST[:PORT]`, and gossips again after ``leave()``.
    ///
    /// Returns once the addresses are known to make sense and the search has begun; ``events`` tells who was found.
    ///
    /// - Throws: ``APIError`` when the agent does not gossip, or when an address makes no sense.
    func join(_ addresses: [String]) async throws(APIError)
    /// Forgets that an address was found at two places: it goes where it is seen next.
    ///
    /// - Throws: ``APIError`` when the agent does not gossip, does not have the segment, or knows of no such duplicate.
    func clearDuplicate(_ request: ClearRequest) async throws(APIError)
}

/// An agent that does not gossip.
extension AgentReporting {
    /// Nothing ever happens.
    public var events: EventLog { EventLog(capacity: 1) }
    /// Nobody is there to differ from.
    public func convergence(timeout: Duration) async throws(APIError) -> ConvergenceReport { .alone }
    /// Fails.
    public func leave() async throws(APIError) { throw .withoutGossip("leave") }
    /// Fails.
    public func join(_ addresses: [String]) async throws(APIError) { throw .withoutGossip("join") }
    /// Fails.
    public func clearDuplicate(_ request: ClearRequest) async throws(APIError) { throw .withoutGossip("clear a duplicate") }
}

extension APIError {
    /// Why an agent without a key has nothing to join or leave.
    public static func withoutGossip(_ action: String) -> APIError {
        APIError(
            .failed, cannot: action, on: "the fabric", cause: "this agent has no key and does not gossip",
            help: "make a key ring with weft key init and restart the agent")
    }
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
