/// A revision of the fabric's topology, as `weft history` lists it.
public struct RevisionReport: Codable, Hashable, Sendable {
    /// Its number; revisions are counted per fabric.
    public var revision: UInt64
    /// What names its content: 64 hexadecimal digits.
    public var id: String
    /// Whether this host runs it, waits to hear whether it holds, or ran it before.
    public var state: State
    /// The host whose agent was asked for it.
    public var proposer: String
    /// When, in seconds since 1970 by that host's clock.
    public var timeSeconds: UInt64
    /// What made it.
    public var note: String

    /// What a revision is to the host that was asked.
    public enum State: String, Codable, Hashable, Sendable, CaseIterable {
        /// It runs.
        case current
        /// It runs, and is taken back unless it is confirmed.
        case unconfirmed
        /// It runs on this host alone, whatever the fabric runs.
        case local
        /// This host has said yes to it and was not told whether it holds.
        case inDoubt = "in_doubt"
        /// It ran before.
        case former
    }

    enum CodingKeys: String, CodingKey {
        case revision, id, state, proposer, note
        case timeSeconds = "time_seconds"
    }

    /// Creates a report.
    public init(revision: UInt64, id: String, state: State, proposer: String, timeSeconds: UInt64, note: String) {
        (self.revision, self.id, self.state) = (revision, id, state)
        (self.proposer, self.timeSeconds, self.note) = (proposer, timeSeconds, note)
    }
}
