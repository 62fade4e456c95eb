import WeftNetlink
import WeftTypes

/// Stands in for what a port of kind `nic` or `bridge` finds on a real host: a device that is not Weft's, with a guest at the other
/// end of its wire.
struct ForeignWire {
    /// Where things are.
    let layout: LabLayout

    /// Wires the guests of a host whose namespace is there; the guests' namespaces are there too. The devices stay down, as those of a
    /// NIC that nobody has configured: it is the agent that brings them up.
    func setUp(_ guests: [LabGuest]) throws(LabError) {
        for guest in guests where guest.wire != .host {
            try LabError.wrapping("wire '\(guest.name)' to \(guest.device) on '\(guest.host)'") { try setUp(guest) }
        }
    }

    private func setUp(_ guest: LabGuest) throws {
        let host = try LabNamespace(layout.hostNamespace(guest.host))
        let inside = try LabNamespace(layout.guestNamespace(guest.name))
        let peer = VethPeer(name: "eth0", mac: guest.mac, namespaceDescriptor: inside.descriptor.rawValue)
        switch guest.wire {
        case .host: return
        case .nic: try host.netlink.addLink(LinkSpec(name: guest.device, kind: .veth(peer: peer)))
        case .bridge:
            // The first wire makes the bridge; its other stations are wired to it by hand.
            let bridge =
                try host.netlink.link(named: guest.device)?.index
                ?? host.netlink.addLink(LinkSpec(name: guest.device, kind: .bridge(BridgeAttributes(isMulticastSnooping: false))))
            let end = try host.netlink.addLink(
                LinkSpec(name: Self.wireDevice(of: guest.device), kind: .veth(peer: peer), masterIndex: bridge))
            try host.netlink.setLink(
                bridge, LinkChange(addressGeneration: IPv6AddressGeneration.none, ipv4: [.arpIgnore: 8]))
            try host.netlink.setLink(end, LinkChange(isUp: true))
        }
        let device = try inside.index(of: "eth0")
        try inside.netlink.setLink(device, LinkChange(isUp: true))
        for prefix in guest.addresses {
            let flags: AddressFlags = prefix.address.family == .v6 ? .noDuplicateDetection : []
            try inside.netlink.addAddress(InterfaceAddress(linkIndex: device, prefix: prefix, flags: flags))
        }
    }

    /// The name of the wire's end on a bridge: that of the bridge with something before it, within 15 bytes.
    private static func wireDevice(of bridge: String) -> String { "w-" + bridge.prefix(13) }
}
