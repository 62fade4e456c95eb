import WeftTypes

/// What an agent keeps of the fabric's revisions across restarts.
public struct SavedRevisions: Hashable, Sendable {
    /// A yes to a proposal that was not decided yet, as far as this host knows: it is in doubt.
    public struct Promise: Hashable, Sendable {
        public var stamp: RevisionStamp
        public var proposer: TopologyName
        /// Which of the proposer's proposals it was.
        public var serial: UInt64

        /// Describes a promise.
        public init(stamp: RevisionStamp, proposer: TopologyName, serial: UInt64) {
            (self.stamp, self.proposer, self.serial) = (stamp, proposer, serial)
        }
    }

    /// The fabric's revision that this host runs; nil before the first.
    public var current: RevisionStamp?
    /// Whether ``current`` is for good.
    public var isConfirmed: Bool
    /// What runs again when ``current`` is not confirmed; nil is the file the agent was given.
    public var fallback: RevisionStamp?
    /// A file for this host alone, which goes before ``current``.
    public var override: RevisionStamp?
    public var promise: Promise?
    /// The last proposal of this host.
    public var proposal: RevisionNews.Proposal?

    /// Nothing was committed yet, unless told otherwise.
    public init(
        current: RevisionStamp? = nil, isConfirmed: Bool = true, fallback: RevisionStamp? = nil, override: RevisionStamp? = nil,
        promise: Promise? = nil, proposal: RevisionNews.Proposal? = nil
    ) {
        (self.current, self.isConfirmed, self.fallback) = (current, isConfirmed, fallback)
        (self.override, self.promise, self.proposal) = (override, promise, proposal)
    }

    /// The revision that decides what the host has; nil is the file the agent was given.
    public var ruling: RevisionStamp? { override ?? current }
}

/// A revision whose content is here, with what this host has to say of it.
public struct ExaminedRevision: Hashable, Sendable {
    /// Its name and size.
    public let stamp: RevisionStamp
    /// The revision without its file.
    public let header: Revision
    /// Why this host can't carry it out; nil when it can.
    public let problem: String?

    /// Describes a revision that was looked at.
    public init(_ revision: Revision, problem: String? = nil) {
        (self.stamp, self.header, self.problem) = (revision.stamp, revision.withoutFile, problem)
    }
}
