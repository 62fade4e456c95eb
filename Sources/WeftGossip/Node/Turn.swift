import WeftTypes

/// What one call of ``GossipNode/handle(_:now:into:)`` carries through membership and state: the time, what goes out, and
/// what one of the two learnt that the other has to know.
struct Turn {
    /// The running clock: it stands still while the node itself was stopped, so that a pause makes nobody else look late.
    var now: Instant
    /// Datagrams being put together.
    var outbox: Outbox
    /// For the shell, in order.
    var effects: [GossipNode.Effect] = []
    /// The node's only source of randomness.
    var random: SeededRandom
    var counters: GossipCounters
    /// Statements about members that the state's push tree or another part brought in; membership takes them in at the end of the turn.
    var learnt: [MemberUpdate] = []
    /// Slots of members whose state, incarnation or address changed, in order; state takes note at the end of the turn.
    var changed: [Int] = []
    /// Statements that everybody should hear now; the push tree spreads them at the end of the turn.
    var news: [MemberUpdate] = []
    /// An epoch in which others know more of this node's records than it does itself: it has to go past it.
    var lostEpoch: UInt32?
}
