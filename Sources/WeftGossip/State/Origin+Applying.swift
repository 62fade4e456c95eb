import WeftTypes

/// What changed in use: a value, or nil where there is none any more.
struct RecordChange: Hashable {
    var key: RecordKey
    var value: RecordValue?
}

extension Origin {
    /// Takes in a delta of this origin: newer versions win, and what is known without a gap grows.
    ///
    /// Everything up to ``through`` is known, so whatever says a version up to there is old, also when no record of its key is left:
    /// nothing that was withdrawn comes back.
    mutating func apply(_ delta: Delta, into changes: inout [RecordChange]) {
        guard delta.rank >= rank else { return }
        if delta.rank > rank { start(epoch: delta.epoch, salt: delta.salt) }
        if delta.isReplay, delta.floor > through {
            applyReplay(delta, into: &changes)
        } else {
            for record in delta.records where record.version > through { take(record, into: &changes) }
            advance(from: delta.from, to: delta.to)
            // Who sends versions above his floor needn't have told all below it.
            if !delta.isReplay { raiseFloor(to: delta.floor) }
        }
        settle(into: &changes)
    }

    /// Begins a later life: what is in use stays so until the new epoch has said all it has to say.
    mutating func start(epoch: UInt32, salt: UInt32) {
        var old = UnderWay()
        old.retained = recordsInUse
        pending = old
        (self.epoch, self.salt) = (epoch, salt)
        (isForgotten, floor, through, records) = (false, 0, 0, [])
    }

    /// Takes in one record, unless what is known of its key is as new.
    private mutating func take(_ record: Record, into changes: inout [RecordChange]) {
        let place = index(of: record.key)
        let old: RecordValue?
        if place.isFound {
            guard records[place.index].version < record.version else { return }
            old = records[place.index].value
            records[place.index] = record
        } else {
            old = removeRetained(record.key)
            records.insert(record, at: place.index)
        }
        if old != record.value { changes.append(RecordChange(key: record.key, value: record.value)) }
    }

    private mutating func removeRetained(_ key: RecordKey) -> RecordValue? {
        guard hasPending else { return nil }
        let place = Self.index(of: key, in: pending.retained)
        guard place.isFound else { return nil }
        return pending.retained.remove(at: place.index).value
    }

    private mutating func advance(from: UInt64, to: UInt64) {
        // A page of what lies ahead of its sender's own gap stands for no version: it tells nothing of what lies between.
        guard to > through, from < to else { return }
        if from <= through {
            through = to
        } else {
            pending.ahead.insert(from + 1...to)
            return
        }
        if hasPending { through = pending.ahead.advance(through) }
        if let replay = hasPending ? pending.replay : nil, replay.floor <= through { pending.replay = nil }
    }

    /// Follows the origin's floor: tombstones up to it have done their work, for everything up to there is known here.
    mutating func raiseFloor(to floor: UInt64) {
        guard floor > self.floor, floor <= through else { return }
        self.floor = floor
        records.removeAll { $0.value == nil && $0.version <= floor }
    }

    // MARK: Replay

    /// A page of a replay, for an origin below the sender's floor. Old records stay in use until the last page; those it did not
    /// mention were withdrawn by tombstones that are gone.
    private mutating func applyReplay(_ delta: Delta, into changes: inout [RecordChange]) {
        var replay = hasPending ? pending.replay : nil
        if replay?.floor != delta.floor {
            guard delta.from == 0 else { return }
            replay = Replay(floor: delta.floor)
        }
        guard var replay, delta.from <= replay.progress, delta.to > replay.progress || delta.isReplayEnd else { return }
        for record in delta.records {
            if record.version <= delta.floor { replay.seen.append(record.version) }
            if record.version > through { take(record, into: &changes) }
        }
        replay.progress = max(replay.progress, delta.to)
        pending.replay = replay
        guard delta.isReplayEnd, replay.progress >= replay.floor else { return }
        finish(replay, into: &changes)
    }

    private mutating func finish(_ replay: Replay, into changes: inout [RecordChange]) {
        let seen = replay.seen.sorted()
        records.removeAll { record in
            guard record.version <= replay.floor else { return false }
            let index = seen.partitionPoint { $0 < record.version }
            guard index == seen.count || seen[index] != record.version else { return false }
            if record.value != nil { changes.append(RecordChange(key: record.key, value: nil)) }
            return true
        }
        pending.replay = nil
        advance(from: 0, to: replay.progress)
        raiseFloor(to: replay.floor)
    }

    // MARK: Epochs

    /// Drops what only earlier epochs said, once the node record of this one declares that it has said all.
    private mutating func settle(into changes: inout [RecordChange]) {
        guard hasPending, !pending.retained.isEmpty else { return }
        let place = index(of: .node)
        guard place.isFound, records[place.index].version <= through, let value = records[place.index].value,
            NodeRecord.isSettled(value)
        else { return }
        retire(into: &changes)
    }

    /// Drops what only earlier epochs said.
    mutating func retire(into changes: inout [RecordChange]) {
        guard hasPending else { return }
        for record in pending.retained { changes.append(RecordChange(key: record.key, value: nil)) }
        pending.retained = []
    }

    /// Leaves nothing but the fact that the origin was forgotten.
    mutating func forget(epoch: UInt32, into changes: inout [RecordChange]) {
        for record in recordsInUse { changes.append(RecordChange(key: record.key, value: nil)) }
        (self.epoch, salt) = (epoch, 0)
        pending = UnderWay()
        (isForgotten, floor, through, records) = (true, 0, 0, [])
    }
}
