import Glibc
import WeftLinux
import WeftNetlink
import WeftTopology
import WeftTypes

extension NetlinkLinkDriver {
    /// Does one thing, in the host's namespace.
    func applyHere(_ action: PlanStep.Action) throws(LinkFailure) {
        switch action {
        case .createBridge(let name, let mac):
            let spec = LinkSpec(name: name, kind: .bridge(BridgeAttributes(.ours, on: nil)), mac: mac, group: Mark.group)
            try write { () throws(NetlinkError) in try netlink.addLink(spec) }
        case .createTap(let name, let tap): try createTap(name, tap)
        case .createVeth(let name, let mac, let guest): try createVeth(name, mac: mac, guest: guest)
        case .createVLAN(let name, let mac, let vlan): try createVLAN(name, mac: mac, vlan)
        case .enslave(let name, let bridge, let note): try enslave(name, to: bridge, noting: note)
        case .release(let name, let note, let isTakenOut): try release(name, noted: note, isTakenOut: isTakenOut)
        case .holdQueues(let name, let count): try holdQueues(of: try owned(name), count: count)
        case .bringUp(let name, let note): try bringUp(name, noting: note)
        case .giveBack(let name, let note, let isLetDown): try giveBack(name, noted: note, isLetDown: isLetDown)
        case .rename(let name, let wanted):
            let link = try owned(name)
            try write { () throws(NetlinkError) in try netlink.setLink(link.index, LinkChange(name: wanted)) }
        case .delete(let name): try delete(name)
        case .configure(let name, let setting): try configure(try owned(name), setting)
        case .configureGuest(let host, let namespace, let device, let setting):
            let link = try owned(host)
            try NetworkNamespace.named(namespace).visit { () throws(LinkFailure) in
                try configureGuest(device, peer: link.index, setting)
            }
        }
    }

    /// The device of that name, which must be ours: somebody may have put another in its place since the plan was made.
    private func owned(_ name: String) throws(LinkFailure) -> Link {
        let found = try asking { () throws(NetlinkError) in try netlink.link(named: name) }
        guard let link = found, link.name == name else {
            throw .changed("cannot configure \(name): it has gone away; it is made again")
        }
        let isUnfinished = unfinished.withLock { $0[link.index] != nil } || uplinks.queueCount(of: link.index) > 0
        guard isUnfinished || link.group == Mark.group || link.alias.flatMap({ Mark(alias: $0) }) != nil else {
            throw .changed("cannot configure \(name): the device is not Weft's; rename or remove it")
        }
        return link
    }

    /// The parent may be ours or, under a port of kind `nic`, not.
    private func createVLAN(_ name: String, mac: MACAddress, _ vlan: VLANDevice) throws(LinkFailure) {
        let found = try asking { () throws(NetlinkError) in try netlink.link(named: vlan.parent) }
        guard let parent = found, parent.name == vlan.parent else {
            throw .changed("cannot make VLAN \(vlan.vlan) of \(vlan.parent): it has gone away; it is waited for")
        }
        let attributes = VLANAttributes(id: vlan.vlan, tagProtocol: vlan.tagProtocol == .dot1AD ? .dot1AD : .dot1Q)
        let spec = LinkSpec(name: name, kind: .vlan(attributes, on: parent.index), mac: mac, group: Mark.group)
        try write { () throws(NetlinkError) in try netlink.addLink(spec) }
    }

    private func enslave(_ name: String, to bridge: String, noting note: String) throws(LinkFailure) {
        let link = try foreign(name)
        try self.note(note, on: link)
        try set(link, LinkChange(masterIndex: try owned(bridge).index))
    }

    /// Takes it out of our bridge; the note goes last, so that nothing is forgotten when the agent is stopped in between.
    private func release(_ name: String, noted note: String, isTakenOut: Bool) throws(LinkFailure) {
        let link = try foreign(name)
        guard link.alternativeNames.contains(note) else { return }
        if isTakenOut { try set(link, LinkChange(masterIndex: 0)) }
        try write { () throws(NetlinkError) in try netlink.removeAlternativeName(note, from: link.index) }
    }

    private func note(_ note: String, on link: Link) throws(LinkFailure) {
        guard !link.alternativeNames.contains(note) else { return }
        try write { () throws(NetlinkError) in try netlink.addAlternativeName(note, to: link.index) }
    }

    /// Notes on a device of others that it was down, and brings it up.
    private func bringUp(_ name: String, noting note: String) throws(LinkFailure) {
        let link = try foreign(name)
        try self.note(note, on: link)
        try write { () throws(NetlinkError) in try netlink.setLink(link.index, LinkChange(isUp: true)) }
    }

    /// Lets it down again; the note goes last, so that nothing is forgotten when the agent is stopped in between.
    private func giveBack(_ name: String, noted note: String, isLetDown: Bool) throws(LinkFailure) {
        let link = try foreign(name)
        guard link.alternativeNames.contains(note) else { return }
        if isLetDown { try write { () throws(NetlinkError) in try netlink.setLink(link.index, LinkChange(isUp: false)) } }
        try write { () throws(NetlinkError) in try netlink.removeAlternativeName(note, from: link.index) }
    }

    /// The device of that name, which must not be ours.
    private func foreign(_ name: String) throws(LinkFailure) -> Link {
        let found = try asking { () throws(NetlinkError) in try netlink.link(named: name) }
        guard let link = found, link.name == name, link.group != Mark.group else {
            throw .changed("cannot configure \(name): it has gone away; it is waited for")
        }
        return link
    }

    /// The bridge that a device is to join: one of ours, or for a device that leads to a bridge of others, that.
    private func bridge(_ name: String, for link: Link) throws(LinkFailure) -> Link {
        guard let mark = link.alias.flatMap({ Mark(alias: $0) }), mark.kind == .link else { return try owned(name) }
        return try foreign(name)
    }

    private func delete(_ name: String) throws(LinkFailure) {
        let link = try owned(name)
        // The workers close the queues first: the device does not wait for them, but they would spin on what is gone.
        uplinks.remove(link.index)
        _ = unfinished.withLock { $0.removeValue(forKey: link.index) }
        do throws(LinkFailure) {
            try write { () throws(NetlinkError) in try netlink.deleteLink(link.index) }
        } catch  where error.errno == ENODEV {
            return  // it went with its last queue
        }
    }

    private func createVeth(_ name: String, mac: MACAddress, guest: GuestEnd) throws(LinkFailure) {
        let namespace = try calling { () throws(LinuxError) in try NetworkNamespace.named(guest.namespace).open() }
        let peer = VethPeer(
            name: guest.device, mac: guest.mac, mtu: guest.mtu, group: Mark.group, namespaceDescriptor: namespace.rawValue)
        let spec = LinkSpec(name: name, kind: .veth(peer: peer), mac: mac, group: Mark.group)
        try write { () throws(NetlinkError) in try netlink.addLink(spec) }
    }

    // MARK: Settings

    private func configure(_ link: Link, _ setting: PlanStep.LinkSetting) throws(LinkFailure) {
        switch setting {
        case .mark(let alias): try set(link, LinkChange(group: Mark.group, alias: alias))
        case .mac(let mac): try set(link, LinkChange(mac: mac))
        case .mtu(let mtu): try set(link, LinkChange(mtu: mtu))
        case .master(nil): try set(link, LinkChange(masterIndex: 0))
        case .master(let name?):
            let bridge = try bridge(name, for: link)
            try set(link, LinkChange(masterIndex: bridge.index))
        case .bridge(let options): try set(link, LinkChange(bridge: BridgeAttributes(options, on: link)))
        case .vlanFilter(let filter): try filterVLANs(of: link, filter)
        case .isDeaf(true): try deafen(link)
        case .isDeaf(false): try undeafen(link)
        case .plainPort:
            var change = BridgePort()
            for difference in (link.bridgePort ?? BridgePort()).differences(from: .plain) {
                change[keyPath: difference] = BridgePort.plain[keyPath: difference]
            }
            try write { () throws(NetlinkError) in try netlink.setBridgePort(link.index, change) }
        case .quietIPv4: try set(link, LinkChange(ipv4: Self.quiet))
        case .quietIPv6: try quietIPv6(link)
        case .removeAddress(let prefix): try removeAddress(prefix, from: link)
        case .owner(let user): try withQueue(of: link) { queue throws(LinuxError) in try queue.setOwner(user) }
        case .isUp(let isUp): try set(link, LinkChange(isUp: isUp))
        case .makePersistent:
            try withQueue(of: link) { queue throws(LinuxError) in try queue.setPersistent(true) }
            _ = unfinished.withLock { $0.removeValue(forKey: link.index) }
        }
    }

    private func set(_ link: Link, _ change: LinkChange) throws(LinkFailure) {
        try write { () throws(NetlinkError) in try netlink.setLink(link.index, change) }
    }

    private func quietIPv6(_ link: Link) throws(LinkFailure) {
        guard link.addressGeneration != nil else { return }
        try set(link, LinkChange(addressGeneration: IPv6AddressGeneration.none))
        for (setting, value) in [(IPv6Setting.isDisabled, 1), (.acceptsRouterAdvertisements, 0)] {
            countWrite()
            try calling { () throws(LinuxError) in try setting.write(value, of: link.name) }
        }
    }

    private func removeAddress(_ prefix: IPPrefix, from link: Link) throws(LinkFailure) {
        let addresses = try asking { () throws(NetlinkError) in try netlink.addresses(of: link.index) }
        for address in addresses where address.prefix == prefix {
            try write { () throws(NetlinkError) in try netlink.removeAddress(address) }
        }
    }

    // MARK: The guest's end

    /// Changes the guest's end, in its namespace.
    private func configureGuest(
        _ device: String, peer: Int32, _ setting: PlanStep.GuestSetting
    ) throws(LinkFailure) {
        let (netlink, found) = try asking { () throws(NetlinkError) in
            let netlink = try RouteNetlink.open()
            return (netlink, try netlink.link(named: device))
        }
        guard let link = found, link.peerIndex == peer else {
            throw .changed("cannot configure \(device) of the guest: it was renamed or moved; it is looked for again")
        }
        let change: LinkChange
        switch setting {
        case .name(let name): change = LinkChange(name: name)
        case .mac(let mac): change = LinkChange(mac: mac)
        case .mtu(let mtu): change = LinkChange(mtu: mtu)
        case .isUp(let isUp): change = LinkChange(isUp: isUp)
        case .addAddress(let prefix):
            let address = InterfaceAddress(guestPrefix: prefix, linkIndex: link.index)
            do throws(LinkFailure) {
                try write { () throws(NetlinkError) in try netlink.addAddress(address) }
            } catch  where error.errno == EEXIST {
                return
            }
            return
        case .removeAddress(let prefix): return try removeGuestAddress(prefix, from: link, netlink)
        }
        try write { () throws(NetlinkError) in try netlink.setLink(link.index, change) }
    }

    /// Takes one address away. With the first IPv4 address of a network the kernel takes the others of it, unless
    /// `promote_secondaries` is set in there: those come back.
    private func removeGuestAddress(_ prefix: IPPrefix, from link: Link, _ netlink: RouteNetlink) throws(LinkFailure) {
        let before = try asking { () throws(NetlinkError) in try netlink.addresses(of: link.index) }
        for address in before where address.prefix == prefix {
            try write { () throws(NetlinkError) in try netlink.removeAddress(address) }
        }
        let left = Set(try asking { () throws(NetlinkError) in try netlink.addresses(of: link.index) }.map(\.prefix))
        for var address in before where address.prefix != prefix && !left.contains(address.prefix) {
            address.flags.remove(.secondary)
            try write { () throws(NetlinkError) in try netlink.addAddress(address) }
        }
    }
}

extension BridgeAttributes {
    /// The settings a plan knows, for a bridge that is there or a new one. A kernel without VLAN filtering, which shows no default
    /// VLAN, refuses to be told even that it is off, so that is only said when it is to be changed.
    init(_ options: BridgeOptions, on link: Link?) {
        var isFilteringVLANs: Bool? = false
        if case .bridge(let present)? = link?.kind {
            isFilteringVLANs = present.defaultPVID == nil ? options.isFilteringVLANs : present.isVLANFiltering
        }
        self.init(
            ageingTime: options.ageing, isSTPEnabled: options.isSTPOn,
            isVLANFiltering: options.isFilteringVLANs == isFilteringVLANs ? nil : options.isFilteringVLANs,
            isMulticastSnooping: options.isSnoopingMulticast)
    }
}

extension InterfaceAddress {
    /// A declared address of a guest: ours to take away again, and usable at once since the file makes it unique.
    init(guestPrefix prefix: IPPrefix, linkIndex: Int32) {
        self.init(linkIndex: linkIndex, prefix: prefix)
        origin = NetlinkLinkDriver.addressOrigin
        switch prefix.last {
        case .v4(let last): if prefix.length < 31 { broadcast = last }
        case .v6: flags = .noDuplicateDetection
        }
    }
}
