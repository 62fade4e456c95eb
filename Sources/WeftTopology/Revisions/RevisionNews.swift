import WeftTypes

/// What a node tells all others of its revisions; each node writes its own and reads everybody's.
public struct RevisionNews: Hashable, Sendable {
    /// The revision a node runs.
    public struct Current: Hashable, Sendable {
        public var stamp: RevisionStamp
        /// Whether it is for good; one that still has to be confirmed may be taken back.
        public var isConfirmed: Bool

        /// Describes what runs.
        public init(_ stamp: RevisionStamp, isConfirmed: Bool = true) { (self.stamp, self.isConfirmed) = (stamp, isConfirmed) }
    }

    /// A node's answer to a proposal.
    public struct Vote: Hashable, Sendable {
        public var id: RevisionID
        /// Why not; nil is a yes, by which the node has promised to go along with whatever is decided.
        public var objection: String?

        /// Describes an answer.
        public init(_ id: RevisionID, objection: String? = nil) { (self.id, self.objection) = (id, objection) }
    }

    /// How far a proposal got.
    public enum Phase: UInt8, Hashable, Sendable, CaseIterable {
        /// Votes are awaited.
        case proposed = 1
        /// It holds: this is the commit point.
        case committed = 2
        /// It never held.
        case aborted = 3
        /// It holds for good.
        case confirmed = 4
        /// It was not confirmed in time, and holds no more.
        case reverted = 5
    }

    /// The last revision a node has proposed.
    public struct Proposal: Hashable, Sendable {
        /// Counts the node's proposals.
        public var serial: UInt64
        public var stamp: RevisionStamp
        public var phase: Phase
        /// Within how many seconds it has to be confirmed; 0 when it needs no confirmation.
        public var confirmSeconds: UInt32

        /// Describes a proposal.
        public init(serial: UInt64, stamp: RevisionStamp, phase: Phase, confirmSeconds: UInt32 = 0) {
            (self.serial, self.stamp, self.phase, self.confirmSeconds) = (serial, stamp, phase, confirmSeconds)
        }
    }

    /// nil before the fabric's first revision.
    public var current: Current?
    /// The node follows a file of its own for now (`weft apply --local`), whatever the fabric runs.
    public var isOverridden: Bool
    public var vote: Vote?
    public var proposal: Proposal?

    /// Describes what a node tells.
    public init(current: Current? = nil, isOverridden: Bool = false, vote: Vote? = nil, proposal: Proposal? = nil) {
        (self.current, self.isOverridden, self.vote, self.proposal) = (current, isOverridden, vote, proposal)
    }
}
