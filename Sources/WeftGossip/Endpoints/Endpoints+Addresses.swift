import WeftTypes

/// Who uses an IP address in a segment.
struct AddressUse {
    struct Holder {
        var binding: Endpoints.Binding
        var isDeclared: Bool
        var since: Instant
    }

    /// Stations of other nodes, as far as their claims are in use.
    var holders: [Holder] = []
    /// The station of this host that has it.
    var local: MACAddress?
    /// What the shell was told.
    var inUse: Endpoints.Binding?
    /// When it last went from one station to another, at most as often as makes a duplicate.
    var moves: [Instant] = []
    /// It moved too often, or is declared for two; this host lets no station take it from another until that is cleared.
    var isDuplicate = false

    /// Declared before snooped, then the latest, then the lowest address.
    var best: Holder? {
        holders.min { left, right in
            if left.isDeclared != right.isDeclared { return left.isDeclared }
            return left.since == right.since ? left.binding < right.binding : left.since > right.since
        }
    }

    var isEmpty: Bool { holders.isEmpty && local == nil && moves.isEmpty && !isDuplicate }
}

extension Endpoints {
    /// A local ARP or ND packet showed that a station uses an IP address.
    mutating func bound(_ station: EndpointKey, _ address: IPAddress, port: LocalPort?, isRouter: Bool?, seen: Instant) {
        sighted(station, port: port, .frame, seen: seen)
        guard let local = locals[station], local.isOwned else { return }
        if let declared = local.declaration?.addresses, !declared.isEmpty {
            if declared.contains(address) { note(isRouter, of: station) } else { counters.refusedAddresses += 1 }
            return
        }
        guard address.isStationAddress else {
            counters.refusedAddresses += 1
            return
        }
        note(isRouter, of: station)
        let key = AddressKey(vni: station.vni, address: address)
        let use = addresses[key] ?? AddressUse()
        if use.local == station.mac {
            refresh(address, of: station, seen: seen)
        } else if let former = formerUser(use, key) {
            take(key, from: former, by: station, seen: seen)
        } else {
            bindLocally(key, station, seen: seen)
        }
    }

    /// A station of this host said of itself that it is a router, or none.
    private mutating func note(_ isRouter: Bool?, of station: EndpointKey) {
        guard let isRouter, locals[station]?.isRouter != isRouter else { return }
        locals[station]?.isRouter = isRouter
        updateRecord(station)
    }

    private struct FormerUser {
        var mac: MACAddress
        var place: EndpointPlace
        var isDeclared: Bool
        var since: Instant?
    }

    private func formerUser(_ use: AddressUse, _ key: AddressKey) -> FormerUser? {
        if let mac = use.local {
            let local = locals[EndpointKey(key.vni, mac)]
            let isDeclared = local?.declaration?.addresses.contains(key.address) ?? false
            return FormerUser(mac: mac, place: .local(local?.port), isDeclared: isDeclared)
        }
        return use.best.map {
            FormerUser(mac: $0.binding.mac, place: .node($0.binding.node), isDeclared: $0.isDeclared, since: $0.since)
        }
    }

    /// An address moves from one station to one of this host, if it may (E9).
    private mutating func take(_ key: AddressKey, from former: FormerUser, by station: EndpointKey, seen: Instant) {
        if let since = former.since, seen <= since { return }
        let alarm = EndpointAlarm.duplicateAddress(
            key.vni, key.address, kept: former.mac, keptAt: former.place, refused: station.mac,
            refusedAt: .local(locals[station]?.port))
        if former.isDeclared || isBarred(key) {
            counters.refusedAddresses += 1
            raiseDuplicate(key, alarm)
            return
        }
        noteMove(of: key)
        if case .local = former.place { yield(key, EndpointKey(key.vni, former.mac)) }
        bindLocally(key, station, seen: seen)
    }

    private mutating func refresh(_ address: IPAddress, of station: EndpointKey, seen: Instant) {
        guard let index = locals[station]?.snooped.firstIndex(where: { $0.address == address }) else { return }
        locals[station]?.snooped.remove(at: index)
        locals[station]?.snooped.append(LocalStation.Snooped(address: address, seen: seen))
    }

    private mutating func bindLocally(_ key: AddressKey, _ station: EndpointKey, seen: Instant) {
        guard hasRoom(for: key) else { return }
        if let snooped = locals[station]?.snooped, snooped.count >= configuration.maximumAddresses {
            // The one that was not seen for longest makes room.
            locals[station]?.snooped.removeFirst()
            unbindLocally(AddressKey(vni: key.vni, address: snooped[0].address), from: station.mac)
        }
        locals[station]?.snooped.append(LocalStation.Snooped(address: key.address, seen: seen))
        addresses[key, default: AddressUse()].local = station.mac
        updateBinding(key)
        updateRecord(station)
    }

    /// A station of this host gives an address up to another.
    private mutating func yield(_ key: AddressKey, _ station: EndpointKey) {
        locals[station]?.snooped.removeAll { $0.address == key.address }
        unbindLocally(key, from: station.mac)
        updateRecord(station)
    }

    mutating func unbindLocally(_ key: AddressKey, from mac: MACAddress) {
        guard addresses[key]?.local == mac else { return }
        addresses[key]?.local = nil
        updateBinding(key)
    }

    // MARK: Declared addresses

    mutating func bindDeclaredAddresses(of station: EndpointKey) {
        for address in (locals[station]?.declaration?.addresses ?? []).sorted() {
            let key = AddressKey(vni: station.vni, address: address)
            guard hasRoom(for: key) else { continue }
            let use = addresses[key] ?? AddressUse()
            if let mac = use.local, mac != station.mac {
                let other = EndpointKey(key.vni, mac)
                if locals[other]?.declaration?.addresses.contains(address) ?? false {
                    raiseDuplicate(key, declaredTwice(key, mac, .local(locals[other]?.port), station))
                    continue
                }
                yield(key, other)
            } else if let holder = use.best, holder.isDeclared, holder.binding.mac != station.mac {
                raiseDuplicate(key, declaredTwice(key, holder.binding.mac, .node(holder.binding.node), station))
            }
            addresses[key, default: AddressUse()].local = station.mac
            updateBinding(key)
        }
    }

    private func declaredTwice(
        _ key: AddressKey, _ mac: MACAddress, _ place: EndpointPlace, _ station: EndpointKey
    ) -> EndpointAlarm {
        .duplicateAddress(
            key.vni, key.address, kept: mac, keptAt: place, refused: station.mac, refusedAt: .local(locals[station]?.port))
    }

    mutating func unbindDeclaredAddresses(of station: EndpointKey) {
        for address in (locals[station]?.declaration?.addresses ?? []).sorted() {
            unbindLocally(AddressKey(vni: station.vni, address: address), from: station.mac)
        }
    }

    /// What a station was seen to use no longer counts where the topology says what it may use.
    mutating func dropUndeclaredAddresses(of station: EndpointKey) {
        guard let local = locals[station], local.declaration?.addresses.isEmpty == false else { return }
        for snooped in local.snooped { yield(AddressKey(vni: station.vni, address: snooped.address), station) }
    }

    // MARK: Addresses behind other nodes

    /// Follows the claim in use of a remote station.
    mutating func updateBindings(_ station: EndpointKey, from old: EndpointClaim?, to new: EndpointClaim?) {
        guard
            old?.addresses != new?.addresses || old?.node != new?.node || old?.isDeclared != new?.isDeclared
                || old?.isRouter != new?.isRouter
        else { return }
        let before = Set(old?.addresses ?? [])
        let after = Set(new?.addresses ?? [])
        for address in before.union(after).sorted() {
            let key = AddressKey(vni: station.vni, address: address)
            guard addresses[key] != nil || (after.contains(address) && hasRoom(for: key)) else { continue }
            let since = addresses[key]?.holders.first { $0.binding.mac == station.mac }?.since
            addresses[key]?.holders.removeAll { $0.binding.mac == station.mac }
            if let new, after.contains(address) {
                let holder = AddressUse.Holder(
                    binding: Binding(mac: station.mac, node: new.node, isRouter: new.isRouter), isDeclared: new.isDeclared,
                    since: since ?? new.received)
                addresses[key, default: AddressUse()].holders.append(holder)
                if since == nil { meet(holder, key) }
            }
            updateBinding(key)
        }
    }

    /// A remote station has begun to use an address that a station of this host has: the latest wins, unless it is declared here.
    private mutating func meet(_ holder: AddressUse.Holder, _ key: AddressKey) {
        guard let mac = addresses[key]?.local, mac != holder.binding.mac else { return }
        let station = EndpointKey(key.vni, mac)
        let here = EndpointPlace.local(locals[station]?.port)
        let there = EndpointPlace.node(holder.binding.node)
        if locals[station]?.declaration?.addresses.contains(key.address) ?? false {
            raiseDuplicate(
                key,
                .duplicateAddress(key.vni, key.address, kept: mac, keptAt: here, refused: holder.binding.mac, refusedAt: there))
            return
        }
        noteMove(of: key)
        yield(key, station)
        if isBarred(key) {
            raiseDuplicate(
                key,
                .duplicateAddress(key.vni, key.address, kept: holder.binding.mac, keptAt: there, refused: mac, refusedAt: here))
        }
    }

    /// Tells the shell, if there is something else to answer than before. Nothing is answered about what is on this host (E8).
    private mutating func updateBinding(_ key: AddressKey) {
        guard let use = addresses[key] else { return }
        let binding = use.local == nil ? use.best?.binding : nil
        if binding != use.inUse {
            addresses[key]?.inUse = binding
            effects.append(.bindingChanged(key.vni, key.address, binding))
        }
        if use.isEmpty { addresses[key] = nil }
    }

    private mutating func hasRoom(for key: AddressKey) -> Bool {
        if addresses[key] != nil || addresses.count < configuration.maximumBindings { return true }
        counters.refusedByTable += 1
        return false
    }

    // MARK: Duplicates

    private mutating func noteMove(of key: AddressKey) {
        pruneMoves(of: key)
        var moves = addresses[key]?.moves ?? []
        if moves.count >= configuration.duplicateMoveCount { moves.removeFirst() }
        addresses[key, default: AddressUse()].moves = moves + [now]
    }

    private mutating func isBarred(_ key: AddressKey) -> Bool {
        pruneMoves(of: key)
        guard let use = addresses[key] else { return false }
        return use.isDuplicate || use.moves.count >= configuration.duplicateMoveCount
    }

    private mutating func raiseDuplicate(_ key: AddressKey, _ alarm: EndpointAlarm) {
        guard addresses[key]?.isDuplicate != true else { return }
        addresses[key, default: AddressUse()].isDuplicate = true
        effects.append(.alarm(alarm))
    }

    mutating func pruneMoves(of key: AddressKey) {
        guard let first = addresses[key]?.moves.first, first.duration(to: now) >= configuration.moveWindow else { return }
        addresses[key]?.moves.removeAll { $0.duration(to: now) >= configuration.moveWindow }
    }

    mutating func clearDuplicate(_ key: AddressKey) {
        addresses[key]?.isDuplicate = false
        addresses[key]?.moves = []
        updateBinding(key)
    }
}
