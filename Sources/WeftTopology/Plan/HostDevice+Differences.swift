import WeftTypes

extension HostDevice {
    /// The step that makes it, with what the kernel takes in the creating message.
    func creation(as name: String) -> PlanStep.Action {
        switch kind {
        case .bridge: .createBridge(name, mac: mac)
        case .tap(let tap): .createTap(name, tap)
        case .veth(let guest): .createVeth(name, mac: mac, guest: guest)
        case .vlan(let vlan): .createVLAN(name, mac: mac, vlan)
        }
    }

    /// What it is called until it is marked, if its own name does not have our prefix.
    var provisionalName: String {
        let digest = SHA256.digest(of: "\(mark.alias) provisional")
        return mark.kind.devicePrefix + digest.prefix(4).map { hexadecimal($0, width: 2) }.joined()
    }

    /// Whether a device of the kind observed could be this one.
    func isSameKind(as kind: ObservedLink.Kind) -> Bool {
        switch (self.kind, kind) {
        case (.bridge, .bridge), (.tap, .tap), (.veth, .veth), (.vlan, .vlan): true
        case (.bridge, _), (.tap, _), (.veth, _), (.vlan, _): false
        }
    }

    /// Why `link`, which is ours and has the right name, can't be repaired but must be made again; nil when it can.
    func obstacle(to link: ObservedLink) -> String? {
        switch (kind, link.kind) {
        case (.bridge, .bridge): return nil
        case (.tap(let wanted), .tap(let tap)):
            guard wanted.isMultiQueue != tap.isMultiQueue else { return nil }
            return tap.isMultiQueue
                ? "it has several queues, and that can't be changed" : "it has a single queue, and that can't be changed"
        case (.veth(let wanted), .veth(let end)):
            guard let end else { return "its other end is not in namespace \(wanted.namespace)" }
            return end.namespace == wanted.namespace ? nil : "its other end is in namespace \(end.namespace)"
        case (.vlan(let wanted), .vlan(let vlan)):
            return wanted == vlan ? nil : "it is VLAN \(vlan.vlan) (\(vlan.tagProtocol.rawValue)) of \(vlan.parent)"
        case (.bridge, _), (.tap, _), (.veth, _), (.vlan, _): return "it is a \(link.kindDescription) device"
        }
    }

    /// What to set on `link` so that it is as it should be, in order, each with the reason; without bringing it up.
    func differences(from link: ObservedLink) -> [(PlanStep.LinkSetting, reason: String)] {
        var settings: [(PlanStep.LinkSetting, reason: String)] = []
        if link.alias != mark.alias {
            settings.append((.mark(alias: mark.alias), "its alias is \(link.alias.map { "'\($0)'" } ?? "missing")"))
        } else if link.group != Mark.group {
            settings.append((.mark(alias: mark.alias), "its group is \(link.group)"))
        }
        if link.mac != mac { settings.append((.mac(mac), "its MAC is \(link.mac)")) }
        if link.mtu != link.maximumMTU {
            let reason = isDirect ? "the agent alone judges sizes" : "a bridge drops what is larger without notice"
            settings.append((.mtu(link.maximumMTU), "its MTU is \(link.mtu), and \(reason)"))
        }
        if case .bridge(let options) = link.kind, !options.fulfil(bridgeOptions) {
            let isFilter = options.isFilteringVLANs != filtersVLANs
            let reason = filtersVLANs ? "tagged frames of a wire would be heard" : "no wire is on it any more"
            settings.append((.bridge(bridgeOptions), isFilter ? reason : "its bridge options were changed"))
        }
        if !link.isQuietIPv4 { settings.append((.quietIPv4, "the host would answer guests")) }
        if !link.isQuietIPv6 { settings.append((.quietIPv6, "the host would answer guests")) }
        // Before it joins a bridge, and before it has VLAN devices.
        if link.vlanFilter != vlanFilter {
            let reason = vlanFilter == nil ? "it is no trunk any more" : "frames of other VLANs would pass"
            settings.append((.vlanFilter(vlanFilter), reason))
        }
        // Out of hearing before it leaves a bridge, and back only after it has joined one: the host never hears its guest.
        if isDirect, !link.isDeaf { settings.append(deafness) }
        if link.master != bridge {
            settings.append((.master(bridge), "its master is \(link.master ?? "missing")"))
        } else if !link.isPlainPort {
            settings.append((.plainPort, "its settings as a bridge port were changed"))
        }
        if !isDirect, link.isDeaf { settings.append((.isDeaf(false), "its bridge is to have its frames")) }
        return settings
    }

    /// What keeps the host from hearing what a direct port's guest sends.
    var deafness: (PlanStep.LinkSetting, reason: String) { (.isDeaf(true), "the host would hear what is for the agent") }
}

extension GuestEnd {
    /// What to set on the guest's end so that it is as it should be, in order, each with the reason. Addresses that the
    /// agent did not put there stay.
    func differences(from end: ObservedGuestEnd) -> [(PlanStep.GuestSetting, reason: String)] {
        var settings: [(PlanStep.GuestSetting, reason: String)] = []
        if end.device != device {
            if end.isUp { settings.append((.isUp(false), "a device that is up can't be renamed")) }
            settings.append((.name(device), "it was renamed to \(end.device)"))
        }
        if end.mac != mac { settings.append((.mac(mac), "its MAC is \(end.mac)")) }
        if end.mtu != mtu { settings.append((.mtu(mtu), "its MTU is \(end.mtu)")) }
        for prefix in Set(end.ownAddresses).subtracting(addresses).sorted() {
            settings.append((.removeAddress(prefix), "the port no longer has this address"))
        }
        for prefix in addresses where !end.addresses.contains(prefix) {
            settings.append((.addAddress(prefix), "the port has this address"))
        }
        if !end.isUp || end.device != device { settings.append((.isUp(true), "the guest's end is down")) }
        return settings
    }
}

extension ObservedLink {
    /// `a bridge device without this fabric's mark`, for the message that a name is taken.
    func kindSentence(_ owner: Ownership, under wanted: String) -> String {
        let called = name == wanted ? "" : " called \(name)"
        return switch owner {
        case .otherFabric(let mark): "a \(kindDescription) device\(called) of the fabric \(mark.fabric)"
        case .ours, .halfMade: "a \(kindDescription) device\(called) that has it as an alternative name"
        case .foreign: "a \(kindDescription) device\(called) that is not Weft's"
        }
    }
}
