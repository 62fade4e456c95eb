import WeftTypes

/// A figure that the gossip has to reach, as it is measured in virtual time; each is measured with a number of nodes and a seed.
public enum Figure: String, Hashable, Sendable, CaseIterable {
    /// A route update reaches all members of the segment.
    case g1 = "G1"
    /// The same while datagrams are lost, and nothing is missed in the end.
    case g2 = "G2"
    /// A crash is known everywhere.
    case g3 = "G3"
    /// Nobody who runs is declared dead at 5 % loss.
    case g4 = "G4"
    /// Nobody who runs is declared dead by nodes that are stopped again and again, in comparison with plain SWIM.
    case g4Grid = "G4-GRID"
    /// What a node sends while nothing happens.
    case g6 = "G6"
    /// Both halves of a long partition know the same soon after it heals.
    case g8 = "G8"
    /// Cold nodes that start within a second soon have one view.
    case g10 = "G10"
    /// No record is lost or resurrected under mixed faults.
    case g11 = "G11"
    /// The same seed gives the same trace, and an idle fabric costs little to simulate.
    case g12 = "G12"
    /// All hosts send to the new place of a station that moved.
    case m1 = "M1"

    /// What is measured, in a few words.
    public var title: String {
        switch self {
        case .g1: "a route update reaches all members"
        case .g2: "the same under loss; missed after repair"
        case .g3: "a crash is known everywhere"
        case .g4: "false deaths at 5 % loss"
        case .g4Grid: "false deaths on a grid of pauses"
        case .g6: "idle traffic sent, bytes/s and node"
        case .g8: "partition of 10 min healed, 10 000 changes a side"
        case .g10: "cold nodes within 1 s have one view"
        case .g11: "records lost or resurrected by mixed faults"
        case .g12: "same trace; 60 s idle simulated in"
        case .m1: "all hosts follow a station that moved"
        }
    }

    /// How many nodes it is measured with unless told otherwise.
    public var usualNodeCount: Int {
        switch self {
        case .g2, .g8, .g10, .g12, .m1: 1000
        case .g1, .g3, .g4, .g6: 100
        case .g4Grid: 128
        case .g11: 8
        }
    }
}

/// How much of a figure is measured.
public struct FigureSize: Hashable, Sendable {
    public var nodeCount: Int
    /// How many updates ``Figure/g1`` and ``Figure/g2`` make, a thousand a second; nil for twenty, each after all know the one before.
    public var updateCount: Int?

    public init(nodeCount: Int, updateCount: Int? = nil) { (self.nodeCount, self.updateCount) = (nodeCount, updateCount) }
}

/// One line of the table: a measured value beside its limit.
public struct FigureRow: Hashable, Sendable {
    public var figure: Figure
    public var nodeCount: Int
    /// What is special about this line, such as `5 % loss`; empty for nothing.
    public var condition: String
    public var measured: String
    public var limit: String
    public var isReached: Bool
    /// How much stands behind it, such as `99 000 deliveries`.
    public var basis: String
}
