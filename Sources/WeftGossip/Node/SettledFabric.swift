import WeftTypes

/// A fabric in which all know the same, made at once instead of by gossip: thousands of nodes that are to be looked at when they have
/// long found each other, as in a simulation whose start would take hours.
///
/// The nodes share their replicas' storage until they differ.
public struct SettledFabric: Sendable {
    private let configuration: GossipConfiguration
    private var table: MemberTable?
    private var replica: Replica?

    /// Begins one without members.
    public init(_ configuration: GossipConfiguration) { self.configuration = configuration }

    /// Adds a member in epoch 1 that has written these records, in this order; one that is there already must not be added again.
    public mutating func add(
        _ id: NodeID, at address: GossipAddress, records: [(key: RecordKey, value: RecordValue)], now: Instant
    ) {
        let entry = MemberEntry(id: id, incarnation: Incarnation(epoch: 1), address: address, changed: now)
        if table == nil { table = MemberTable(own: entry) } else { table?.insert(entry) }
        var delta = Delta(origin: id, epoch: 1, floor: 0, from: 0, to: UInt64(records.count))
        delta.records = records.enumerated().map { Record(key: $1.key, version: UInt64($0 + 1), value: $1.value) }
        var all = replica ?? Replica(configuration, own: id, epoch: 1)
        replica = nil
        all.adopt(delta)
        replica = all
    }

    /// The node of a member, which knows all that were added; `seed` is all the randomness it uses. Nil for one that was not added.
    public func node(_ id: NodeID, random seed: UInt64, now: Instant) -> GossipNode? {
        guard var table, let replica, let slot = table.slot(of: id) else { return nil }
        table.swapWithOwn(slot)
        var node = GossipNode(configuration, identity: id, epoch: 1, random: seed, now: now)
        node.membership.table = table
        node.replication.replica = Replica(replica, as: id)
        return node
    }
}
