import WeftTypes

/// A router between alpha and bravo, whose link to bravo can shrink.
extension Rig {
    /// Puts the namespace `router` in place of the link; addresses stay.
    func insertRouter() throws {
        try make("router")
        try ip("alpha", "link delete under")
        let (v6, bits, near) = family == .v4 ? ("", 32, "192.0.2") : ("-6 ", 128, "2001:db8:")
        for setting in ["ipv4.ip_forward", "ipv6.conf.all.forwarding"] {
            try run("router", "sysctl", "-q", "net.\(setting)=1")
        }
        for (host, side, gateway) in [("alpha", "left", 1), ("bravo", "right", 2)] {
            let separator = family == .v4 ? "." : ":"
            let (router, other) = ("\(near)\(separator)\(gateway)", underlay(host == "alpha" ? "bravo" : "alpha"))
            let flag = family == .v4 ? "" : " nodad"
            try ip(host, "link add under type veth peer name \(side) netns \(namespace("router"))")
            try ip("router", "\(v6)address add \(router)/\(bits)\(flag) dev \(side)")
            try ip("router", "link set \(side) up")
            try ip(host, "\(v6)address add \(underlay(host))/\(bits)\(flag) dev under")
            try ip(host, "link set under up")
            try ip("router", "\(v6)route add \(underlay(host))/\(bits) dev \(side)")
            try ip(host, "\(v6)route add \(router)/\(bits) dev under")
            try ip(host, "\(v6)route add \(other)/\(bits) via \(router)")
            for device in [(host, "under"), ("router", side)] {
                try run(device.0, "ethtool", "-K", device.1, "tso", "off", "gso", "off", "tx-udp-segmentation", "off")
            }
        }
        try poll(seconds: 5) { (try? run("alpha", "ping", "-c1", "-W1", underlay("bravo").description)) != nil }
    }

    /// The router drops what it would say of packets that are too big.
    func silenceRouter() throws {
        let rules = """
            table inet quiet {
              chain output {
                type filter hook output priority 0;
                icmp type destination-unreachable drop
                icmpv6 type packet-too-big drop
              }
            }
            """
        try run("router", "nft", rules)
    }

    /// Packets of more bytes do not pass the router, either way.
    func setRouterMTU(_ mtu: Int) throws { try ip("router", "link set right mtu \(mtu)") }
}
