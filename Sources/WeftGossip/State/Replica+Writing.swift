import WeftTypes

extension Replica {
    /// Whether a record may be written: there is room, or it is there already.
    func mayWrite(_ key: RecordKey) -> Bool {
        let origin = ownOrigin
        return origin.records.count < configuration.maximumOwnRecords || origin.index(of: key).isFound
    }

    /// Writes one of this node's own records, or withdraws it with nil; returns the version, or nil if nothing changes.
    mutating func write(
        _ key: RecordKey, _ value: RecordValue?, now: Instant, into effects: inout [GossipNode.Effect]
    ) -> UInt64? {
        let place = place(of: own)
        let origin = self[place]
        let record = origin.index(of: key)
        let old = record.isFound ? origin.records[record.index].value : nil
        guard old != value else { return nil }
        let version = origin.through + 1
        var delta = Delta(origin: own, epoch: origin.epoch, floor: origin.floor, from: version - 1, to: version)
        delta.salt = origin.salt
        delta.records = [Record(key: key, version: version, value: value)]
        update(place, into: &effects) { origin, changes in origin.apply(delta, into: &changes) }
        if value == nil { ownTombstones.append((version, now)) }
        return version
    }

    /// Goes to a later epoch with all that is in use here, numbered anew; what was withdrawn needs no tombstone in it.
    ///
    /// The node record comes last, so that it is settled only after all others.
    mutating func restart(epoch: UInt32, into effects: inout [GossipNode.Effect]) {
        let place = place(of: own)
        ownTombstones = []
        update(place, into: &effects) { origin, changes in
            let live = origin.records.filter { $0.value != nil }
            let ordered = live.filter { $0.key != .node } + live.filter { $0.key == .node }
            origin.start(epoch: epoch, salt: origin.salt)
            origin.pending = Origin.UnderWay()
            origin.records = ordered.enumerated().map { index, record in
                Record(key: record.key, version: UInt64(index) + 1, value: record.value)
            }
            .sorted { $0.key < $1.key }
            origin.through = UInt64(ordered.count)
            changes = []
        }
    }

    /// Collects this node's own tombstones that are old enough; others follow its floor.
    mutating func collectTombstones(now: Instant, into effects: inout [GossipNode.Effect]) {
        let count = ownTombstones.prefix { $0.withdrawn.duration(to: now) >= configuration.tombstoneAge }.count
        guard count > 0 else { return }
        let floor = ownTombstones[count - 1].version
        ownTombstones.removeFirst(count)
        update(place(of: own), into: &effects) { origin, _ in origin.raiseFloor(to: floor) }
    }
}
