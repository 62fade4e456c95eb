import WeftTypes

extension PortSnippet {
    /// A network namespace: commands of ip(8). That of a `veth` port only has to be there.
    @Sendable static func networkNamespace(_ wiring: PortWiring, _ access: PortWiring.Access) -> Part? {
        switch access {
        case .namespace(let namespace):
            return Part(
                text: "ip netns add \(namespace)\n",
                notes: [
                    "the agent puts eth0 into \(namespace) as soon as it is there; ip netns delete \(namespace) takes it away"
                ])
        case .bridge(let bridge):
            let isPort = !isForeign(bridge, wiring)
            let name = wiring.identifier
            // 15 bytes are the most that a device's name may have.
            let host = "v" + String(name.prefix(14))
            let mac = isPort ? wiring.mac.map { " address \($0)" } ?? "" : ""
            var lines = [
                "ip netns add \(name)",
                "ip link add \(host) mtu \(wiring.mtu) type veth peer name eth0 netns \(name)\(mac) mtu \(wiring.mtu)",
                "ip link set \(host) addrgenmode none master \(bridge) up",
            ]
            if isPort { lines += wiring.addresses.map { "ip -n \(name) address add \($0) dev eth0" } }
            lines.append("ip -n \(name) link set eth0 up")
            return Part(
                text: lines.map { $0 + "\n" }.joined(),
                notes: ["ip netns delete \(name) takes all of it away"] + (isPort ? [unusedTap(wiring)] : []))
        case .tap, .socket: return nil
        }
    }
}
