import WeftTopology
import WeftTypes

/// The plans that an agent was asked for and may be told to carry out: the last 20 of them, for an hour each.
struct PlanShelf: Sendable {
    /// A plan with the file it is of.
    struct Entry: Sendable {
        var plan: FabricPlan
        var topology: Topology
        var file: [UInt8]
        /// What is written beside the revision.
        var note: String
        var made: Instant
    }

    private static let countLimit = 20
    private static let lifetime = Duration.seconds(3600)

    private var entries: [Entry] = []

    /// Puts a plan on the shelf; one that is there already begins anew.
    mutating func put(_ entry: Entry) {
        entries.removeAll { $0.plan.hash == entry.plan.hash }
        entries.append(entry)
        if entries.count > Self.countLimit { entries.removeFirst() }
    }

    /// The plans that a hash, or its beginning, names and that are not too old.
    func plans(named name: String, now: Instant) -> [Entry] {
        entries.filter { $0.plan.answers(to: name) && $0.made.duration(to: now) < Self.lifetime }
    }
}
