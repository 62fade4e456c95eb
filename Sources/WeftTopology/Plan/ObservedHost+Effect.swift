import WeftTypes

extension ObservedHost {
    /// What `action` makes of this host, as the kernel does it.
    ///
    /// The planner goes by it to know what a later step will find; tests hold it against the kernel. An action on a
    /// device that is not there changes nothing.
    public mutating func apply(_ action: PlanStep.Action) {
        switch action {
        case .createBridge(let name, let mac):
            var link = ObservedLink(name: name, kind: .bridge(.ours), mac: mac)
            link.group = Mark.group
            links[name] = link
        case .createTap(let name, let tap):
            let kind = ObservedTap(isMultiQueue: tap.isMultiQueue, isPersistent: false, heldQueueCount: tap.isHeldByAgent ? 1 : 0)
            var link = ObservedLink(name: name, kind: .tap(kind), mac: .zero)
            link.maximumMTU = ObservedLink.maximumTapMTU
            links[name] = link
        case .createVeth(let name, let mac, let guest):
            let end = ObservedGuestEnd(namespace: guest.namespace, device: guest.device, mac: guest.mac, mtu: guest.mtu)
            var link = ObservedLink(name: name, kind: .veth(end), mac: mac)
            link.group = Mark.group
            links[name] = link
            namespaces[guest.namespace]?.insert(guest.device)
        case .createVLAN(let name, let mac, let vlan):
            var link = ObservedLink(name: name, kind: .vlan(vlan), mac: mac)
            link.group = Mark.group
            (link.mtu, link.maximumMTU) = (links[vlan.parent]?.mtu ?? 1500, links[vlan.parent]?.mtu ?? 1500)
            links[name] = link
        case .enslave(let name, let bridge, let note):
            self.note(note, on: name)
            links[name]?.master = bridge
        case .release(let name, let note, let isTakenOut):
            links[name]?.alternativeNames.removeAll { $0 == note }
            if isTakenOut { links[name]?.master = nil }
        case .holdQueues(let name, let count): changeTap(name) { $0.heldQueueCount = count }
        case .bringUp(let name, let note):
            self.note(note, on: name)
            links[name]?.isUp = true
        case .giveBack(let name, let note, let isLetDown):
            links[name]?.alternativeNames.removeAll { $0 == note }
            if isLetDown { links[name]?.isUp = false }
        case .rename(let name, let wanted): rename(name, to: wanted)
        case .delete(let name): delete(name)
        case .configure(let name, let setting): set(setting, on: name)
        case .configureGuest(let name, _, _, let setting): setGuest(setting, of: name)
        }
    }

    private mutating func note(_ note: String, on name: String) {
        if links[name]?.alternativeNames.contains(note) == false { links[name]?.alternativeNames.append(note) }
    }

    /// The VLAN devices on a device.
    private func children(of name: String) -> [String] {
        links.values.filter { if case .vlan(let vlan) = $0.kind { vlan.parent == name } else { false } }.map(\.name).sorted()
    }

    private mutating func delete(_ name: String) {
        guard let link = links.removeValue(forKey: name) else { return }
        for child in children(of: name) { delete(child) }
        if case .veth(let end?) = link.kind { namespaces[end.namespace]?.remove(end.device) }
        addresses.removeAll { $0.device == name }
        for other in links.keys where links[other]?.master == name {
            links[other]?.master = nil
            links[other]?.isPlainPort = true
        }
    }

    private mutating func rename(_ name: String, to wanted: String) {
        guard var link = links.removeValue(forKey: name) else { return }
        link.name = wanted
        links[wanted] = link
        for other in links.keys where links[other]?.master == name { links[other]?.master = wanted }
        for child in children(of: name) {
            guard case .vlan(var vlan) = links[child]?.kind else { continue }
            vlan.parent = wanted
            links[child]?.kind = .vlan(vlan)
        }
        for index in addresses.indices where addresses[index].device == name { addresses[index].device = wanted }
    }

    private mutating func set(_ setting: PlanStep.LinkSetting, on name: String) {
        switch setting {
        case .mark(let alias):
            links[name]?.alias = alias
            links[name]?.group = Mark.group
        case .mac(let mac): links[name]?.mac = mac
        case .mtu(let mtu):
            links[name]?.mtu = mtu
            for child in children(of: name) {
                links[child]?.maximumMTU = mtu
                if let own = links[child]?.mtu, own > mtu { links[child]?.mtu = mtu }
            }
        case .master(let bridge):
            links[name]?.master = bridge
            links[name]?.isPlainPort = true  // the kernel forgets a port's settings with its bridge
        case .plainPort: links[name]?.isPlainPort = true
        case .bridge(let options): links[name]?.kind = .bridge(options)
        case .vlanFilter(let filter): links[name]?.vlanFilter = filter
        case .isDeaf(let isDeaf): links[name]?.isDeaf = isDeaf
        case .quietIPv4: links[name]?.isQuietIPv4 = true
        case .quietIPv6:
            links[name]?.isQuietIPv6 = true
            addresses.removeAll { $0.device == name && $0.prefix.address.family == .v6 }
        case .removeAddress(let prefix): addresses.removeAll { $0.device == name && $0.prefix == prefix }
        case .owner(let user): changeTap(name) { $0.owner = user }
        case .isUp(let isUp):
            links[name]?.isUp = isUp
            if !isUp { for child in children(of: name) { links[child]?.isUp = false } }
        case .makePersistent: changeTap(name) { $0.isPersistent = true }
        }
    }

    private mutating func setGuest(_ setting: PlanStep.GuestSetting, of name: String) {
        guard case .veth(var end?) = links[name]?.kind else { return }
        switch setting {
        case .name(let wanted):
            namespaces[end.namespace]?.remove(end.device)
            namespaces[end.namespace]?.insert(wanted)
            end.device = wanted
        case .mac(let mac): end.mac = mac
        case .mtu(let mtu): end.mtu = mtu
        case .addAddress(let prefix):
            end.addresses.append(prefix)
            end.ownAddresses.append(prefix)
        case .removeAddress(let prefix):
            end.addresses.removeAll { $0 == prefix }
            end.ownAddresses.removeAll { $0 == prefix }
        case .isUp(let isUp): end.isUp = isUp
        }
        links[name]?.kind = .veth(end)
    }

    private mutating func changeTap(_ name: String, _ change: (inout ObservedTap) -> Void) {
        guard case .tap(var tap) = links[name]?.kind else { return }
        change(&tap)
        links[name]?.kind = .tap(tap)
    }
}

extension ObservedLink {
    /// What a TAP permits: the kernel's 65535 less its Ethernet header.
    static var maximumTapMTU: Int { 65521 }
}

extension ObservedHost {
    /// A host on which `state` is fulfilled and nothing else is, so that two states can be compared by a plan.
    public init(fulfilling state: HostState) {
        self.init(namespaces: Dictionary(state.guestNamespaces.map { ($0, []) }) { first, _ in first })
        for step in plan(desired: state, observed: self).steps { apply(step.action) }
    }
}
