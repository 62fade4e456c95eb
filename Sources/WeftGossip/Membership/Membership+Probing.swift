import WeftTypes

/// A probe under way (SWIM §3.1).
struct Probe {
    let slot: Int
    let sequence: UInt32
    let sent: Instant
    /// When others are asked; nil once they were, and once it is answered.
    var deadline: Instant?
    var isAnswered = false
    /// Others asked, and how many of them said that they are there but got no answer either.
    var helperCount = 0
    var nackCount = 0
}

/// A probe made for another (SWIM §3.1), kept for a while after it failed: what this node saw may confirm a suspicion.
struct Relay {
    enum Stage { case waiting, nacked, failed }

    let origin: GossipAddress
    let originSequence: UInt32
    let slot: Int
    let sequence: UInt32
    let sent: Instant
    var stage = Stage.waiting
    var deadline: Instant?
}

extension Membership {
    // MARK: Asking

    mutating func advanceProbe(_ turn: inout Turn) {
        if let deadline = probe?.deadline, turn.now >= deadline { askOthers(&turn) }
        guard turn.now >= nextPeriod else { return }
        if let probe, !probe.isAnswered { probeFailed(probe, &turn) }
        probe = nil
        nextPeriod = turn.now.advanced(by: configuration.probePeriod * (localHealth + 1))
        guard !hasLeft else { return }
        periodCount &+= 1
        let interval = configuration.neighbourProbeInterval
        let neighbour = interval > 0 && periodCount % interval == 0 ? nextNeighbour() : nil
        if let slot = neighbour ?? nextToProbe(&turn) { startProbe(of: slot, &turn) }
        if table.absentCount > 0, turn.now >= nextAbsentProbe { probeAbsent(&turn) }
    }

    /// The next member of the round; a round goes over all that are present, in a new random order each time (SWIM §4.3).
    private mutating func nextToProbe(_ turn: inout Turn) -> Int? {
        for _ in 0..<2 {
            while roundPosition < round.count {
                let slot = Int(round[roundPosition])
                roundPosition += 1
                if table[slot].state.isPresent, reach(slot) != nil { return slot }
            }
            round.removeAll(keepingCapacity: true)
            for slot in table.entries.indices where slot != MemberTable.ownSlot && table[slot].state.isPresent {
                round.append(UInt32(slot))
            }
            round.shuffle(using: &turn.random)
            roundPosition = 0
        }
        return nil
    }

    /// The next member in the order of NodeIDs that is alive, so that each member has one that probes it regularly.
    ///
    /// A deviation from SWIM §4.3: with random rounds alone the time until anybody probes a crashed member has an exponential
    /// tail (1 in 100 waits 4.6 periods); with every other probe going to the neighbour it ends after two.
    private func nextNeighbour() -> Int? {
        let count = table.order.count
        let own = table.position(notBelow: identity)
        for distance in 1..<max(2, min(count, Self.neighbourSearchDepth)) {
            let slot = Int(table.order[(own + distance) % count])
            if slot != MemberTable.ownSlot, table[slot].state == .alive, reach(slot) != nil { return slot }
        }
        return nil
    }

    /// How many members in a row are looked at for one that is alive.
    private static var neighbourSearchDepth: Int { 64 }

    /// Puts a new member at a random place among those still to be probed in this round (SWIM §4.3).
    mutating func addToRound(_ slot: Int, _ turn: inout Turn) {
        round.append(UInt32(slot))
        round.swapAt(.random(in: min(roundPosition, round.count - 1)..<round.count, using: &turn.random), round.count - 1)
    }

    private mutating func startProbe(of slot: Int, _ turn: inout Turn) {
        sequence &+= 1
        probe = Probe(
            slot: slot, sequence: sequence, sent: turn.now, deadline: turn.now.advanced(by: directTimeout(of: slot)))
        turn.counters.count(.probes)
        ping(slot, sequence, &turn)
    }

    /// How long a direct answer is waited for: what round trips let expect, longer where this node is unwell (Lifeguard, LHA-Probe).
    func directTimeout(of slot: Int) -> Duration {
        var timeout = roundTrips.timeout ?? configuration.maximumProbeTimeout
        if let last = table[slot].roundTrip { timeout = max(timeout, last * 3) }
        timeout = min(max(timeout, configuration.minimumProbeTimeout), configuration.maximumProbeTimeout)
        return timeout * (localHealth + 1)
    }

    /// Sends a ping; one who is suspected or held dead hears of it in the same datagram (Lifeguard, buddy system).
    func ping(_ slot: Int, _ sequence: UInt32, _ turn: inout Turn) {
        guard let address = reach(slot) else { return }
        turn.outbox.add(.ping, to: address, byteCount: 4, carriesDigests: true) { $0.write(sequence) }
        if table[slot].state != .alive, mayTell(slot) { tell(address, of: slot, &turn) }
    }

    /// Whether a member may be told directly what is held of it: the dead always, for they would not come back.
    func mayTell(_ slot: Int) -> Bool { configuration.tellsSuspects || table[slot].state != .suspect }

    /// Sends the latest statement about one member.
    func tell(_ address: GossipAddress, of slot: Int, _ turn: inout Turn) {
        let update = statement(about: slot)
        turn.outbox.add(.updates, to: address, byteCount: update.byteCount) { update.emit(into: &$0) }
    }

    /// Asks others to probe, and the member once more: a deviation from SWIM §3.1 that costs one datagram and makes a
    /// suspicion by mere loss ten times rarer.
    private mutating func askOthers(_ turn: inout Turn) {
        guard var current = probe else { return }
        current.deadline = nil
        defer { probe = current }
        guard let target = reach(current.slot) else { return }
        ping(current.slot, current.sequence, &turn)
        let byteCount = 4 + 16 + 1 + MemberUpdate.byteCount(of: target)
        for helper in randomPresent(configuration.indirectProbeCount, except: current.slot, &turn) {
            guard let address = reach(helper) else { continue }
            let id = table[current.slot].id
            turn.outbox.add(.pingRequest, to: address, byteCount: byteCount) {
                $0.write(current.sequence)
                $0.write(id)
                $0.write(GossipAddress?(target).familyCode)
                GossipAddress?(target).emit(into: &$0)
            }
            current.helperCount += 1
        }
    }

    /// Up to `count` different members that are alive, without this node and `excluded`.
    func randomPresent(_ count: Int, except excluded: Int?, _ turn: inout Turn) -> [Int] {
        var chosen: [Int] = []
        let available = table.presentCount - 1
        guard available > 0, count > 0 else { return chosen }
        for _ in 0..<count * 8 where chosen.count < count {
            let slot = Int.random(in: 1..<table.count, using: &turn.random)
            if slot != excluded, table[slot].state == .alive, !chosen.contains(slot) { chosen.append(slot) }
        }
        return chosen
    }

    private mutating func probeFailed(_ probe: Probe, _ turn: inout Turn) {
        turn.counters.count(.probesFailed)
        // Lifeguard, LHA-Probe: those who were asked and said nothing tell that it is this node that isn't heard or doesn't hear.
        let missingNacks = probe.helperCount - probe.nackCount
        changeHealth(by: probe.helperCount > 0 ? max(0, missingNacks) : 1)
        guard table[probe.slot].state.isPresent else { return }
        suspect(probe.slot, &turn)
    }

    mutating func changeHealth(by change: Int) {
        localHealth = min(max(0, localHealth + change), configuration.maximumLocalHealth)
    }

    // MARK: Answering

    mutating func answer(_ sequence: UInt32, from slot: Int, at address: GossipAddress, _ turn: inout Turn) {
        turn.outbox.add(.ack, to: address, byteCount: 4, carriesDigests: true) { $0.write(sequence) }
        if hasLeft { tell(address, of: MemberTable.ownSlot, &turn) }
    }

    mutating func acknowledged(_ sequence: UInt32, by slot: Int, at address: GossipAddress, _ turn: inout Turn) {
        if var current = probe, current.sequence == sequence, current.slot == slot {
            guard !current.isAnswered else { return }
            let roundTrip = current.sent.duration(to: turn.now)
            // An answer to a repeated ping tells no round trip (Karn's algorithm, RFC 6298 §3).
            if current.deadline != nil {
                roundTrips.add(roundTrip)
                table.setRoundTrip(roundTrip, of: slot)
            }
            turn.counters.count(.probesAnswered)
            changeHealth(by: -1)
            current.isAnswered = true
            current.deadline = nil
            probe = current
            return
        }
        guard let index = relays.firstIndex(where: { $0.sequence == sequence && $0.slot == slot }) else { return }
        let relay = relays.remove(at: index)
        answerIndirectly(relay.originSequence, for: slot, to: relay.origin, &turn)
    }

    /// Tells one who asked for it that a member answered, and what is known of that.
    func answerIndirectly(_ sequence: UInt32, for slot: Int, to origin: GossipAddress, _ turn: inout Turn) {
        let update = statement(about: slot)
        turn.outbox.add(.indirectAck, to: origin, byteCount: 4 + update.byteCount) {
            $0.write(sequence)
            update.emit(into: &$0)
        }
    }

    mutating func acknowledgedIndirectly(
        _ sequence: UInt32, _ update: MemberUpdate, from sender: GossipAddress, _ turn: inout Turn
    ) {
        apply(update, from: sender, &turn)
        guard var current = probe, current.sequence == sequence, !current.isAnswered else { return }
        turn.counters.count(.probesAnsweredIndirectly)
        changeHealth(by: -1)
        current.isAnswered = true
        current.deadline = nil
        probe = current
    }
}
