import Testing
import WeftTypes

extension System {
    /// The peer is Open vSwitch without its kernel module.
    @Suite(
        "Weft and Open vSwitch",
        .needs("ping", "arping", "ethtool", "ovsdb-tool", "ovsdb-server", "ovs-vswitchd", "ovs-vsctl", "ovs-appctl"))
    struct OpenVSwitchTests {
        @Test("ping, broadcast and TCP both ways", arguments: [IPAddress.Family.v4, .v6])
        func everything(underlay: IPAddress.Family) throws {
            try GuestPair.run(underlay, bravo: .vtep) { pair in
                let openVSwitch = try replaceKernelTunnel(of: pair, underlay)
                defer { try? openVSwitch.stop() }
                // It takes what a guest's device promises to finish for a finished packet.
                try pair.second.place.setOffloads(false, ["tx"])
                try pair.expectReachable()
                for traffic in pair.bothWays(.v4) + pair.bothWays(.v6) { try traffic.tcp() }
                for traffic in pair.bothWays() { try traffic.udp(byteCounts: [0, 1, 100, 1200, 3000, 9000]) }
            }
        }

        /// Takes the kernel's VXLAN device and bridge away from bravo and puts Open vSwitch in their place.
        private func replaceKernelTunnel(of pair: GuestPair, _ underlay: IPAddress.Family) throws -> OpenVSwitch {
            let bravo = pair.lab.host("bravo")
            let (alphaAddress, bravoAddress) = (GuestPair.alphaAddress(underlay), GuestPair.bravoAddress(underlay))
            for device in [underlay == .v4 ? "vx100" : "vx6-100", "br100"] { try bravo.run("ip link delete \(device)") }
            // A network card cuts superframes before they reach a switch; so does the router's end of this wire now.
            try pair.lab.router.setOffloads(false, of: "bravo", ["tx", "tso", "gso"])

            let openVSwitch = try OpenVSwitch(in: bravo, folder: pair.lab.folder)
            // The bridge with the wire has the host's address: that is where Open vSwitch looks for the way to a remote end.
            let mac = try bravo.mac()
            try openVSwitch.configure(
                "add-br wire -- set bridge wire datapath_type=netdev other-config:hwaddr=\(mac) -- add-port wire eth0")
            try bravo.run("ip address flush dev eth0")
            try bravo.run("ip link set wire up")
            let prefix = underlay == .v4 ? "\(bravoAddress)/24" : "\(bravoAddress)/64 nodad"
            try bravo.run("ip address add \(prefix) dev wire")
            try openVSwitch.configure(
                """
                add-br blue -- set bridge blue datapath_type=netdev -- add-port blue wft-vm2
                -- add-port blue tunnel
                -- set interface tunnel type=vxlan options:remote_ip=\(alphaAddress) options:local_ip=\(bravoAddress) options:key=100
                """)
            // The lab's underlay is routed and has nobody who answers for alpha on this wire.
            try openVSwitch.ask("tnl/neigh/set wire \(alphaAddress) \(try pair.lab.router.mac(of: "bravo"))")
            return openVSwitch
        }
    }
}
