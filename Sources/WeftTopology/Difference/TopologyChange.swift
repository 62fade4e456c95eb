import WeftTypes

/// One thing that is not the same in two topologies, seen from one place.
public struct TopologyChange: Hashable, Sendable {
    /// What becomes of the object.
    public enum Action: String, Hashable, Sendable, CaseIterable {
        case add, change, remove
    }

    /// The kinds of objects a topology has.
    public enum Kind: String, Hashable, Sendable, CaseIterable, Comparable {
        case host, segment, port, check

        /// The order in which a plan shows them.
        private var rank: Int {
            switch self {
            case .host: 0
            case .segment: 1
            case .port: 2
            case .check: 3
            }
        }

        public static func < (left: Kind, right: Kind) -> Bool { left.rank < right.rank }
    }

    /// What somebody notices of it.
    public enum Impact: Hashable, Sendable, CustomStringConvertible {
        /// Nobody notices.
        case none
        /// The guest of this port loses its link, for good or until it is made again.
        case losesLink(TopologyName)
        /// The guest stays as it is, but finds itself among others.
        case changesSegment(TopologyName)
        /// Guests must be told the new MTU.
        case newMTU
        /// The guest has to use the new MAC or address itself.
        case guestMustFollow(TopologyName)
        /// Nothing of the segment crosses between hosts until all have the change.
        case interruptsSegment(TopologyName)
        /// Tunnels to the host are made anew.
        case interruptsHost(TopologyName)

        public var description: String {
            switch self {
            case .none: "none"
            case .losesLink(let port): "\(port) loses its link"
            case .changesSegment(let port): "\(port) keeps its link and leaves its old segment"
            case .newMTU: "guests need the new MTU"
            case .guestMustFollow(let port): "the guest of \(port) must follow"
            case .interruptsSegment(let segment): "\(segment) is interrupted between hosts until all have it"
            case .interruptsHost(let host): "traffic with \(host) is interrupted until all have it"
            }
        }
    }

    /// What becomes of the object.
    public let action: Action
    /// What kind of object it is.
    public let kind: Kind
    /// Its name; of a check its traffic in words.
    public let name: String
    /// What it is, or what changes of it: `mtu auto → 1400`.
    public let detail: String
    /// Why it is here, in words.
    public let reason: String
    /// What somebody notices.
    public let impact: Impact

    /// Describes a change.
    public init(
        _ action: Action, _ kind: Kind, _ name: String, detail: String, reason: String, impact: Impact = .none
    ) {
        (self.action, self.kind, self.name) = (action, kind, name)
        (self.detail, self.reason, self.impact) = (detail, reason, impact)
    }

    /// One line that tells all of it, the same on every host: what a plan's hash covers.
    var line: String { "\(action.rawValue) \(kind.rawValue) \(name): \(detail) (\(reason)); \(impact)" }
}
