import WeftLinux
import WeftNetlink
import WeftTypes

/// Sets up a host of kind `vtep` with the kernel's own means: what an operator would do with `ip` and `bridge`.
struct KernelPeer {
    /// Where things are.
    let layout: LabLayout

    /// Makes the bridges, VXLAN devices and guests' wires of a host whose namespace is there and empty; the guests'
    /// namespaces are there too.
    func setUp(_ host: LabHost, segments: [KernelSegment]) throws(LabError) {
        try LabError.wrapping("set up the VXLAN end point '\(host.name)'") {
            let namespace = try LabNamespace(layout.hostNamespace(host.name))
            for segment in segments { try setUp(segment, in: namespace.netlink, namespace) }
        }
    }

    private func setUp(_ segment: KernelSegment, in netlink: RouteNetlink, _ namespace: borrowing LabNamespace) throws {
        let bridge = try netlink.addLink(
            LinkSpec(
                name: segment.bridgeDevice, kind: .bridge(BridgeAttributes(isMulticastSnooping: false)), mtu: segment.mtuByteCount
            ))
        try Self.keepSilent(bridge, netlink)
        for tunnel in segment.tunnels {
            var attributes = VXLANAttributes(vni: segment.vni, local: tunnel.local.address, udpPort: tunnel.local.udpPort)
            attributes.isLearning = true
            attributes.hasUDPChecksum = true
            if segment.usesRemoteChecksums {
                attributes.sendsRemoteChecksum = true
                attributes.acceptsRemoteChecksum = true
            }
            let device = KernelSegment.tunnelDevice(vni: segment.vni, family: tunnel.local.address.family)
            let index = try netlink.addLink(
                LinkSpec(name: device, kind: .vxlan(attributes), mtu: segment.mtuByteCount, masterIndex: bridge))
            try Self.keepSilent(index, netlink)
            // What came by one tunnel never leaves by the other.
            if segment.tunnels.count > 1 { try netlink.setBridgePort(index, BridgePort(isIsolated: true)) }
            for remote in tunnel.remotes {
                try netlink.addFDB(Self.floodEntry(index, to: remote, devicePort: tunnel.local.udpPort), mode: .append)
            }
            try netlink.setLink(index, LinkChange(isUp: true))
        }
        for guest in segment.guests { try connect(guest, of: segment, to: bridge, netlink) }
        try netlink.setLink(bridge, LinkChange(isUp: true))
    }

    /// `bridge fdb append 00:00:00:00:00:00 dev … dst …`: where the kernel sends what has no entry of its own.
    private static func floodEntry(_ index: Int32, to remote: VTEP, devicePort: UInt16) -> FDBEntry {
        FDBEntry(
            linkIndex: index, mac: .zero, table: .own, destination: remote.address,
            udpPort: remote.udpPort == devicePort ? nil : remote.udpPort, state: [.noARP, .permanent])
    }

    private func connect(_ guest: KernelSegment.Guest, of segment: KernelSegment, to bridge: Int32, _ netlink: RouteNetlink)
        throws
    {
        let inside = try LabNamespace(layout.guestNamespace(guest.name))
        let peer = VethPeer(
            name: "eth0", mac: guest.mac, mtu: segment.mtuByteCount, namespaceDescriptor: inside.descriptor.rawValue)
        let port = try netlink.addLink(
            LinkSpec(name: guest.device, kind: .veth(peer: peer), mtu: segment.mtuByteCount, masterIndex: bridge))
        try Self.keepSilent(port, netlink)
        try netlink.setLink(port, LinkChange(isUp: true))
        let device = try inside.index(of: "eth0")
        try inside.netlink.setLink(device, LinkChange(isUp: true))
        for prefix in guest.addresses {
            let flags: AddressFlags = prefix.address.family == .v6 ? .noDuplicateDetection : []
            try inside.netlink.addAddress(InterfaceAddress(linkIndex: device, prefix: prefix, flags: flags))
        }
    }

    /// A host does not answer on a guests' segment.
    private static func keepSilent(_ index: Int32, _ netlink: RouteNetlink) throws {
        try netlink.setLink(
            index, LinkChange(addressGeneration: IPv6AddressGeneration.none, ipv4: [.arpIgnore: 8, .rpFilter: 1, .forwarding: 0]))
    }
}
