import WeftTypes

/// What applying a file to a fabric would do, and a name for exactly that.
public struct FabricPlan: Hashable, Sendable {
    /// The revision it would build on; nil when nothing was committed yet.
    public let base: RevisionStamp?
    /// What changes.
    public let difference: TopologyDifference
    /// Of the file, the base and the changes, never of what hosts have learnt: 64 hexadecimal digits, the first six for people.
    public let hash: String

    /// Plans `file`, which says `topology`, for a fabric that runs `former`.
    public init(of file: [UInt8], saying topology: Topology, over former: Topology?, base: RevisionStamp?) {
        self.base = base
        difference = TopologyDifference(from: former, to: topology)
        var text = "weft plan 1\n\(RevisionID(of: file))\n\(base?.id.description ?? "none")\n"
        for line in difference.lines { text += line + "\n" }
        hash = RevisionID(of: Array(text.utf8)).description
    }

    /// The number a revision of this plan gets.
    public var nextNumber: UInt64 { (base?.number ?? 0) + 1 }

    /// The hash as people are told it.
    public var shortHash: String { String(hash.prefix(6)) }

    /// Whether `name` is this plan's hash, or at least six digits of its beginning.
    public func answers(to name: String) -> Bool {
        name.utf8.count >= 6 && hash.hasPrefix(name.lowercased())
    }
}
