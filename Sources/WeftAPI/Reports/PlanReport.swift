/// What applying a topology would change.
public struct PlanReport: Codable, Hashable, Sendable {
    /// One change.
    public struct Change: Codable, Hashable, Sendable {
        /// `add`, `change` or `remove`.
        public var action: String
        /// `host`, `segment`, `port` or `check`.
        public var kind: String
        public var name: String
        /// What it is, or what changes of it.
        public var detail: String
        /// Why.
        public var reason: String
        /// What somebody notices; `none` when nobody does.
        public var impact: String

        /// Creates an entry.
        public init(action: String, kind: String, name: String, detail: String, reason: String, impact: String) {
            (self.action, self.kind, self.name) = (action, kind, name)
            (self.detail, self.reason, self.impact) = (detail, reason, impact)
        }
    }

    /// The changes of one host.
    public struct Host: Codable, Hashable, Sendable {
        public var host: String
        public var changes: [Change]

        /// Creates an entry.
        public init(host: String, changes: [Change]) { (self.host, self.changes) = (host, changes) }
    }

    /// The fabric's name.
    public var fabric: String
    /// What the file is called.
    public var file: String
    /// The revision it builds on; 0 when nothing was committed yet.
    public var base: UInt64
    /// The number the revision would get.
    public var revision: UInt64
    /// What names this plan: 64 hexadecimal digits, of which the first six are enough.
    public var hash: String
    /// What belongs to no single host.
    public var changes: [Change]
    /// The hosts with changes, sorted by name.
    public var hosts: [Host]
    /// What the file's checks warn of, rendered as `weft validate` does; empty without warnings.
    public var warnings: String

    /// Creates a report.
    public init(
        fabric: String, file: String, base: UInt64, revision: UInt64, hash: String, changes: [Change], hosts: [Host],
        warnings: String = ""
    ) {
        (self.fabric, self.file, self.base, self.revision) = (fabric, file, base, revision)
        (self.hash, self.changes, self.hosts, self.warnings) = (hash, changes, hosts, warnings)
    }

    /// Whether nothing would change.
    public var isEmpty: Bool { changes.isEmpty && hosts.isEmpty }
    /// All changes, those of no single host first.
    public var all: [Change] { changes + hosts.flatMap(\.changes) }
}
