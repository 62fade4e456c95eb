/// A statement about the fabric that `weft test` proves or refutes.
public struct Check: Hashable, Sendable {
    /// The port the traffic starts at.
    public let from: TopologyName
    /// The port it is meant for.
    public let to: TopologyName
    /// What kind of traffic.
    public let traffic: Traffic
    /// Whether it has to arrive.
    public let expectation: Expectation

    /// The kinds of traffic a check sends; a port is 1…65535.
    public enum Traffic: Hashable, Sendable {
        case icmp, arp
        case tcp(port: UInt16)
        case udp(port: UInt16)
    }

    /// What has to come of it.
    public enum Expectation: String, Hashable, Sendable, CaseIterable {
        case allow, deny
    }

    /// Creates a check.
    public init(from: TopologyName, to: TopologyName, traffic: Traffic = .icmp, expectation: Expectation = .allow) {
        self.from = from
        self.to = to
        self.traffic = traffic
        self.expectation = expectation
    }
}
