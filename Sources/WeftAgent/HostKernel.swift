import WeftLinux
import WeftNetlink
import WeftTopologyFile
import WeftTopology
import WeftTypes

/// What this host's kernel can do beside what every kernel can that an agent runs on.
enum HostKernel {
    /// Whether it has VLAN devices (802.1Q), found out by making one where nobody sees it. True when that can't be tried.
    static let hasVLANDevices: Bool = {
        let outcome = try? NetworkNamespace.runInScratch { () -> Bool? in
            guard let netlink = try? RouteNetlink.open(), let vlan = VLANID(1),
                let bridge = try? netlink.addLink(LinkSpec(name: "wfb-probe", kind: .bridge(BridgeAttributes())))
            else { return nil }
            let spec = LinkSpec(name: "wfn-probe", kind: .vlan(VLANAttributes(id: vlan), on: bridge))
            return (try? netlink.addLink(spec)) != nil
        }
        return (outcome ?? nil) ?? true
    }()
}

extension ValidationEnvironment {
    /// What a file is judged by on this host.
    init(host: String, underlayMTU: Int?) {
        self.init(underlayMTU: underlayMTU ?? 1500, host: host)
        hasVLANDevices = HostKernel.hasVLANDevices
    }
}
