import WeftTypes

// Moves and duplicates (RFC 7432 §15.1), and the frames that come too late.

extension Endpoints {
    mutating func withHistory(_ key: EndpointKey, _ change: (inout StationHistory) -> Void) {
        let now = now
        change(&histories[key, default: StationHistory(noted: now)])
    }

    /// Notes under which sequence a station was last known, and whose it was.
    mutating func remember(_ key: EndpointKey, _ sequence: UInt32, of owner: NodeID) {
        guard histories[key] != nil || histories.count < configuration.maximumRemoteStations else { return }
        let now = now
        withHistory(key) { history in
            history.noted = now
            if let known = history.sequence, known.isLaterSequence(than: sequence) { return }
            history.sequence = sequence
            history.owner = owner
        }
    }

    /// Notes that a station moved; `isHere` if it came to or left this host, which then finds duplicates.
    ///
    /// All hosts count, so that none of them joins in when others have moved it too often; only those it is at give the alarm.
    mutating func noteMove(_ key: EndpointKey, to place: EndpointPlace, from former: EndpointPlace, isHere: Bool) {
        guard histories[key] != nil || histories.count < configuration.maximumRemoteStations else { return }
        let (limit, now) = (configuration.duplicateMoveCount, now)
        pruneMoves(key)
        withHistory(key) { history in
            if history.moves.count >= limit { history.moves.removeFirst() }
            history.moves.append(now)
        }
        if isHere {
            counters.moves += 1
            findDuplicate(key, staysAt: place, alsoAt: former)
        }
    }

    /// Whether this host must not take a station from another.
    mutating func isBarred(_ key: EndpointKey) -> Bool {
        pruneMoves(key)
        guard let history = histories[key] else { return false }
        return history.isDuplicate || history.moves.count >= configuration.duplicateMoveCount
    }

    /// Raises the alarm when a station has moved too often.
    mutating func findDuplicate(_ key: EndpointKey, staysAt place: EndpointPlace, alsoAt other: EndpointPlace) {
        guard let history = histories[key], !history.isDuplicate, history.moves.count >= configuration.duplicateMoveCount
        else { return }
        withHistory(key) { $0.isDuplicate = true }
        effects.append(.alarm(.duplicateMAC(key.vni, key.mac, staysAt: place, alsoAt: other)))
    }

    /// Starts anew with a station whose duplicate an operator has dealt with. It goes where it is seen next.
    mutating func clearDuplicate(_ key: EndpointKey) {
        guard histories[key] != nil else { return }
        histories[key]?.moves = []
        histories[key]?.isDuplicate = false
        // The bridge tells only what is new to it.
        if let local = locals[key], !local.isOwned, local.isInBridge {
            effects.append(.forgetLocally(key, port: local.port))
        }
    }

    private mutating func pruneMoves(_ key: EndpointKey) {
        guard let history = histories[key], let first = history.moves.first,
            first.duration(to: now) >= configuration.moveWindow
        else { return }
        histories[key]?.moves.removeAll { $0.duration(to: now) >= configuration.moveWindow }
    }

    // MARK: Late frames

    /// A station that left this host moved on, or is nowhere.
    mutating func followLate(_ key: EndpointKey, to claim: EndpointClaim?) {
        guard let late = histories[key]?.late else { return }
        guard let claim else {
            if late.node != nil { effects.append(.endLate(key)) }
            withHistory(key) { $0.late?.node = nil }
            return
        }
        guard claim.node != late.node else { return }
        withHistory(key) { $0.late?.node = claim.node }
        effects.append(.forwardLate(key, to: claim.node, until: late.until))
    }

    /// The time for late frames is over, or the station is back.
    mutating func endLate(_ key: EndpointKey) {
        guard let late = histories[key]?.late else { return }
        withHistory(key) { $0.late = nil }
        if late.node != nil { effects.append(.endLate(key)) }
    }
}
