import WeftTopology
import WeftTypes

/// What came of a check.
public struct CheckVerdict: Hashable, Sendable {
    /// The check.
    public let check: Check
    /// Whether the traffic arrives, and what answers it comes back.
    public let isReached: Bool
    /// Why it arrives or does not, in a sentence.
    public let cause: String
    /// The packets that were followed, up to the first that does not arrive.
    public let legs: [Leg]

    /// Whether it is as the check expects.
    public var isAsExpected: Bool { isReached == (check.expectation == .allow) }

    /// One packet of the talk between the two.
    public struct Leg: Hashable, Sendable {
        /// What kind of packet.
        public let packet: String
        /// The port that sends it.
        public let from: TopologyName
        /// The port that it is for.
        public let to: TopologyName
        /// The segment it is sent into.
        public let segment: TopologyName
        /// Where it went.
        public let journey: Journey

        /// Whether it arrives.
        public var arrives: Bool { journey.deliveries.contains(to) }
    }
}

extension Check.Traffic {
    /// The traffic as the command line names it: `icmp`, `arp`, `tcp/80`, `udp/53`.
    public var name: String {
        switch self {
        case .icmp: "icmp"
        case .arp: "arp"
        case .tcp(let port): "tcp/\(port)"
        case .udp(let port): "udp/\(port)"
        }
    }
}
