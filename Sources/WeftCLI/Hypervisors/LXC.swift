import WeftTypes

extension PortSnippet {
    /// LXC: lines of lxc.container.conf(5).
    ///
    /// The container of a `veth` port shares the namespace in which the agent keeps the interface; for a bridge LXC makes a pair of
    /// its own, of which the hook `lxc-weft` takes care.
    @Sendable static func lxc(_ wiring: PortWiring, _ access: PortWiring.Access) -> Part? {
        switch access {
        case .namespace(let namespace):
            return Part(
                text: "lxc.namespace.share.net = /run/netns/\(namespace)\n",
                notes: ["the agent has given eth0 in \(namespace) its MAC, addresses and MTU"])
        case .bridge(let bridge):
            let isPort = !isForeign(bridge, wiring)
            var lines = [
                "lxc.net.0.type = veth", "lxc.net.0.link = \(bridge)", "lxc.net.0.name = eth0", "lxc.net.0.mtu = \(wiring.mtu)",
            ]
            if isPort {
                if let mac = wiring.mac { lines.append("lxc.net.0.hwaddr = \(mac)") }
                lines += wiring.addresses.map(addressLine)
                lines.append("lxc.net.0.script.up = /usr/local/share/weft/lxc-weft \(wiring.name)")
            }
            lines.append("lxc.net.0.flags = up")
            return Part(
                text: lines.map { $0 + "\n" }.joined(),
                notes: isPort
                    ? [unusedTap(wiring), "a port of kind veth needs no device of LXC's: --as lxc then shares its namespace"] : []
            )
        case .tap, .socket: return nil
        }
    }

    /// LXC computes a wrong broadcast address where it is given none.
    private static func addressLine(_ prefix: IPPrefix) -> String {
        switch prefix.address.family {
        case .v4: "lxc.net.0.ipv4.address = \(prefix)" + (prefix.length < 31 ? " \(prefix.last)" : "")
        case .v6: "lxc.net.0.ipv6.address = \(prefix)"
        }
    }
}
