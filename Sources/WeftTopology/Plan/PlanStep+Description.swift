extension PlanStep.Action: CustomStringConvertible {
    public var description: String {
        switch self {
        case .createBridge(let name, _): "create bridge \(name)"
        case .createTap(let name, let tap): "create TAP \(name)" + (tap.isMultiQueue ? ", \(tap.queueCount) queues" : "")
        case .createVeth(let name, _, let guest): "create veth \(name) with \(guest.device) in \(guest.namespace)"
        case .createVLAN(let name, _, let vlan): "create \(name), VLAN \(vlan.vlan) of \(vlan.parent)"
        case .enslave(let name, let bridge, let note): "put \(name) into \(bridge), and call it \(note) too"
        case .release(let name, let note, let isTakenOut):
            (isTakenOut ? "take \(name) out of its bridge, and " : "take ") + "the name \(note) from it"
        case .holdQueues(let name, let count): "open \(count) queues of \(name)"
        case .bringUp(let name, let note): "bring up \(name), and call it \(note) too"
        case .giveBack(let name, let note, let isLetDown):
            "take the name \(note) from \(name)" + (isLetDown ? ", and let it down" : "")
        case .rename(let name, let wanted): "rename \(name) to \(wanted)"
        case .delete(let name): "delete \(name)"
        case .configure(let name, let setting): "set \(setting) on \(name)"
        case .configureGuest(_, let namespace, let device, let setting): "set \(setting) on \(device) in \(namespace)"
        }
    }
}

extension PlanStep.LinkSetting: CustomStringConvertible {
    public var description: String {
        switch self {
        case .mark(let alias): "mark \(alias)"
        case .mac(let mac): "MAC \(mac)"
        case .mtu(let mtu): "MTU \(mtu)"
        case .master(let bridge): bridge.map { "master \($0)" } ?? "no master"
        case .bridge: "bridge options"
        case .isDeaf(let isDeaf): isDeaf ? "a filter that drops all before the host sees it" : "no filter that drops all"
        case .vlanFilter(let filter): filter.map { "a filter that passes \($0.vlans.count) VLANs" } ?? "no filter of VLANs"
        case .plainPort: "plain bridge port"
        case .quietIPv4: "IPv4 quiet"
        case .quietIPv6: "IPv6 off"
        case .removeAddress(let prefix): "no address \(prefix)"
        case .owner(let user): "owner \(user)"
        case .isUp(let isUp): isUp ? "up" : "down"
        case .makePersistent: "persistent"
        }
    }
}

extension PlanStep.GuestSetting: CustomStringConvertible {
    public var description: String {
        switch self {
        case .name(let name): "name \(name)"
        case .mac(let mac): "MAC \(mac)"
        case .mtu(let mtu): "MTU \(mtu)"
        case .addAddress(let prefix): "address \(prefix)"
        case .removeAddress(let prefix): "no address \(prefix)"
        case .isUp(let isUp): isUp ? "up" : "down"
        }
    }
}
