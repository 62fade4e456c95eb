import WeftTypes

// What time does.

extension Endpoints {
    /// Does what is due. What was overtaken by events is in the queue still, and is recognised here.
    mutating func runDue() {
        while let entry = deadlines.pop(due: now) {
            switch entry.task {
            case .announce(let key): announce(key, due: entry.at)
            case .endLate(let key):
                if let late = histories[key]?.late, late.until <= now { endLate(key) }
            case .publish(let key):
                locals[key]?.isPublicationPending = false
                updateRecord(key)
            case .sweep:
                isSweepPending = false
                sweep()
            }
        }
    }

    // MARK: Silent guests

    /// A station came from elsewhere and hasn't spoken: it gets a moment to do so itself.
    mutating func beginAnnouncing(_ key: EndpointKey) {
        guard locals[key]?.isOwned == true, locals[key]?.announcements == nil else { return }
        locals[key]?.announcements = 0
        deadlines.push(.announce(key), at: now.advanced(by: configuration.announceDelay))
    }

    private mutating func announce(_ key: EndpointKey, due: Instant) {
        guard let local = locals[key], local.isOwned, let count = local.announcements else { return }
        guard count < configuration.announceCount else {
            locals[key]?.announcements = nil
            return
        }
        effects.append(
            .announce(key, local.addresses(limit: configuration.maximumAddresses), isRouter: local.isRouter ?? false))
        locals[key]?.announcements = count + 1
        deadlines.push(.announce(key), at: now.advanced(by: .seconds(1 << min(count, 8))))
    }

    // MARK: Ageing

    /// Asks for the next sweep while there is something that ages.
    mutating func armSweep() {
        guard !isSweepPending, !(locals.isEmpty && histories.isEmpty && addresses.isEmpty && learning.isEmpty) else { return }
        isSweepPending = true
        deadlines.push(.sweep, at: now.advanced(by: configuration.sweepPeriod))
    }

    private mutating func sweep() {
        let silent = locals.filter { _, local in
            guard let last = local.lastFrame, !local.isInBridge else { return false }
            return last.duration(to: now) >= configuration.frameAgeing
        }
        for key in silent.keys.sorted() { forgotten(key, .frame) }
        for key in histories.filter({ isOver($0.key, $0.value) }).keys { histories[key] = nil }
        for key in addresses.filter({ !$0.value.moves.isEmpty }).keys.sorted() {
            pruneMoves(of: key)
            if addresses[key]?.isEmpty == true { addresses[key] = nil }
        }
        for place in learning.filter({ $0.value.count == 0 && $0.value.pace.isFull(now: now) }).keys { learning[place] = nil }
    }

    /// Whether nothing of a station's history matters any more.
    private func isOver(_ key: EndpointKey, _ history: StationHistory) -> Bool {
        guard !history.isDuplicate, history.late == nil, history.pace.isFull(now: now),
            history.noted.duration(to: now) >= configuration.moveWindow
        else { return false }
        return history.moves.allSatisfy { $0.duration(to: now) >= configuration.moveWindow }
    }
}
