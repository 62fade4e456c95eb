import WeftTypes

/// Signs that this node is not the only one with its identity.
struct IdentityWatch {
    /// Recoveries of the epoch since ``since``.
    var recoveries = 0
    var since: Instant?
    /// When an alarm may be raised again.
    var quietUntil: Instant?
    /// When this node may answer a conflict of addresses again.
    var nextAnswer: Instant?
}

extension Membership {
    private static var recoveriesTolerated: Int { 3 }
    private static var watchPeriod: Duration { .seconds(60) }

    /// Somebody makes a statement about this node.
    mutating func heardOfSelf(_ update: MemberUpdate, from sender: GossipAddress?, _ turn: inout Turn) {
        let own = incarnation
        defer {
            // Whoever is behind hears it from this node itself.
            if update.state != .alive || incarnation != own, let sender, !hasLeft {
                tell(sender, of: MemberTable.ownSlot, &turn)
            }
        }
        guard !hasLeft else { return }
        if update.incarnation.epoch > own.epoch {
            recoverEpoch(past: update.incarnation, &turn)
        } else if update.incarnation > own {
            // Within its epoch a node remembers all it said: this was said by another.
            alarmDuplicate(at: update.address, &turn)
            announce(update.incarnation.next, &turn)
        } else if update.incarnation == own, update.state != .alive {
            turn.counters.count(.refutations)
            changeHealth(by: 1)
            announce(own.next, &turn)
        }
    }

    /// The fabric knows a newer start of this node than the node does: its disk or its memory of it was lost. It goes past it,
    /// once; whoever has to do so again and again is answered by another with the same key.
    mutating func recoverEpoch(past claim: Incarnation, _ turn: inout Turn) {
        if let since = identityWatch.since, since.duration(to: turn.now) < Self.watchPeriod {
            identityWatch.recoveries += 1
        } else {
            (identityWatch.since, identityWatch.recoveries) = (turn.now, 1)
        }
        guard identityWatch.recoveries <= Self.recoveriesTolerated, claim.epoch < .max else {
            alarmDuplicate(at: nil, &turn)
            return
        }
        let old = incarnation.epoch
        let epoch = claim.epoch + 1
        turn.effects.append(.persistEpoch(epoch))
        turn.effects.append(.alarm(.epochRecovered(from: old, to: epoch)))
        announce(Incarnation(epoch: epoch), &turn)
    }

    /// Takes a new incarnation and lets everybody hear of it.
    mutating func announce(_ incarnation: Incarnation, _ turn: inout Turn) {
        if incarnation.epoch > self.incarnation.epoch, incarnation.refutation == 0 {
            turn.effects.append(.persistEpoch(incarnation.epoch))
        }
        table.update(MemberTable.ownSlot) { $0.incarnation = incarnation }
        turn.outbox.incarnation = incarnation
        changed(MemberTable.ownSlot, &turn)
        spread(MemberTable.ownSlot, &turn)
    }

    mutating func alarmDuplicate(at address: GossipAddress?, _ turn: inout Turn) {
        if let quietUntil = identityWatch.quietUntil, turn.now < quietUntil { return }
        identityWatch.quietUntil = turn.now.advanced(by: Self.watchPeriod)
        turn.effects.append(.alarm(.duplicateKey(at: address)))
    }

    // MARK: Addresses

    /// A member's datagram came from another address than it is known at: it moved, or there are two of it. It is told, and
    /// says so anew from where it is; that it does so twice tells the two of each other.
    func conflict(_ slot: Int, at address: GossipAddress, _ turn: inout Turn) {
        turn.counters.count(.addressConflicts)
        let update = statement(about: slot)
        turn.outbox.add(.addressConflict, to: address, byteCount: update.byteCount) { update.emit(into: &$0) }
    }

    /// Another knows this node at a different address than its datagrams come from.
    mutating func addressConflict(_ update: MemberUpdate, _ turn: inout Turn) {
        guard update.id == identity, update.incarnation == incarnation, !hasLeft else { return }
        turn.counters.count(.addressConflictsHeard)
        if let next = identityWatch.nextAnswer, turn.now < next { return }
        identityWatch.nextAnswer = turn.now.advanced(by: .seconds(1))
        announce(incarnation.next, &turn)
    }

    /// The shell knows a new address of this node.
    mutating func addressChanged(to address: GossipAddress?, _ turn: inout Turn) {
        guard address != table[MemberTable.ownSlot].address else { return }
        table.update(MemberTable.ownSlot) { $0.address = address }
        announce(incarnation.next, &turn)
    }
}
