import WeftTypes

extension Membership {
    /// How many confirmations can be expected: of those present neither this node nor the suspect gives one.
    var wantedConfirmations: Int { min(configuration.confirmationCount, max(0, table.presentCount - 2)) }

    /// This node got no answer itself: it begins a suspicion or confirms one.
    mutating func suspect(_ slot: Int, _ turn: inout Turn) {
        if let index = suspicions.firstIndex(where: { $0.slot == slot }) {
            confirm(index, &turn)
        } else {
            var accusers = Accusers()
            accusers.insert(identity.accuser)
            beginSuspicion(of: slot, accusers, isFirstHand: true, &turn)
            spread(slot, &turn)
        }
    }

    mutating func beginSuspicion(of slot: Int, _ accusers: Accusers, isFirstHand: Bool, _ turn: inout Turn) {
        turn.counters.count(.suspicions)
        table.update(slot) {
            $0.state = .suspect
            $0.changed = turn.now
        }
        let extra = configuration.secondHandGrace.wholeNanoseconds
        let grace = Int64.random(in: extra...extra * 2, using: &turn.random)
        let suspicion = Suspicion(
            slot: slot, incarnation: table[slot].incarnation, started: turn.now, accusers: accusers,
            isFirstHand: isFirstHand, grace: .nanoseconds(grace), nextReminder: turn.now)
        suspicions.append(suspicion)
        schedule(suspicion)
        changed(slot, &turn)
    }

    /// Sees to it that ``nextSuspicion`` is not behind what a suspicion asks for; the others are not looked at.
    private mutating func schedule(_ suspicion: Suspicion) {
        var due = suspicion.deadline(configuration, wanted: wantedConfirmations)
        if suspicion.isFirstHand { due = min(due, suspicion.nextReminder) }
        nextSuspicion = min(nextSuspicion ?? due, due)
    }

    /// Adds this node to the accusers, if the suspicion still has room for confirmations (Lifeguard, LHA-Suspicion).
    private mutating func confirm(_ index: Int, _ turn: inout Turn) {
        suspicions[index].isFirstHand = true
        guard suspicions[index].accusers.insert(identity.accuser) else { return }
        turn.counters.count(.confirmations)
        schedule(suspicions[index])
        spread(suspicions[index].slot, &turn)
    }

    /// Confirms a suspicion of a member that didn't answer this node when it probed for another.
    mutating func confirmIfSuspect(_ slot: Int, _ turn: inout Turn) {
        guard let index = suspicions.firstIndex(where: { $0.slot == slot }), !suspicions[index].isFirstHand else { return }
        confirm(index, &turn)
    }

    /// Another suspects a member, or confirms that.
    mutating func heardSuspicion(_ slot: Int, _ accusers: Accusers, _ turn: inout Turn) {
        if let index = suspicions.firstIndex(where: { $0.slot == slot }) {
            guard suspicions[index].accusers.formUnion(accusers) else { return }
            schedule(suspicions[index])
            enqueue(slot)
        } else {
            beginSuspicion(of: slot, accusers, isFirstHand: false, &turn)
            enqueue(slot)
        }
        if hasFailedRelay(to: slot) { confirmIfSuspect(slot, &turn) }
    }

    /// Reminds suspects, so that one who lives hears of it within milliseconds of the first message that gets through, and
    /// ends suspicions whose time is up (SWIM §4.2).
    mutating func advanceSuspicions(_ turn: inout Turn) {
        guard let due = nextSuspicion, turn.now >= due else { return }
        let wanted = wantedConfirmations
        let isDeaf = isDeaf(turn.now)
        var expired: [Int] = []
        var next: Instant?
        for index in suspicions.indices {
            var deadline = suspicions[index].deadline(configuration, wanted: wanted)
            if turn.now >= deadline, isDeaf {
                deadline = turn.now.advanced(by: configuration.probePeriod)
            } else if turn.now >= deadline {
                expired.append(suspicions[index].slot)
                continue
            }
            if suspicions[index].isFirstHand {
                if turn.now >= suspicions[index].nextReminder {
                    if configuration.tellsSuspects, let address = reach(suspicions[index].slot) {
                        tell(address, of: suspicions[index].slot, &turn)
                    }
                    suspicions[index].nextReminder = turn.now.advanced(by: configuration.reminderPeriod)
                }
                deadline = min(deadline, suspicions[index].nextReminder)
            }
            next = min(next ?? deadline, deadline)
        }
        nextSuspicion = next
        for slot in expired {
            turn.counters.count(.deaths)
            end(slot, .dead, &turn)
            spread(slot, &turn)
        }
    }

    /// Whether this node has heard nothing from anybody for so long that it is rather itself that is cut off, and there are others whom it
    /// doesn't suspect yet. Meanwhile no suspicion becomes a death: who can't hear anybody can't hear a refutation either.
    private func isDeaf(_ now: Instant) -> Bool {
        lastHeard.duration(to: now) > configuration.deafness && table.presentCount - 1 > suspicions.count
    }

    /// Something came from another. The time in which nothing did is not counted as a time in which suspicions could be refuted.
    mutating func endSilence(_ now: Instant) {
        defer { lastHeard = now }
        guard lastHeard.duration(to: now) > configuration.deafness, !suspicions.isEmpty else { return }
        for index in suspicions.indices {
            let counted = max(.zero, suspicions[index].started.duration(to: lastHeard))
            suspicions[index].started = now.advanced(by: .zero - counted)
        }
        nextSuspicion = now
    }

    /// A member is dead or has left, in the incarnation known of it.
    mutating func end(_ slot: Int, _ state: MemberState, _ turn: inout Turn) {
        suspicions.removeAll { $0.slot == slot }
        table.update(slot) {
            $0.state = state
            $0.changed = turn.now
        }
        changed(slot, &turn)
    }

    /// A member said something in a newer incarnation: whatever was held against it is over.
    mutating func revive(_ slot: Int, _ incarnation: Incarnation, at address: GossipAddress?, _ turn: inout Turn) {
        let before = table[slot].state
        if before == .suspect {
            turn.counters.count(.refutedSuspicions)
            suspicions.removeAll { $0.slot == slot }
        }
        let address = preferred(address, over: table[slot].address)
        table.update(slot) {
            $0.state = .alive
            $0.incarnation = incarnation
            if let address { $0.address = address }
            if before != .alive { $0.changed = turn.now }
        }
        if !before.isPresent {
            turn.counters.count(.returned)
            addToRound(slot, &turn)
        }
        changed(slot, &turn)
        enqueue(slot)
    }

    /// Tells the shell and the state of a change.
    func changed(_ slot: Int, _ turn: inout Turn) {
        let entry = table[slot]
        turn.effects.append(.memberChanged(entry.id, entry.state, entry.incarnation))
        turn.changed.append(slot)
    }

    // MARK: The dead

    /// Probes one dead member, so that a partition of any length heals (not in SWIM, which forgets them).
    mutating func probeAbsent(_ turn: inout Turn) {
        nextAbsentProbe = turn.now.advanced(by: configuration.deadProbePeriod)
        for _ in 0..<2 {
            while let slot = absentRound.popLast() {
                guard table[Int(slot)].state == .dead else { continue }
                turn.counters.count(.deadProbes)
                sequence &+= 1
                ping(Int(slot), sequence, &turn)
                return
            }
            for slot in table.entries.indices where table[slot].state == .dead && reach(slot) != nil {
                absentRound.append(UInt32(slot))
            }
            absentRound.shuffle(using: &turn.random)
        }
    }
}
