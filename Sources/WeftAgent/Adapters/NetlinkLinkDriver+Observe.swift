import Glibc
import WeftLinux
import WeftNetlink
import WeftTopology
import WeftTypes

extension NetlinkLinkDriver {
    /// Reads the host, in its namespace.
    func observeHere(_ guestNamespaces: [String]) throws(LinkFailure) -> ObservedHost {
        let (links, addresses) = try asking { () throws(NetlinkError) in (try netlink.links(), try netlink.addresses()) }
        let indices = Set(links.map(\.index))
        uplinks.keepOnly(indices)
        unfinished.withLock { unfinished in unfinished = unfinished.filter { indices.contains($0.key) } }
        let names = Dictionary(links.map { ($0.index, $0.name) }) { first, _ in first }

        var guests: [Guest] = []
        var unreadable: [String: String] = [:]
        for name in guestNamespaces where NetworkNamespace.exists(name) {
            do throws(LinkFailure) {
                guests.append(try Self.look(into: name))
            } catch  where error.errno != ENOENT && error.errno != EINVAL {
                unreadable[name] = "\(error)"
            } catch {
                continue  // it went away meanwhile, or is a name that nothing is mounted on
            }
        }
        let filtered = try filteredLinks()
        var observed: [ObservedLink] = []
        for link in links {
            observed.append(try self.observed(link, names: names, guests: guests, hasFilters: filtered.contains(link.index)))
        }
        // A VLAN device takes no larger packets than the device that it is on, whatever it says.
        let mtus = Dictionary(links.map { ($0.name, $0.mtu) }) { first, _ in first }
        for index in observed.indices {
            guard case .vlan(let vlan) = observed[index].kind, let mtu = mtus[vlan.parent] else { continue }
            observed[index].maximumMTU = min(observed[index].maximumMTU, mtu)
        }
        var host = ObservedHost(
            links: observed,
            namespaces: Dictionary(guests.map { ($0.namespace, Set($0.links.map(\.name))) }) { first, _ in first },
            addresses: addresses.compactMap { address in names[address.linkIndex].map { ObservedAddress(address, on: $0) } })
        host.unreadableNamespaces = unreadable
        return host
    }

    /// A guest's namespace as it was seen.
    private struct Guest {
        let namespace: String
        let links: [Link]
        let addresses: [InterfaceAddress]

        /// The other end of a veth pair whose one end is `link` in the host's namespace.
        func end(of link: Link) -> ObservedGuestEnd? {
            guard let end = links.first(where: { $0.index == link.peerIndex && $0.peerIndex == link.index }) else { return nil }
            let own = addresses.filter { $0.linkIndex == end.index }
            return ObservedGuestEnd(
                namespace: namespace, device: end.name, mac: end.mac ?? .zero, mtu: end.mtu, isUp: end.isUp,
                addresses: own.map(\.prefix),
                ownAddresses: own.filter { $0.origin == NetlinkLinkDriver.addressOrigin }.map(\.prefix))
        }
    }

    private static func look(into namespace: String) throws(LinkFailure) -> Guest {
        try NetworkNamespace.named(namespace).visit { () throws(LinkFailure) in
            try asking { () throws(NetlinkError) in
                let netlink = try RouteNetlink.open()
                return Guest(namespace: namespace, links: try netlink.links(), addresses: try netlink.addresses())
            }
        }
    }

    private func observed(
        _ link: Link, names: [Int32: String], guests: [Guest], hasFilters: Bool
    ) throws(LinkFailure) -> ObservedLink {
        var observed = ObservedLink(name: link.name, kind: kind(of: link, guests, names), mac: link.mac ?? .zero)
        observed.alternativeNames = link.alternativeNames
        observed.group = link.group
        observed.alias = link.alias
        observed.mtu = link.mtu
        if link.maximumMTU > 0 { observed.maximumMTU = min(link.maximumMTU, 65535) }
        observed.isUp = link.isUp
        observed.hasCarrier = link.hasCarrier
        observed.master = link.masterIndex.flatMap { names[$0] }
        // Only for devices of ours is it worth two files each.
        guard Ownership(of: observed, fabric: nil).isOurs else { return observed }
        observed.isPlainPort = link.bridgePort?.isPlain ?? true
        observed.isDeaf = hasFilters ? try isDeaf(link) : false
        observed.vlanFilter = hasFilters ? try vlanFilter(of: link) : nil
        observed.isQuietIPv4 = Self.quiet.values.allSatisfy { link.ipv4[$0.key] == $0.value }
        observed.isQuietIPv6 = try calling { () throws(LinuxError) in try isQuietIPv6(link) }
        return observed
    }

    /// The IPv4 switches of every device of ours on the host (DESIGN §2).
    static var quiet: IPv4LinkSettings { [.rpFilter: 1, .arpIgnore: 8, .forwarding: 0] }

    private func isQuietIPv6(_ link: Link) throws(LinuxError) -> Bool {
        guard let addressGeneration = link.addressGeneration else { return true }  // no IPv6 on this device, or none at all
        guard addressGeneration == .none else { return false }
        let isOn = try IPv6Setting.isDisabled.read(of: link.name) == 0
        let isListening = try IPv6Setting.acceptsRouterAdvertisements.read(of: link.name) ?? 0 != 0
        return !isOn && !isListening
    }

    private func kind(of link: Link, _ guests: [Guest], _ names: [Int32: String]) -> ObservedLink.Kind {
        switch link.kind {
        case .bridge(let bridge):
            return .bridge(
                BridgeOptions(
                    isSTPOn: bridge.isSTPEnabled ?? false, isSnoopingMulticast: bridge.isMulticastSnooping ?? false,
                    isFilteringVLANs: bridge.defaultPVID == nil ? nil : bridge.isVLANFiltering,
                    ageing: bridge.ageingTime ?? BridgeOptions.ours.ageing))
        case .veth: return .veth(guests.lazy.compactMap { $0.end(of: link) }.first)
        case .tun(let tun) where tun.mode == .tap:
            return .tap(
                ObservedTap(
                    isMultiQueue: tun.isMultiQueue, isPersistent: tun.isPersistent, owner: tun.owner,
                    heldQueueCount: uplinks.queueCount(of: link.index)))
        case .vlan(let vlan):
            // In another namespace, the number is another device's.
            let parent = link.linkNamespaceID == nil ? link.linkIndex.flatMap { names[$0] } ?? "" : ""
            return .vlan(VLANDevice(on: parent, vlan: vlan.id, tagProtocol: vlan.tagProtocol == .dot1AD ? .dot1AD : .dot1Q))
        case .tun, .vxlan, .other: return .other(link.kind.name ?? "")
        case .physical: return .other("")
        }
    }
}

extension BridgePort {
    /// What a port of a bridge of ours does, as the kernel makes new ones; what a kernel does not know, it does not do.
    static let plain: BridgePort = {
        var port = BridgePort(
            isLearning: true, floodsUnicast: true, floodsMulticast: true, floodsBroadcast: true, isIsolated: false,
            isHairpin: false)
        port.isLocked = false
        port.suppressesNeighbours = false
        port.guardsBPDU = false
        return port
    }()

    /// Whether it does that.
    fileprivate var isPlain: Bool { differences(from: .plain).isEmpty }

    /// What has to be set so that it does, and nothing else.
    func differences(from wanted: BridgePort) -> [WritableKeyPath<BridgePort, Bool?>] {
        let switches: [WritableKeyPath<BridgePort, Bool?>] = [
            \.isLearning, \.floodsUnicast, \.floodsMulticast, \.floodsBroadcast, \.isIsolated, \.isHairpin, \.isLocked,
            \.suppressesNeighbours, \.guardsBPDU,
        ]
        return switches.filter { self[keyPath: $0] != nil && self[keyPath: $0] != wanted[keyPath: $0] }
    }
}

extension ObservedAddress {
    fileprivate init(_ address: InterfaceAddress, on device: String) {
        self.init(
            prefix: address.prefix, device: device,
            isTentative: address.flags.contains(.tentative) && !address.flags.contains(.optimistic),
            isDuplicate: address.flags.contains(.duplicate))
    }
}
