/// Which of two statements about a node is newer (SWIM §4.2).
///
/// Only the node itself makes a new one: a start takes the next epoch, a refutation the next number within it. Epochs are
/// kept on disk and written before they are used, so that what a node says after a restart beats what it said before.
@frozen public struct Incarnation: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The number of times the node was started.
    public var epoch: UInt32
    /// The number of times it refuted a suspicion or announced a new address since then.
    public var refutation: UInt32

    /// Encoded size in bytes.
    public static var byteCount: Int { 8 }

    /// Creates an incarnation.
    @inlinable public init(epoch: UInt32, refutation: UInt32 = 0) {
        self.epoch = epoch
        self.refutation = refutation
    }

    /// Both numbers in one, in the order of time.
    @inlinable var rawValue: UInt64 { UInt64(epoch) << 32 | UInt64(refutation) }

    /// The next within the epoch, or the first of the next epoch when the numbers of this one are used up.
    var next: Incarnation {
        refutation == .max ? Incarnation(epoch: epoch &+ 1) : Incarnation(epoch: epoch, refutation: refutation + 1)
    }

    @inlinable public static func < (left: Incarnation, right: Incarnation) -> Bool { left.rawValue < right.rawValue }

    /// `3.1`: the second statement of the third start.
    public var description: String { "\(epoch).\(refutation)" }
}
