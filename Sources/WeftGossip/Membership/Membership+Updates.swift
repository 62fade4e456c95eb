import WeftTypes

extension Membership {
    // MARK: Hearing

    /// A member sent a datagram from `address`; its slot, or nil if it is new and there is no room for it.
    mutating func heard(_ datagram: Datagram, at address: GossipAddress, _ turn: inout Turn) -> Int? {
        joined(at: address)
        endSilence(turn.now)
        let incarnation = datagram.incarnation
        guard let slot = table.slot(of: datagram.sender) else {
            let update = MemberUpdate(id: datagram.sender, state: .alive, incarnation: incarnation, address: address)
            guard let slot = add(update, &turn) else { return nil }
            // Whoever is asked to let one in tells everybody; others only add to the gossip.
            if datagram.isJoin { spread(slot, &turn) } else { enqueue(slot) }
            return slot
        }
        let known = table[slot]
        if incarnation > known.incarnation {
            revive(slot, incarnation, at: address, &turn)
            if datagram.isJoin { spread(slot, &turn) }
        } else if incarnation < known.incarnation {
            // Late, or it forgot its epochs: what it hears now lets it go past the newest.
            correct(slot, at: address, &turn)
        } else {
            if reach(slot) == nil {
                table.update(slot) { $0.address = address }
            } else if known.address != address, known.state == .alive, known.address?.address.family == address.address.family {
                conflict(slot, at: address, &turn)
            }
            // Only a higher incarnation clears it everywhere, and only the member can make one (SWIM §4.2).
            if known.state != .alive, mayTell(slot) { correct(slot, at: address, &turn) }
        }
        return slot
    }

    /// Tells a member what is held of it, so that it may contradict. Who has left corrects nobody: it doesn't contradict what is held
    /// of itself either, so two of them would answer each other for ever.
    private func correct(_ slot: Int, at address: GossipAddress, _ turn: inout Turn) {
        guard !hasLeft else { return }
        tell(address, of: slot, &turn)
    }

    /// Takes in a statement about a member (SWIM §4.2); `sender` is where it came from, if it came directly.
    mutating func apply(_ update: MemberUpdate, from sender: GossipAddress?, _ turn: inout Turn) {
        guard update.id != identity else {
            heardOfSelf(update, from: sender, &turn)
            return
        }
        guard let slot = table.slot(of: update.id) else {
            if update.address == nil {
                turn.counters.count(.membersWithoutAddress)
            } else if let slot = add(update, &turn) {
                enqueue(slot)
            }
            return
        }
        let known = table[slot]
        guard
            update.incarnation > known.incarnation
                || update.incarnation == known.incarnation && (update.state > known.state || update.state == .suspect)
        else { return }
        switch update.state {
        case .alive: revive(slot, update.incarnation, at: update.address, &turn)
        case .suspect:
            guard known.state.isPresent || update.incarnation > known.incarnation else { return }
            if update.incarnation > known.incarnation { revive(slot, update.incarnation, at: update.address, &turn) }
            heardSuspicion(slot, update.accusers, &turn)
        case .dead, .left:
            if update.incarnation > known.incarnation { table.update(slot) { $0.incarnation = update.incarnation } }
            end(slot, update.state, &turn)
            enqueue(slot)
        }
    }

    /// Adds a member that isn't known.
    mutating func add(_ update: MemberUpdate, _ turn: inout Turn) -> Int? {
        var place: Int?
        if table.count >= configuration.maximumMembers {
            place = update.state.isPresent ? longestAbsent(turn.now) : nil
            guard place != nil else {
                turn.counters.count(.membersRefused)
                alarmFull(update, &turn)
                return nil
            }
        }
        var entry = MemberEntry(
            id: update.id, incarnation: update.incarnation, address: update.address, changed: turn.now)
        entry.state = update.state == .suspect ? .alive : update.state
        let slot: Int
        if let place {
            table.replace(place, by: entry)
            slot = place
        } else {
            slot = table.insert(entry)
        }
        if entry.state.isPresent { addToRound(slot, &turn) }
        changed(slot, &turn)
        if update.state == .suspect { heardSuspicion(slot, update.accusers, &turn) }
        return slot
    }

    /// Tells that there is no room for one who is present, once a minute.
    private mutating func alarmFull(_ update: MemberUpdate, _ turn: inout Turn) {
        guard update.state.isPresent else { return }
        if let nextFullAlarm, turn.now < nextFullAlarm { return }
        nextFullAlarm = turn.now.advanced(by: .seconds(60))
        turn.effects.append(.alarm(.tooManyMembers(update.id)))
    }

    /// The member that can be forgotten when there is no room: one that left rather than a dead one, then the longest absent.
    private func longestAbsent(_ now: Instant) -> Int? {
        var best: Int?
        for slot in table.entries.indices where slot != MemberTable.ownSlot {
            let entry = table[slot]
            guard !entry.state.isPresent, entry.transmissionsLeft == 0, entry.changed.duration(to: now) > .seconds(3600) else {
                continue
            }
            if let current = best.map({ table[$0] }),
                (current.state == .left ? 0 : 1, current.changed) <= (entry.state == .left ? 0 : 1, entry.changed)
            {
                continue
            }
            best = slot
        }
        return best
    }

    // MARK: Telling

    /// The latest statement about a member, its accusers with it.
    func statement(about slot: Int) -> MemberUpdate {
        let entry = table[slot]
        var update = MemberUpdate(
            id: entry.id, state: entry.state, incarnation: entry.incarnation, address: entry.address)
        if entry.state == .suspect, let suspicion = suspicions.first(where: { $0.slot == slot }) {
            update.accusers = suspicion.accusers
        }
        return update
    }

    /// Lets everybody hear at once (push tree) and by piggyback.
    mutating func spread(_ slot: Int, _ turn: inout Turn) {
        enqueue(slot)
        if !news.contains(UInt32(slot)) { news.append(UInt32(slot)) }
    }

    /// Hands over the latest statements about those of whom everybody should hear: at once, if there was nothing to tell lately,
    /// else together with what comes in the meantime. When a thousand nodes join in a second, it is not a thousand pushes.
    mutating func releaseNews(_ turn: inout Turn) {
        guard !news.isEmpty else { return }
        if let nextNews, turn.now < nextNews { return }
        nextNews = turn.now.advanced(by: configuration.newsInterval)
        for slot in news { turn.news.append(statement(about: Int(slot))) }
        news.removeAll(keepingCapacity: true)
    }

    /// Puts a member's latest statement among those that are piggybacked, for λ log n datagrams (SWIM §4.1).
    mutating func enqueue(_ slot: Int) {
        guard !isTakingPage else { return }
        var (digits, size) = (1, table.count)
        while size >= 10 { (digits, size) = (digits + 1, size / 10) }
        if table[slot].transmissionsLeft == 0 {
            if queue.count >= configuration.maximumQueuedUpdates {
                table.setTransmissionsLeft(0, of: Int(queue.removeFirst()))
            }
            queue.append(UInt32(slot))
        }
        table.setTransmissionsLeft(max(1, configuration.transmissionFactor * digits), of: slot)
    }

    /// Fills what room a datagram has with waiting statements, up to the bound.
    mutating func piggyback(on writer: inout DatagramWriter) {
        guard !queue.isEmpty else { return }
        let count = min(configuration.maximumPiggyback, queue.count)
        guard writer.fits(body: count * MemberUpdate.maximumByteCount) else { return }
        let taken = queue[0..<count]
        writer.part(MembershipPart.updates.rawValue) { writer in
            for slot in taken { statement(about: Int(slot)).emit(into: &writer) }
        }
        var again: [UInt32] = []
        for slot in taken {
            let left = table[Int(slot)].transmissionsLeft - 1
            table.setTransmissionsLeft(left, of: Int(slot))
            if left > 0 { again.append(slot) }
        }
        queue.removeFirst(count)
        queue += again
    }
}
