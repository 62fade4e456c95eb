import WeftTypes

/// Something an operator has to look at.
public enum GossipAlarm: Hashable, Sendable {
    /// Another running node has the same key, and with it the same identity: a cloned disk image. `address` is where it was
    /// last heard, where that is known.
    case duplicateKey(at: GossipAddress?)
    /// The fabric knew a newer start of this node than its disk did; it went past it.
    case epochRecovered(from: UInt32, to: UInt32)
    /// The table of members is full; this one was refused.
    case tooManyMembers(NodeID)
}
