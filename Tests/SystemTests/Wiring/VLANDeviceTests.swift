import Testing
import WeftLinux
import WeftTypes

extension System {
    /// Trunks and NICs that join bridges, by the kernel's own VLAN devices.
    @Suite("VLAN devices", .needs("ping", "tcpdump"), .vlanDevices) struct VLANDeviceTests {
        private static func topology(native: String = "native: blue, ", blue: String = "10", attach: String = "bridge") -> String
        {
            """
            weft: 1
            name: vlans
            hosts:
              alpha: { underlay: 192.0.2.11 }
              bravo: { underlay: 192.0.2.12 }
            segments:
              blue: { vni: 100, subnet: 10.1.0.0/24 }
              green: { vni: 200, subnet: 10.2.0.0/24 }
            ports:
              uplink: { host: alpha, kind: nic, device: eno2, attach: \(attach), trunk: { blue: \(blue), green: 20 } }
              fw: { host: alpha, attach: \(attach), trunk: { blue: \(blue), green: 20 }, \(native)address: 10.1.0.1 }
              local: { host: alpha, segment: green, address: 10.2.0.10 }
              vm1: { host: bravo, segment: blue, address: 10.1.0.11 }
              vm2: { host: bravo, segment: green, address: 10.2.0.12 }
            """
        }

        /// Gives a guest a VLAN device on its `eth0`.
        private static func addVLAN(_ vlan: Int, to guest: Place, _ address: String, kind: String = "802.1q") throws {
            try guest.run("ip link add link eth0 name eth0.\(vlan) type vlan id \(vlan) protocol \(kind)")
            try guest.run("ip address add \(address) dev eth0.\(vlan)")
            try guest.run("ip link set eth0.\(vlan) up")
        }

        @Test(
            "a trunk's VLANs reach their segments on other hosts and no others, by a NIC and by a VM",
            arguments: ["bridge", "direct"])
        func trunk(attach: String) throws {
            try LabFixture.run(Self.topology(attach: attach)) { lab in
                let (wire, fw) = (lab.guest("uplink"), lab.guest("fw"))
                try Self.addVLAN(10, to: wire, "10.1.0.50/24")
                try Self.addVLAN(20, to: wire, "10.2.0.50/24")
                try Self.addVLAN(20, to: fw, "10.2.0.60/24")
                try Self.addVLAN(30, to: fw, "10.3.0.60/24")
                for address in ["10.1.0.11", "10.2.0.12", "10.2.0.10"] {
                    try wire.run("ping -c2 -W3 \(address)")
                    try fw.run("ping -c2 -W3 \(address)")
                }
                try lab.guest("vm1").run("ping -c2 -W3 10.1.0.50")
                // The native one of the VM is without a tag, and the NIC's has one.
                try wire.run("ping -c2 -W3 10.1.0.1")
                #expect(throws: (any Error).self) { try fw.run("ping -I eth0.30 -c1 -W1 10.2.0.10") }
                let sniffed = try RunningProgram(
                    Command(
                        "tcpdump", ["-lni", "eth0", "-c1", "net 10.3.0.0/24 or (vlan and net 10.3.0.0/24)"],
                        in: lab.guest("local").namespace))
                try fw.run(["sh", "-c", "ping -c3 -i0.2 -W1 -b -I eth0.30 10.3.0.255 >/dev/null 2>&1 || true"])
                #expect(try sniffed.status() == nil, "a VLAN that is nobody's was heard: \(sniffed.said())")
                try sniffed.stop()
                if attach == "bridge" {
                    let links = try lab.host("alpha").run("ip -d -o link")
                    #expect(
                        links.contains("wfn-fw.20") && links.contains("wfn-uplink.10") && !links.contains("wfn-fw.10"), "\(links)"
                    )
                }
            }
        }

        @Test("of a wire whose untagged frames are a segment's, no VLAN that is nobody's gets there, and no tag of a guest out")
        func wireWithANativeSegment() throws {
            let topology = Self.topology(native: "").replacing(
                "trunk: { blue: 10, green: 20 } }", with: "trunk: { blue: 10, green: 20 }, native: green }")
            try LabFixture.run(topology) { lab in
                let (wire, local) = (lab.guest("uplink"), lab.guest("local"))
                try wire.run("ip address add 10.2.0.50/24 dev eth0")
                try Self.addVLAN(10, to: wire, "10.1.0.50/24")
                for address in ["10.1.0.11", "10.2.0.10", "10.2.0.12"] { try wire.run("ping -c2 -W3 \(address)") }
                #expect(try lab.host("alpha").run("ip -d -o link show wfb-green").contains("vlan_filtering 1"))
                for (from, to) in [(wire, local), (local, wire)] {
                    try Self.addVLAN(30, to: from, "10.3.0.60/24")
                    let sniffed = try RunningProgram(
                        Command("tcpdump", ["-lni", "eth0", "-Q", "in", "-c1", "vlan 30"], in: to.namespace))
                    try from.run(["sh", "-c", "ping -c3 -i0.2 -W1 -b -I eth0.30 10.3.0.255 >/dev/null 2>&1 || true"])
                    #expect(try sniffed.status() == nil, "VLAN 30 passed: \(sniffed.said())")
                    try sniffed.stop()
                }
            }
        }

        @Test("what changes of a trunk changes on the host, and a second apply writes nothing")
        func change() throws {
            try LabFixture.run(Self.topology()) { lab in
                let fw = lab.guest("fw")
                _ = try lab.ask("alpha", "port", "move", "fw", "--trunk", "blue:11,green:20")
                let host = lab.host("alpha")
                try poll("the VLAN is another") { try host.run("ip -o link").contains("wfn-fw.11") }
                try poll("nothing is native") { try !host.run("ip -o link show wft-fw").contains("master") }
                try Self.addVLAN(11, to: fw, "10.1.0.61/24")
                try fw.run("ping -I eth0.11 -c2 -W3 10.1.0.11")
                #expect(throws: (any Error).self) { try fw.run("ping -I eth0 -c1 -W1 10.1.0.11") }
                // A device that somebody removes comes back.
                try host.run("ip link del wfn-fw.11")
                try poll("it is made again") { try host.run("ip -o link").contains("wfn-fw.11") }
                try fw.run("ping -I eth0.11 -c2 -W3 10.1.0.11")
                _ = try lab.ask("alpha", "port", "detach", "uplink")
                try poll("the NIC is free") {
                    let links = try host.run("ip -o link")
                    return !links.contains("wfn-uplink") && !links.contains("altname weft")
                }
                #expect(try host.run("ip -o link show eno2").contains("state DOWN"))
            }
        }

        @Test("a NIC with an address of the host's own stays where it is, and says why") func ownAddress() throws {
            try LabFixture.run(Self.topology(attach: "direct")) { lab in
                let host = lab.host("alpha")
                try host.run("ip link add eno3 type veth peer name far")
                try host.run("ip address add 10.77.0.1/24 dev eno3")
                _ = try? lab.ask("alpha", "port", "attach", "wall", "--kind", "nic", "--device", "eno3", "--segment", "green")
                try poll("it says why") { try lab.ask("alpha", "port", "show", "wall").contains("10.77.0.1/24") }
                #expect(try !host.run("ip -o link show eno3").contains("master"))
                try host.run("ip address del 10.77.0.1/24 dev eno3")
                try poll("it joins") { try host.run("ip -o link show eno3").contains("master wfb-green") }
            }
        }

        @Test("service VLANs (802.1ad)") func serviceVLANs() throws {
            let topology = Self.topology(native: "").replacing(
                "trunk: { blue: 10, green: 20 }", with: "trunk: { blue: 10, green: 20 }, protocol: 802.1ad")
            try LabFixture.run(topology) { lab in
                try Self.addVLAN(10, to: lab.guest("uplink"), "10.1.0.50/24", kind: "802.1ad")
                try Self.addVLAN(20, to: lab.guest("fw"), "10.2.0.60/24", kind: "802.1ad")
                try lab.guest("uplink").run("ping -c2 -W3 10.1.0.11")
                try lab.guest("fw").run("ping -c2 -W3 10.2.0.12")
            }
        }
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips what it is put on where the kernel has no VLAN devices.
    static var vlanDevices: Self {
        let command = Command("sh", ["-c", "ip link add vb0 type bridge && ip link add link vb0 name vl1 type vlan id 1"])
        let hasThem = (try? NetworkNamespace.runInScratch { (try? command.run(timeout: .seconds(5)).isSuccess) == true }) ?? false
        return .enabled(if: hasThem, "this kernel has no VLAN devices (8021q); Scripts/test-vm runs the test on one that has")
    }
}
