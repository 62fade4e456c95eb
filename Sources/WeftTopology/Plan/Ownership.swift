import WeftTypes

/// Whose a device is, read from what it carries: the rule that keeps the agent's hands off everything else (DESIGN §2).
public enum Ownership: Hashable, Sendable {
    /// It carries this fabric's mark.
    case ours(Mark)
    /// It is in our group and has one of our prefixes but no alias of ours: an agent was stopped while making it, or
    /// somebody overwrote the alias.
    case halfMade
    /// It carries the mark of another fabric.
    case otherFabric(Mark)
    /// Everything else.
    case foreign

    /// Reads the owner of `link` as an agent of `fabric` sees it; to nil the mark of any fabric is ours.
    public init(of link: ObservedLink, fabric: TopologyName?) {
        if let mark = link.alias.flatMap({ Mark(alias: $0) }) {
            self = fabric == nil || mark.fabric == fabric ? .ours(mark) : .otherFabric(mark)
        } else if link.group == Mark.group, Self.hasPrefix(link.name) {
            self = .halfMade
        } else {
            self = .foreign
        }
    }

    /// Whether `name` begins as the names do that Weft gives.
    static func hasPrefix(_ name: String) -> Bool { Mark.Kind.allCases.contains { name.hasPrefix($0.devicePrefix) } }

    /// Whether an agent of this fabric may change and remove the device.
    public var isOurs: Bool {
        switch self {
        case .ours, .halfMade: true
        case .otherFabric, .foreign: false
        }
    }
}
