import WeftTypes

/// Something that must not happen, and did.
public struct Violation: Hashable, Sendable, CustomStringConvertible {
    /// What is watched over.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A node was told of a record in an older state than it was told before.
        case resurrected
        /// A node was told that a record is gone which its origin never withdrew, or is not told of one that is there.
        case lost
        /// A node was told something that nobody ever said.
        case invented
        /// A node was told of a member in an older incarnation than before, or that one is better without a newer incarnation.
        case incarnation
        /// A node that runs was declared dead.
        case falseDeath = "false death"
        /// Nodes do not agree, or not with what is.
        case diverged
        /// Something took longer than it may.
        case late
        /// More was sent than may be.
        case traffic
        /// A node raised an alarm, or raised none.
        case alarm
    }

    public var kind: Kind
    /// Since the run began.
    public var at: Duration
    public var text: String

    public var description: String { "\(at.secondsText) s: \(kind.rawValue): \(text)" }
}
