import WeftTypes

// Whose a station is: every node that knows the same claims comes to the same answer, whatever order they came in.

extension Endpoints {
    /// This host's claim to a station, if it has one.
    func ownClaim(of key: EndpointKey) -> EndpointClaim? {
        guard let local = locals[key], local.isOwned else { return nil }
        return EndpointClaim(
            node: identity, sequence: local.sequence, isSticky: local.isSticky, isDeclared: local.declaration != nil,
            addresses: [], received: now)
    }

    /// The best claim of another node.
    func rival(of key: EndpointKey) -> EndpointClaim? { remotes[key].flatMap { best($0.claims) } }

    /// The best of all claims, this host's among them.
    private func winner(of key: EndpointKey) -> EndpointClaim? {
        var all = remotes[key]?.claims ?? []
        if let own = ownClaim(of: key) { all.insert(own, at: all.partitionPoint { $0.node < identity }) }
        return best(all)
    }

    /// The best of claims that are sorted by node. Sequences on a circle may beat each other in turn; the order makes the answer one.
    private func best(_ claims: [EndpointClaim]) -> EndpointClaim? {
        guard var best = claims.first else { return nil }
        for claim in claims.dropFirst() where precedes(claim, best) { best = claim }
        return best
    }

    /// Whether one claim is better than another: a sticky one (E6), the later sequence (E3), the lower VTEP address, the lower
    /// NodeID (E4).
    private func precedes(_ left: EndpointClaim, _ right: EndpointClaim) -> Bool {
        if left.isSticky != right.isSticky { return left.isSticky }
        if left.sequence.isLaterSequence(than: right.sequence) { return true }
        if right.sequence.isLaterSequence(than: left.sequence) { return false }
        switch (vteps[left.node], vteps[right.node]) {
        case (let address?, let other?) where address != other: return address < other
        case (_?, nil): return true
        case (nil, _?): return false
        default: return left.node < right.node
        }
    }

    /// The sequence under which this host would own a station now: beyond the one under which another has or had it.
    func nextSequence(_ key: EndpointKey, beyond rival: UInt32?) -> UInt32 {
        let history = histories[key]
        if let rival { return rival.laterSequence(history?.sequence) &+ 1 }
        guard let history, let sequence = history.sequence else { return 0 }
        return history.owner == identity ? sequence : sequence &+ 1
    }

    /// Brings everything about a station in line with the claims: who owns it, what is published, where frames go.
    mutating func settle(_ key: EndpointKey) {
        takeOverIfFree(key)
        if let local = locals[key], local.isOwned {
            if local.isSticky {
                defend(key)
            } else if let winner = winner(of: key), winner.node != identity {
                lose(key, to: winner)
            }
        }
        updateRecord(key)
        updateRoute(key)
        let isOwned = locals[key]?.isOwned ?? false
        if (remotes[key]?.claims.count ?? 0) + (isOwned ? 1 : 0) > 1 {
            contested.insert(key)
        } else {
            contested.remove(key)
        }
    }

    /// A station that was waiting for its former place to let go, or that nobody else ever had.
    private mutating func takeOverIfFree(_ key: EndpointKey) {
        guard let local = locals[key], !local.isOwned, local.isCandidate,
            local.isSticky || ((remotes[key]?.claims.isEmpty ?? true) && plain[key] == nil)
        else { return }
        let comesFromElsewhere = histories[key]?.owner.map { $0 != identity } ?? false
        acquire(key, sequence: nextSequence(key, beyond: nil))
        if comesFromElsewhere && !local.isSeen { beginAnnouncing(key) }
    }

    /// Makes a station this host's.
    mutating func acquire(_ key: EndpointKey, sequence: UInt32) {
        guard locals[key] != nil else { return }
        locals[key]?.isOwned = true
        locals[key]?.sequence = sequence
        // What it said of itself elsewhere goes on until it says something else here.
        let former = rival(of: key)?.isRouter
        if locals[key]?.isRouter == nil { locals[key]?.isRouter = former }
        if histories[key]?.late != nil { endLate(key) }
        if histories[key] != nil { remember(key, sequence, of: identity) }
        bindDeclaredAddresses(of: key)
    }

    /// The station is another's now (E3, E4): it is withdrawn here, and late frames follow it.
    private mutating func lose(_ key: EndpointKey, to winner: EndpointClaim) {
        guard let local = locals[key] else { return }
        let hasMoved = winner.sequence.isLaterSequence(than: local.sequence)
        if winner.isSticky {
            effects.append(.alarm(.stickyConflict(key.vni, key.mac, staysAt: .node(winner.node), seenAt: .local(local.port))))
        } else if hasMoved {
            noteMove(key, to: .node(winner.node), from: .local(local.port), isHere: true)
        }
        release(key)
        remember(key, winner.sequence, of: winner.node)
        if hasMoved {
            let until = now.advanced(by: configuration.lateForwarding)
            withHistory(key) { $0.late = (winner.node, until) }
            effects.append(.forwardLate(key, to: winner.node, until: until))
            deadlines.push(.endLate(key), at: until)
        }
    }

    /// Gives up a station that is elsewhere: nothing that showed it here counts any more.
    mutating func release(_ key: EndpointKey) {
        guard let local = locals[key] else { return }
        for snooped in local.snooped { unbindLocally(AddressKey(vni: key.vni, address: snooped.address), from: key.mac) }
        unbindDeclaredAddresses(of: key)
        locals[key]?.isOwned = false
        locals[key]?.snooped = []
        locals[key]?.isInBridge = false
        locals[key]?.lastFrame = nil
        locals[key]?.lastSeen = nil
        locals[key]?.announcements = nil
        locals[key]?.isRouter = nil
        updateRecord(key)
        effects.append(.forgetLocally(key, port: local.port))
        if local.declaration == nil { removeLocal(key) }
    }

    /// A sticky station stays, whoever else claims it (E6).
    private mutating func defend(_ key: EndpointKey) {
        guard let rival = rival(of: key), let home = locals[key].map({ EndpointPlace.local($0.port) }) else { return }
        let place = EndpointPlace.node(rival.node)
        guard locals[key]?.isNewConflict(at: place) == true else { return }
        effects.append(.alarm(.stickyConflict(key.vni, key.mac, staysAt: home, seenAt: place)))
    }

    // MARK: What others are told

    /// Publishes or withdraws, if what is to be known differs from what was said.
    mutating func updateRecord(_ key: EndpointKey) {
        guard let local = locals[key] else { return }
        guard local.isOwned else {
            if local.published != nil {
                locals[key]?.published = nil
                counters.withdrawals += 1
                effects.append(.withdraw(key.recordKey))
            }
            return
        }
        let record = local.record(limit: configuration.maximumAddresses)
        guard record != local.published, !local.isPublicationPending else { return }
        var pace = histories[key]?.pace ?? Pace()
        let (burst, interval) = (configuration.publicationBurst, configuration.publicationInterval)
        guard pace.take(burst: burst, interval: interval, now: now) else {
            counters.delayedPublications += 1
            locals[key]?.isPublicationPending = true
            deadlines.push(.publish(key), at: pace.ready(burst: burst, interval: interval))
            return
        }
        withHistory(key) { $0.pace = pace }
        locals[key]?.published = record
        counters.publications += 1
        var bytes: [UInt8] = []
        record.emit(into: &bytes)
        effects.append(.publish(key.recordKey, RecordValue(checked: bytes)))
    }

    // MARK: Where frames go

    /// Uses the best claim of another node, unless the station is this host's.
    private mutating func updateRoute(_ key: EndpointKey) {
        let isOwned = locals[key]?.isOwned ?? false
        guard let remote = remotes[key] else { return }
        let old = remote.inUse
        let new = isOwned ? nil : best(remote.claims)
        if remote.claims.isEmpty { remotes[key] = nil } else { remotes[key]?.inUse = new }
        guard old != new else { return }
        if old.map(Route.init) != new.map(Route.init) {
            effects.append(.routeChanged(key, new.map(Route.init)))
            followLate(key, to: new)
            if let old, let new, old.node != new.node, new.sequence.isLaterSequence(than: old.sequence),
                remote.claims.contains(where: { $0.node == old.node })
            {
                noteMove(key, to: .node(new.node), from: .node(old.node), isHere: false)
            }
        }
        updateBindings(key, from: old, to: new)
    }
}

extension Endpoints.Route {
    init(_ claim: EndpointClaim) { self.init(node: claim.node, sequence: claim.sequence, isSticky: claim.isSticky) }
}
