import WeftTypes

extension Replica {
    /// What taking in something from others led to.
    enum Outcome: Hashable {
        case applied
        /// Others know a later state of this node's own records than it does: it lost its memory, or its disk an epoch. It has to go
        /// past this epoch.
        case ownIsBehind(epoch: UInt32)
        /// The bound on origins is reached.
        case refused
    }

    /// Whether what a delta does depends on whether its origin is alive: it may take the place of an absent node then.
    func asksForLife(_ delta: Delta) -> Bool { !absences.isEmpty && delta.records.contains { $0.key == .node } }

    /// Takes in what an origin said, whoever passed it on; `isAlive` tells whether the origin is, if ``asksForLife(_:)``.
    mutating func apply(
        _ delta: Delta, now: Instant, isAlive: Bool, into effects: inout [GossipNode.Effect]
    ) -> Outcome {
        guard delta.origin != own else {
            let origin = ownOrigin
            let isBehind = delta.rank > origin.rank || (delta.rank == origin.rank && delta.to > origin.through)
            return isBehind ? .ownIsBehind(epoch: delta.epoch) : .applied
        }
        let place = place(of: delta.origin)
        if !place.isFound {
            guard originCount < configuration.maximumOrigins else { return .refused }
            insert(Origin(id: delta.origin, epoch: delta.epoch, salt: delta.salt), at: place)
        }
        let rank = self[place].rank
        update(place, into: &effects) { origin, changes in origin.apply(delta, into: &changes) }
        if self[place].rank != rank, self[place].hasPending, !self[place].pending.retained.isEmpty {
            retirements.append(
                Retirement(
                    deadline: now.advanced(by: configuration.recordRetention), origin: delta.origin, rank: self[place].rank))
        }
        if isAlive, asksForLife(delta) { supersedeOthers(at: place, now: now, into: &effects) }
        return .applied
    }

    /// Takes in what an origin said before anybody looked, of this node too.
    mutating func adopt(_ delta: Delta) {
        let place = place(of: delta.origin)
        if !place.isFound { insert(Origin(id: delta.origin, epoch: delta.epoch), at: place) }
        var effects: [GossipNode.Effect] = []
        update(place, into: &effects) { origin, changes in origin.apply(delta, into: &changes) }
    }

    /// Follows the floor that another's digest tells, if all below it is known here.
    mutating func raiseFloor(of id: NodeID, rank: UInt64, to floor: UInt64, into effects: inout [GossipNode.Effect]) {
        let place = place(of: id)
        guard place.isFound, id != own, self[place].rank == rank, !self[place].isForgotten else { return }
        update(place, into: &effects) { origin, _ in origin.raiseFloor(to: floor) }
    }

    /// Takes over that an origin was forgotten; the caller has made sure that its node is not present.
    mutating func forget(_ id: NodeID, epoch: UInt32, into effects: inout [GossipNode.Effect]) {
        let place = place(of: id)
        guard id != own else { return }
        if !place.isFound {
            guard originCount < configuration.maximumOrigins else { return }
            insert(Origin(id: id, epoch: epoch), at: place)
        }
        guard self[place].epoch <= epoch else { return }
        update(place, into: &effects) { origin, changes in origin.forget(epoch: epoch, into: &changes) }
    }
}
