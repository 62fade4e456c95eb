import WeftTypes

// Is it the size, or is the path bad? Every round sends the suspect together with smaller witnesses: only a suspect that is
// lost while a witness of the same moment gets through speaks for a black hole. How many such rounds it takes depends on how
// much the path loses anyway.

extension PathDiscovery {
    /// A size under suspicion: one that was never seen to get through, or whose probes stay unanswered.
    struct Trial: Sendable {
        let suspect: Int
        /// The largest witness that got through.
        var low: Int
        /// The smallest witness that seems not to.
        private var high: Int
        private var candidate: Int?
        private var hint: Int?
        /// Whether a router named a size: then lost probes need not be waited for so long.
        private(set) var isHinted = false
        private(set) var round = 0
        var nextRound: Instant
        /// Lost probes of the suspect that were sent before or in this trial.
        var heldLossCount = 0
        /// One bit per round, of the last 64.
        private var lostRounds: UInt64 = 0
        private var witnessedRounds: UInt64 = 0

        /// Rounds in quick succession; then one a second.
        static let quickRoundLimit = 30

        init(of suspect: Int, low: Int, hint: Int? = nil, now: Instant) {
            self.suspect = suspect
            self.low = low
            high = suspect
            nextRound = now
            if let hint { take(hint: hint) }
        }

        mutating func take(hint: Int) {
            self.hint = hint
            isHinted = true
        }

        /// Rounds in which the suspect was lost while a witness got through.
        var tellingRoundCount: Int { (lostRounds & witnessedRounds).nonzeroBitCount }
        mutating func lose(round: Int) {
            heldLossCount += 1
            guard round >= 0, self.round - round < 64 else { return }
            lostRounds |= 1 << UInt64(round % 64)
        }

        mutating func witness(_ byteCount: Int, round: Int) {
            low = max(low, byteCount)
            if byteCount >= high { high = suspect }
            guard self.round - round < 64 else { return }
            witnessedRounds |= 1 << UInt64(round % 64)
        }

        /// Begins a round; returns its number and the size to look for the fall's end with, if it is worth it.
        mutating func begin() -> (round: Int, candidate: Int?) {
            let number = round
            round += 1
            lostRounds &= ~(1 << UInt64(number % 64))
            witnessedRounds &= ~(1 << UInt64(number % 64))
            if let candidate, candidate > low { high = min(high, candidate) }
            if let hint {
                candidate = hint
                self.hint = nil
            } else {
                candidate = number > 0 && high - low > 4 ? (low + high) / 2 : nil
            }
            return (number, candidate)
        }
    }

    /// The size in use may not get through any more.
    mutating func suspect(_ byteCount: Int, hint: Int? = nil, now: Instant) {
        trial = Trial(of: byteCount, low: base, hint: hint, now: now)
        for index in flights.indices where flights[index].purpose == .validation && flights[index].byteCount == byteCount {
            flights[index].purpose = .suspect(round: -1)  // its answer, if late, still counts
        }
    }

    /// The suspect, or something larger, got through: what was lost meanwhile was lost by accident.
    mutating func acquit(now: Instant) {
        guard let trial else { return }
        for _ in 0..<trial.heldLossCount { losses.note(isLost: true) }
        let (base, patience) = (base, patience)
        var kept: [Flight] = []
        for flight in flights {
            switch flight.purpose {
            case .suspect, .witness:
                let counts = flight.byteCount == trial.suspect || flight.byteCount == base
                if counts, flight.sent.advanced(by: patience) <= now { losses.note(isLost: true) }
            case .base, .validation, .search: kept.append(flight)
            }
        }
        flights = kept
    }

    /// Sends the next round, or ends the trial.
    mutating func advanceTrial(now: Instant, into effects: inout [Effect]) {
        guard let trial else { return }
        let needed = losses.tellingCount(atLeast: configuration.probeLimit)
        if trial.tellingRoundCount >= needed { return fall(from: trial.suspect, now: now, into: &effects) }
        guard now >= trial.nextRound else { return }
        let isQuick = trial.round < Trial.quickRoundLimit
        if !isQuick { isStarting = false }
        let interval = isQuick ? configuration.roundInterval : configuration.probeTimer
        self.trial?.nextRound = now.advanced(by: interval)
        // Enough under way: their end decides.
        guard trial.tellingRoundCount + openFlightCount < needed || !isQuick else { return }
        guard let (round, candidate) = self.trial?.begin() else { return }
        let patience = trial.isHinted ? roundTrip.timeout(within: .milliseconds(300)...configuration.probeTimer) : nil
        send(trial.suspect, .suspect(round: round), timer: patience, now: now, into: &effects)
        if base < trial.suspect { send(base, .witness(round: round), now: now, into: &effects) }
        if let candidate, candidate > base { send(candidate, .witness(round: round), now: now, into: &effects) }
    }

    private var openFlightCount: Int {
        flights.reduce(0) { count, flight in
            if case .suspect(let round) = flight.purpose, round >= 0 { return count + 1 }
            return count
        }
    }

    /// A size does not get through (any more): the largest smaller one that did is used at once, and more is looked for.
    mutating func fall(from byteCount: Int, now: Instant, into effects: inout [Effect]) {
        let low = max(base, trial?.low ?? base)
        // What never took more is not on a detour.
        raisePause = mtu == nil ? configuration.raiseInterval : min(configuration.firstRaiseInterval, configuration.raiseInterval)
        flights = []
        search = nil
        guard low < byteCount else { return confirm(low, now: now, into: &effects) }
        confirm(low, now: now, into: &effects)
        search = Search(above: low, below: byteCount)
        raiseAt = now.advanced(by: raisePause)
    }

    /// A router named a size (RFC 8899 §4.6.2). It is believed when it lies between the base and what is in question, and then
    /// only starts what a lost probe would have started later.
    mutating func hint(_ byteCount: Int, now: Instant) {
        guard byteCount >= base, now >= nextHint else { return }
        if let trial {
            guard byteCount < trial.suspect else { return }
            self.trial?.take(hint: byteCount)
        } else if let mtu, byteCount < mtu {
            suspect(mtu, hint: byteCount, now: now)
        } else if let mtu, byteCount > mtu {
            search?.tryNext(byteCount)
        } else {
            return
        }
        nextHint = now.advanced(by: configuration.probeTimer)
    }
}
