import Glibc
import WeftLinux
import WeftNetlink
import WeftTypes

/// The lab's underlay: a namespace that routes between the hosts, and a wire from it to each.
struct Underlay {
    /// Where things are.
    let layout: LabLayout
    /// MTU of every wire, bytes.
    let mtuByteCount: Int

    /// The name of a host's wire at its own end.
    static var hostDevice: String { "eth0" }

    private var router: NetworkNamespace { .named(layout.underlayNamespace) }

    /// Makes the router. Forwarding is on in its namespace and nowhere else.
    func makeRouter() throws(LabError) {
        try LabError.wrapping("make the underlay of lab '\(layout.lab)'") {
            try NetworkNamespace.create(layout.underlayNamespace)
            try LabNamespace(layout.underlayNamespace).bringLoopbackUp()
            try router.run {
                for path in ["/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/all/forwarding"] {
                    // A kernel without IPv6 has no such file, and no IPv6 to forward.
                    guard Files.isAccessible(path, F_OK) else { continue }
                    let descriptor = try Descriptor.open(path, flags: O_WRONLY)
                    try descriptor.writeAll(Array("1".utf8), name: path)
                }
            }
        }
    }

    /// Makes a host's namespace and its wire, with its addresses and a way to every other host.
    func makeHost(_ host: LabHost) throws(LabError) {
        try LabError.wrapping("make host '\(host.name)'") {
            let name = layout.hostNamespace(host.name)
            try NetworkNamespace.create(name)
            let inside = try LabNamespace(name)
            try inside.bringLoopbackUp()
            let outside = try LabNamespace(layout.underlayNamespace)
            let routerDevice = LabLayout.routerDevice(host: host.name)
            // The kernel takes a moment to clear a namespace away, and the other end of its wire with it.
            if let old = try outside.netlink.link(named: routerDevice) { try outside.netlink.deleteLink(old.index) }
            let peer = VethPeer(name: Self.hostDevice, mtu: mtuByteCount, namespaceDescriptor: inside.descriptor.rawValue)
            let wire = try outside.netlink.addLink(LinkSpec(name: routerDevice, kind: .veth(peer: peer), mtu: mtuByteCount))
            // The one address the router has on each wire is enough; it needs no link-local one of its own making.
            try outside.netlink.setLink(wire, LinkChange(addressGeneration: IPv6AddressGeneration.none))
            try outside.netlink.setLink(wire, LinkChange(isUp: true))
            let device = try inside.index(of: Self.hostDevice)
            try inside.netlink.setLink(device, LinkChange(isUp: true))

            for family in Set(host.addresses.map(\.family)).sorted(by: { $0.bitCount < $1.bitCount }) {
                try connect(family, of: host, device: device, wire: wire, inside: inside, outside: outside)
            }
        }
    }

    private func connect(
        _ family: IPAddress.Family, of host: LabHost, device: Int32, wire: Int32, inside: borrowing LabNamespace,
        outside: borrowing LabNamespace
    ) throws {
        let gateway = UnderlayAddressing.gateway(family)
        let gatewayPrefix = IPPrefix(address: gateway, length: family == .v4 ? 32 : 64)
        guard let gatewayPrefix, let everywhere = Self.everywhere(family) else {
            preconditionFailure("the gateway's prefix does not fit its family")
        }
        let flags: AddressFlags = family == .v6 ? .noDuplicateDetection : []
        try outside.netlink.addAddress(
            InterfaceAddress(linkIndex: wire, prefix: gatewayPrefix, scope: family == .v4 ? .universe : .link, flags: flags))
        for address in host.addresses where address.family == family {
            guard let alone = UnderlayAddressing.alone(address) else { continue }
            try inside.netlink.addAddress(InterfaceAddress(linkIndex: device, prefix: alone, flags: flags))
            try outside.netlink.addRoute(Route(destination: alone, linkIndex: wire))
        }
        try inside.netlink.addRoute(Route(destination: everywhere, gateway: gateway, linkIndex: device, isOnLink: true))
    }

    private static func everywhere(_ family: IPAddress.Family) -> IPPrefix? {
        switch family {
        case .v4: IPPrefix(address: .v4(IPv4Address(rawValue: 0)), length: 0)
        case .v6: IPPrefix(address: .v6(IPv6Address(rawValue: 0)), length: 0)
        }
    }
}

/// A namespace of the lab, opened: it lives on at least as long as this value.
struct LabNamespace: ~Copyable {
    /// What netlink moves links by.
    let descriptor: Descriptor
    /// rtnetlink inside it.
    let netlink: RouteNetlink

    /// Opens the namespace called `name`.
    init(_ name: String) throws {
        let namespace = NetworkNamespace.named(name)
        let opened = try namespace.open()
        netlink = try namespace.run { try RouteNetlink.open() }
        descriptor = opened
    }

    /// Brings `lo` up, without which nothing in the namespace reaches itself.
    func bringLoopbackUp() throws {
        try netlink.setLink(try index(of: "lo"), LinkChange(isUp: true))
    }

    /// The number of a device that must be there.
    func index(of device: String) throws -> Int32 {
        guard let link = try netlink.link(named: device) else {
            throw NetlinkError(verb: .findLink, object: device, errno: ENODEV)
        }
        return link.index
    }
}
