extension PortSnippet {
    /// Xen: a `vif` of the domain's configuration (xl-network-configuration(5)).
    @Sendable static func xl(_ wiring: PortWiring, _ access: PortWiring.Access) -> Part? {
        guard case .bridge(let bridge) = access else { return nil }
        let isPort = !isForeign(bridge, wiring)
        let mac = isPort ? wiring.mac.map { "mac=\($0)," } ?? "" : ""
        return Part(
            text: "vif = [ '\(mac)bridge=\(bridge),mtu=\(wiring.mtu)\(isPort ? ",script=vif-weft" : "")' ]\n",
            notes: isPort ? ["script=vif-weft is installed beside vif-bridge in /etc/xen/scripts", unusedTap(wiring)] : [])
    }

    /// Whether the bridge is a port itself, so that the port has no one guest.
    static func isForeign(_ bridge: String, _ wiring: PortWiring) -> Bool { wiring.accesses == [.bridge(bridge)] }

    /// What becomes of the TAP of a port whose guest has a device of its own.
    static func unusedTap(_ wiring: PortWiring) -> String {
        "the guest's own device joins the bridge, and the port's TAP stays without a guest"
    }
}
