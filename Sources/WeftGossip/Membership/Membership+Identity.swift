import WeftTypes

/// Signs that this node is not the only one with its identity.
struct IdentityWatch {
    let started: Instant
    /// Recoveries of the epoch, each within ``memory`` of the one before.
    var recoveries = 0
    var lastRecovery: Instant?
    /// When an alarm may be raised again.
    var quietUntil: Instant?
    /// When this node may contradict again, and how long it is quiet after that.
    var nextAnswer: Instant?
    var pause = Self.shortestPause

    static var shortestPause: Duration { .seconds(1) }
    /// Recoveries that loss of memory may explain: one for each half of a healed partition.
    static var recoveriesTolerated: Int { 2 }
    static var period: Duration { .seconds(60) }
    static var memory: Duration { .seconds(300) }
    /// How long after its start a node may meet what it said before a start whose epoch didn't reach the disk.
    static var youth: Duration { .seconds(10) }

    init(started: Instant) { self.started = started }

    /// Whether this node may contradict now; if it has to again and again, it does so ever more seldom.
    mutating func mayAnswer(_ now: Instant) -> Bool {
        if let nextAnswer {
            guard now >= nextAnswer else { return false }
            pause = nextAnswer.duration(to: now) < Self.period ? min(pause * 2, Self.period) : Self.shortestPause
        }
        nextAnswer = now.advanced(by: pause)
        return true
    }
}

extension Membership {
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
        let isYoung = identityWatch.started.duration(to: turn.now) < IdentityWatch.youth
        if update.incarnation.epoch > own.epoch || (update.incarnation > own && isYoung) {
            recoverEpoch(past: update.incarnation, &turn)
        } else if update.incarnation > own {
            // Within its epoch a node remembers all it said: this was said by another.
            alarmDuplicate(at: update.address, &turn)
            if identityWatch.mayAnswer(turn.now) { announce(update.incarnation.next, &turn) }
        } else if update.incarnation == own, update.state != .alive {
            turn.counters.count(.refutations)
            changeHealth(by: 1)
            announce(own.next, &turn)
        }
    }

    /// The fabric knows a newer start of this node than the node does: its disk or its memory of it was lost. It goes past it
    /// at once; whoever has to do so again and again is answered by another with the same key.
    mutating func recoverEpoch(past claim: Incarnation, _ turn: inout Turn) {
        if let last = identityWatch.lastRecovery, last.duration(to: turn.now) > IdentityWatch.memory {
            identityWatch.recoveries = 0
        }
        guard claim.epoch < .max, identityWatch.recoveries == 0 || identityWatch.mayAnswer(turn.now) else { return }
        identityWatch.recoveries += 1
        identityWatch.lastRecovery = turn.now
        if identityWatch.recoveries > IdentityWatch.recoveriesTolerated { alarmDuplicate(at: nil, &turn) }
        let old = incarnation.epoch
        let epoch = claim.epoch + 1
        turn.effects.append(.alarm(.epochRecovered(from: old, to: epoch)))
        announce(Incarnation(epoch: epoch), &turn)
    }

    /// Takes a new incarnation and lets everybody hear of it.
    mutating func announce(_ incarnation: Incarnation, _ turn: inout Turn) {
        if incarnation.epoch > self.incarnation.epoch {
            turn.effects.append(.persistEpoch(incarnation.epoch))
        }
        table.update(MemberTable.ownSlot) { $0.incarnation = incarnation }
        turn.outbox.incarnation = incarnation
        changed(MemberTable.ownSlot, &turn)
        spread(MemberTable.ownSlot, &turn)
    }

    mutating func alarmDuplicate(at address: GossipAddress?, _ turn: inout Turn) {
        if let quietUntil = identityWatch.quietUntil, turn.now < quietUntil { return }
        identityWatch.quietUntil = turn.now.advanced(by: IdentityWatch.period)
        turn.effects.append(.alarm(.duplicateKey(at: address)))
    }

    // MARK: Addresses

    /// A member's datagram came from another address than it is known at: it moved, or there are two of it. It is told, and
    /// says so anew from where it is; that another does so too tells the two of each other.
    func conflict(_ slot: Int, at address: GossipAddress, _ turn: inout Turn) {
        turn.counters.count(.addressConflicts)
        let update = statement(about: slot)
        let seen = GossipAddress?(address)
        turn.outbox.add(
            .addressConflict, to: address, byteCount: update.byteCount + 1 + MemberUpdate.byteCount(of: seen)
        ) {
            update.emit(into: &$0)
            $0.write(seen.familyCode)
            seen.emit(into: &$0)
        }
    }

    /// Another knows this node at a different address than it `seen` its datagrams come from: that is the one to announce, unless
    /// this node was told how others reach it.
    mutating func addressConflict(_ update: MemberUpdate, _ seen: GossipAddress?, _ turn: inout Turn) {
        guard update.id == identity, update.incarnation == incarnation, !hasLeft, let seen else { return }
        turn.counters.count(.addressConflictsHeard)
        let own = isAddressConfigured ? table[MemberTable.ownSlot].address : seen
        guard own != update.address, identityWatch.mayAnswer(turn.now) else { return }
        table.update(MemberTable.ownSlot) { $0.address = own }
        announce(incarnation.next, &turn)
    }

    /// The shell knows a new address of this node; nil: it sends from another one now, and the others will see from which.
    mutating func addressChanged(to address: GossipAddress?, _ turn: inout Turn) {
        isAddressConfigured = address != nil
        guard address == nil || address != table[MemberTable.ownSlot].address else { return }
        table.update(MemberTable.ownSlot) { $0.address = address }
        announce(incarnation.next, &turn)
    }
}
