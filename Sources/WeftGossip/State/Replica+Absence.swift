import WeftTypes

// The failure detector only advises: that a node is dead removes none of its records. Three things are done about the absent, all
// of them reversible by the node itself: another node at the same tunnel end point takes its place after a while, it is forgotten
// after a week, and what it said before a restart goes when the restart has said all.

extension Replica {
    /// A node has come, or come back; one that is only suspected of being gone takes nobody's place.
    mutating func memberIsPresent(
        _ id: NodeID, isAlive: Bool = true, now: Instant, into effects: inout [GossipNode.Effect]
    ) {
        let index = absences.partitionPoint { $0.id < id }
        if index < absences.count, absences[index].id == id { absences.remove(at: index) }
        let place = place(of: id)
        guard place.isFound else { return }
        if self[place].isSuperseded { setSuperseded(place, false, into: &effects) }
        if isAlive { supersedeOthers(at: place, now: now, into: &effects) }
    }

    /// A node is dead or has left. Nobody takes its place yet: it may be the new one of two at a tunnel end point that is wrongly held
    /// dead, while the old one's death is not known here. Its records lead to the same host, so waiting costs nothing.
    mutating func memberIsAbsent(_ id: NodeID, now: Instant) {
        guard id != own, !isAbsent(id) else { return }
        insertAbsence(of: id, since: now)
        successions.append(Absence(id: id, since: now))
    }

    /// Lets one that is known to live take the place of one that has been absent long enough.
    private mutating func succeed(_ absence: Absence, isAlive: (NodeID) -> Bool, into effects: inout [GossipNode.Effect]) {
        let index = absences.partitionPoint { $0.id < absence.id }
        guard index < absences.count, absences[index].id == absence.id, absences[index].since == absence.since else { return }
        let place = place(of: absence.id)
        guard place.isFound, self[place].vtepTag4 != 0 || self[place].vtepTag6 != 0 else { return }
        let origin = self[place]
        for other in sharers(of: origin) where isAlive(other) {
            setSuperseded(place, true, into: &effects)
            return
        }
    }

    private mutating func insertAbsence(of id: NodeID, since: Instant) {
        absences.insert(Absence(id: id, since: since), at: absences.partitionPoint { $0.id < id })
    }

    func isAbsent(_ id: NodeID) -> Bool {
        let index = absences.partitionPoint { $0.id < id }
        return index < absences.count && absences[index].id == id
    }

    /// A node takes the place of those absent long enough with which it shares a tunnel end point; the caller knows that it is alive.
    mutating func supersedeOthers(at place: Place, now: Instant, into effects: inout [GossipNode.Effect]) {
        guard !absences.isEmpty else { return }
        for other in sharers(of: self[place]) {
            let index = absences.partitionPoint { $0.id < other }
            guard index < absences.count, absences[index].id == other,
                absences[index].since.advanced(by: configuration.recordRetention) <= now
            else { continue }
            let place = self.place(of: other)
            if !self[place].isSuperseded { setSuperseded(place, true, into: &effects) }
        }
    }

    /// The others at the same tunnel end point; one that is back is never among its own, though it may still be among the absent.
    private func sharers(of origin: Origin) -> [NodeID] {
        [origin.vtepTag4, origin.vtepTag6].flatMap { origins(tagged: $0, but: origin.id) }.filter { other in
            let place = place(of: other)
            return place.isFound && sharesVTEP(self[place], origin)
        }
    }

    private func sharesVTEP(_ left: Origin, _ right: Origin) -> Bool {
        guard (left.vtepTag4 != 0 && left.vtepTag4 == right.vtepTag4) || (left.vtepTag6 != 0 && left.vtepTag6 == right.vtepTag6)
        else { return false }
        // Tags are short: the records decide.
        let vteps = left.value(of: .node).map(NodeRecord.vteps) ?? []
        return (right.value(of: .node).map(NodeRecord.vteps) ?? []).contains { vteps.contains($0) }
    }

    private mutating func setSuperseded(_ place: Place, _ isSuperseded: Bool, into effects: inout [GossipNode.Effect]) {
        buckets[place.bucket].origins[place.index].isSuperseded = isSuperseded
        let origin = self[place]
        for record in origin.recordsInUse {
            effects.append(.recordChanged(origin: origin.id, record.key, isSuperseded ? nil : record.value))
        }
    }

    // MARK: What time does

    /// When ``tick(now:isPresent:into:)`` has something to do next, for a node that is at `now`.
    func deadline(now: Instant) -> Instant {
        let housekeeping = (lastHousekeeping ?? now).advanced(by: configuration.housekeepingPeriod)
        let retirement = retirements.first?.deadline ?? housekeeping
        let succession = successions.first?.since.advanced(by: configuration.recordRetention) ?? housekeeping
        return min(retirement, succession, housekeeping)
    }

    /// Drops what has had its time; early and repeated calls change nothing.
    mutating func tick(
        now: Instant, isPresent: (NodeID) -> Bool, isAlive: (NodeID) -> Bool, into effects: inout [GossipNode.Effect]
    ) {
        while let first = successions.first, first.since.advanced(by: configuration.recordRetention) <= now {
            successions.removeFirst()
            succeed(first, isAlive: isAlive, into: &effects)
        }
        while let first = retirements.first, first.deadline <= now {
            retirements.removeFirst()
            let place = place(of: first.origin)
            guard place.isFound, self[place].rank == first.rank else { continue }
            update(place, into: &effects) { origin, changes in origin.retire(into: &changes) }
        }
        guard let last = lastHousekeeping else {
            lastHousekeeping = now
            return
        }
        guard last.duration(to: now) >= configuration.housekeepingPeriod else { return }
        lastHousekeeping = now
        collectTombstones(now: now, into: &effects)
        forgetAbsent(now: now, isPresent: isPresent, into: &effects)
    }

    private mutating func forgetAbsent(now: Instant, isPresent: (NodeID) -> Bool, into effects: inout [GossipNode.Effect]) {
        // Of some origins membership has never heard: their time starts when that is seen.
        for id in originIDs where id != own && !isAbsent(id) && !isPresent(id) {
            insertAbsence(of: id, since: now)
        }
        for absence in absences where absence.since.duration(to: now) >= configuration.forgetAfter {
            guard let origin = origin(absence.id), !origin.isForgotten else { continue }
            forget(absence.id, epoch: origin.epoch, into: &effects)
        }
    }
}
