import WeftTypes

/// Where stations are learnt, for the bounds: a port, or a segment's bridge for frames whose port is unknown.
struct LearningPlace: Hashable {
    var vni: VNI
    var port: LocalPort?
}

/// What a port has taught.
struct Learning {
    var count = 0
    var pace = Pace()
}

/// A station that a plain VTEP sent a frame of.
struct PlainSighting {
    var vtep: VTEP
    var seen: Instant
}

extension Endpoints {
    /// A station was noticed on this host (E3).
    mutating func sighted(_ key: EndpointKey, port: LocalPort?, _ evidence: EndpointEvidence, seen: Instant) {
        guard key.mac.isStation else {
            counters.invalidSightings += 1
            return
        }
        let local = locals[key]
        if let declared = local?.declaration, declared.isSticky, let home = declared.port, let port, port != home {
            refuseSticky(key, staysAt: .local(home), seenAt: .local(port))
            return
        }
        if let local, local.isOwned {
            noteSeen(key, port: port, evidence, seen: seen)
            return
        }
        guard let rival = former(of: key) else {
            guard admit(key, port: port) else { return }
            noteSeen(key, port: port, evidence, seen: seen)
            settle(key)
            return
        }
        guard isFresh(evidence, seen: seen, after: rival.since) else {
            counters.staleSightings += 1
            if evidence != .frame { effects.append(.forgetLocally(key, port: port)) }
            return
        }
        guard admit(key, port: port) else { return }
        noteSeen(key, port: port, evidence, seen: seen)
        if rival.isSticky {
            refuseSticky(key, staysAt: rival.place, seenAt: .local(port))
        } else if isBarred(key) {
            counters.refusedDuplicate += 1
            findDuplicate(key, staysAt: rival.place, alsoAt: .local(port))
        } else {
            takeFrom(rival, key)
        }
    }

    /// Who else has a station, and since when this is known.
    struct Former {
        var place: EndpointPlace
        var sequence: UInt32
        var isSticky: Bool
        var since: Instant
    }

    func former(of key: EndpointKey) -> Former? {
        if let rival = rival(of: key) {
            return Former(
                place: .node(rival.node), sequence: rival.sequence, isSticky: rival.isSticky, since: rival.received)
        }
        // What a plain VTEP has is as if announced under the last sequence known, or the first (E3).
        guard let sighting = plain[key] else { return nil }
        return Former(
            place: .vtep(sighting.vtep), sequence: histories[key]?.sequence ?? 0, isSticky: false, since: sighting.seen)
    }

    /// Makes a station this host's that was another's.
    mutating func takeFrom(_ former: Former, _ key: EndpointKey) {
        plain[key] = nil
        withHistory(key) { _ in }
        acquire(key, sequence: nextSequence(key, beyond: former.sequence))
        noteMove(key, to: .local(locals[key]?.port), from: former.place, isHere: true)
        settle(key)
    }

    private func isFresh(_ evidence: EndpointEvidence, seen: Instant, after since: Instant) -> Bool {
        switch evidence {
        case .frame: seen > since
        case .bridge: seen > since.advanced(by: configuration.bridgeLag)
        case .listing: false
        }
    }

    private mutating func refuseSticky(_ key: EndpointKey, staysAt home: EndpointPlace, seenAt place: EndpointPlace) {
        counters.refusedSticky += 1
        guard locals[key]?.isNewConflict(at: place) == true else { return }
        effects.append(.alarm(.stickyConflict(key.vni, key.mac, staysAt: home, seenAt: place)))
    }

    /// Takes down when and where a station was seen.
    private mutating func noteSeen(_ key: EndpointKey, port: LocalPort?, _ evidence: EndpointEvidence, seen: Instant) {
        guard let local = locals[key] else { return }
        switch evidence {
        case .frame:
            locals[key]?.lastFrame = max(seen, local.lastFrame ?? seen)
            locals[key]?.announcements = nil
        case .bridge:
            locals[key]?.isInBridge = true
            locals[key]?.announcements = nil
        case .listing: locals[key]?.isInBridge = true
        }
        locals[key]?.lastSeen = max(seen, local.lastSeen ?? seen)
        locals[key]?.isPortGone = false
        if let port, port != local.port { movePort(of: key, to: port) }
    }

    private mutating func movePort(of key: EndpointKey, to port: LocalPort) {
        guard let local = locals[key] else { return }
        if local.declaration == nil {
            uncount(key, local)
            learning[LearningPlace(vni: key.vni, port: port), default: Learning()].count += 1
        }
        locals[key]?.port = port
    }

    // MARK: Bounds

    /// Whether there is room for a station; makes the entry if it is a new one.
    private mutating func admit(_ key: EndpointKey, port: LocalPort?) -> Bool {
        guard locals[key] == nil else { return true }
        let place = LearningPlace(vni: key.vni, port: port)
        var known = learning[place] ?? Learning()
        guard locals.count < configuration.maximumLocalStations else {
            counters.refusedByTable += 1
            return false
        }
        guard known.count < configuration.maximumLearntPerPort else {
            counters.refusedByPort += 1
            return false
        }
        guard
            known.pace.take(
                burst: configuration.maximumLearntPerPort, interval: configuration.learningInterval, now: now)
        else {
            counters.refusedByRate += 1
            return false
        }
        known.count += 1
        learning[place] = known
        locals[key] = LocalStation(port: port)
        return true
    }

    /// Takes a learnt station off its port's count.
    mutating func uncount(_ key: EndpointKey, _ local: LocalStation) {
        guard local.declaration == nil else { return }
        learning[LearningPlace(vni: key.vni, port: local.port)]?.count -= 1
    }

    /// Ends the entry of a station that isn't this host's any more.
    mutating func removeLocal(_ key: EndpointKey) {
        guard let local = locals[key] else { return }
        uncount(key, local)
        locals[key] = nil
    }

    // MARK: Forgetting

    /// The bridge or the ageing of frames forgot a station.
    mutating func forgotten(_ key: EndpointKey, _ evidence: EndpointEvidence) {
        guard let local = locals[key] else { return }
        switch evidence {
        case .frame: locals[key]?.lastFrame = nil
        case .bridge, .listing:
            locals[key]?.isInBridge = false
            // Every frame passes the bridge: what it forgets that was seen just now was deleted on purpose, and will be told anew.
            if let last = local.lastFrame, last.duration(to: now) >= .seconds(1) { locals[key]?.lastFrame = nil }
        }
        dropUnseen(key)
    }

    /// Withdraws a learnt station that nothing shows any more.
    mutating func dropUnseen(_ key: EndpointKey) {
        guard let local = locals[key], local.declaration == nil, !local.isSeen else { return }
        disown(key)
        removeLocal(key)
        settle(key)
    }

    /// Withdraws a station and the IP addresses it was seen to use, wherever it is now.
    mutating func disown(_ key: EndpointKey) {
        guard let local = locals[key] else { return }
        for snooped in local.snooped { unbindLocally(AddressKey(vni: key.vni, address: snooped.address), from: key.mac) }
        unbindDeclaredAddresses(of: key)
        if local.isOwned { remember(key, local.sequence, of: identity) }
        locals[key]?.snooped = []
        locals[key]?.isOwned = false
        locals[key]?.announcements = nil
        updateRecord(key)
    }

    // MARK: Plain VTEPs

    /// A frame from a plain VTEP: a station of this host has gone there, since such a VTEP can't say so itself (E3).
    mutating func sighted(_ key: EndpointKey, behind vtep: VTEP, seen: Instant) {
        guard key.mac.isStation else {
            counters.invalidSightings += 1
            return
        }
        let place = EndpointPlace.vtep(vtep)
        if let local = locals[key], local.isOwned {
            if local.isSticky {
                refuseSticky(key, staysAt: .local(local.port), seenAt: place)
                return
            }
            guard local.lastSeen.map({ seen > $0 }) ?? true else {
                counters.staleSightings += 1
                return
            }
            guard !isBarred(key) else {
                counters.refusedDuplicate += 1
                findDuplicate(key, staysAt: .local(local.port), alsoAt: place)
                return
            }
            plain[key] = PlainSighting(vtep: vtep, seen: seen)
            withHistory(key) { _ in }
            remember(key, local.sequence, of: identity)
            noteMove(key, to: place, from: .local(local.port), isHere: true)
            release(key)
            settle(key)
            return
        }
        guard plain[key] != nil || plain.count < configuration.maximumRemoteStations else {
            counters.refusedByTable += 1
            return
        }
        plain[key] = PlainSighting(vtep: vtep, seen: max(seen, plain[key]?.seen ?? seen))
    }

    /// Nothing shows a station behind a plain VTEP any more.
    mutating func forgotten(_ key: EndpointKey, behind vtep: VTEP) {
        guard plain[key]?.vtep == vtep else { return }
        plain[key] = nil
        settle(key)
    }
}
