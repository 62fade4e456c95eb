import Testing
import WeftTopology

@testable import WeftTopologyFile

/// E5xx and W6xx: what can not be done, and what was probably not meant.
@Suite struct FeasibilityRuleTests {
    static let cases: [RuleCase] = [
        // MTUs.
        RuleCase(
            line: 4, "segments: { blue: { vni: 1, mtu: 1451 } }",
            [
                "4:34 E501 segment 'blue': MTU 1451 + 50 for VXLAN over IPv4 = 1501, above the underlay MTU 1500 | use 1450 or less, or auto"
            ]),
        RuleCase(line: 4, "segments: { blue: { vni: 1, mtu: 1450 } }", []),
        RuleCase(
            line: 3, "hosts: { a: { underlay: \"2001:db8::1\" }, b: { underlay: \"2001:db8::2\" } }",
            and: [4: "segments: { blue: { vni: 1, mtu: 1431 } }"],
            [
                "4:34 E501 segment 'blue': MTU 1431 + 70 for VXLAN over IPv6 = 1501, above the underlay MTU 1500 | use 1430 or less, or auto"
            ]),
        RuleCase(line: 4, "segments: { blue: { vni: 2, mtu: 1451 } }", [], underlayMTU: 1501),
        RuleCase(
            line: 4, "segments: { blue: { vni: 2, mtu: 1450 } }",
            [
                "4:34 E501 segment 'blue': MTU 1450 + 50 for VXLAN over IPv4 = 1500, above the underlay MTU 1400 | use 1350 or less, or auto"
            ], underlayMTU: 1400),
        RuleCase(
            line: 3,
            "hosts: { a: { underlay: 192.0.2.1 }, b: { underlay: [192.0.2.2, \"2001:db8::2\"] }, c: { underlay: \"2001:db8::3\", kind: vtep } }",
            and: [4: "segments: { blue: { vni: 1, mtu: 1450, vteps: [] } }"],
            [
                "3:98 E504 host 'c': its underlay is IPv6 only and that of host 'a' IPv4 only, so no tunnel can join them | give one of the two an address of both families: underlay: [192.0.2.11, \"2001:db8::11\"]"
            ]),
        // What other versions can do.
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, kind: nic, device: eth1 }",
            []),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, kind: bridge, device: br0 }",
            []),
        RuleCase(
            line: 6,
            "  vm1: { host: a, segment: blue, kind: socket, socket: { path: /x, mode: dgram, listen: true }, owner: ann }",
            []),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, kind: bridge, device: br0, attach: direct }",
            [
                "6:69 E409 port 'vm1': attach 'direct' has no meaning for a port of kind 'bridge'; remove it"
            ]),
        RuleCase(line: 6, "  vm1: { host: a, segment: blue, attach: direct }", []),
        RuleCase(line: 6, "  vm1: { host: a, segment: blue, attach: direct, kind: veth, netns: web }", []),
        RuleCase(
            line: 6, "  vm1: { host: a, trunk: { blue: 10 }, native: blue, protocol: 802.1ad }",
            []),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue }",
            [
                "6:3 E505 port 'vm1': this host can't make ports of kind 'tap': no /dev/net/tun"
            ], host: "a", impossibleKinds: [.tap: "no /dev/net/tun"]),
        // Families.
        RuleCase(
            line: 3, "hosts: { a: { underlay: 192.0.2.1 }, b: { underlay: \"2001:db8::2\" } }",
            [
                "3:53 E504 host 'b': its underlay is IPv6 only and that of host 'a' IPv4 only, so no tunnel can join them | give one of the two an address of both families: underlay: [192.0.2.11, \"2001:db8::11\"]"
            ]),
        RuleCase(line: 3, "hosts: { a: { underlay: 192.0.2.1 }, b: { underlay: [192.0.2.2, \"2001:db8::2\"] } }", []),
        // Interfaces: gossip tells the others what addresses an agent's has; nobody does so for a plain end point.
        RuleCase(line: 3, "hosts: { a: { underlay: { interface: eth1 } }, b: { underlay: 192.0.2.2 } }", []),
        RuleCase(line: 3, "hosts: { a: { underlay: { interface: eth1 } }, b: { underlay: { interface: eth1 } } }", []),
        RuleCase(
            line: 3, "hosts: { a: { underlay: 192.0.2.1 }, b: { underlay: { interface: eth1 }, kind: vtep } }",
            [
                "3:66 E409 host 'b': nobody tells the others the address of interface 'eth1' of a plain VTEP | give the address: underlay: 192.0.2.11; an interface is for hosts of kind agent"
            ]),
        // Loops.
        RuleCase(
            line: 6,
            "  vm1: { host: a, segment: blue, kind: nic, device: eth1 }\n  vm3: { host: a, segment: blue, kind: bridge, device: br0 }",
            [
                "7:3 W604 port 'vm3' and port 'vm1' both join segment 'blue' to wires of host 'a', br0 and eth1: if these meet, frames go round | that one is at t.weft.yaml:6:3; keep one of the two, unless their wires never meet; agents find such a loop and block one of the two"
            ], missing: []),
        RuleCase(
            line: 6,
            "  vm1: { host: a, kind: nic, device: eth1, trunk: { blue: 10 }, native: blue }\n  vm3: { host: a, kind: nic, device: eth2, trunk: { blue: 10 } }",
            [
                "7:3 W604 port 'vm3' and port 'vm1' both join segment 'blue' to wires of host 'a', eth2 and eth1: if these meet, frames go round | that one is at t.weft.yaml:6:3; keep one of the two, unless their wires never meet; agents find such a loop and block one of the two"
            ], missing: []),
        RuleCase(
            line: 6,
            "  vm1: { host: a, kind: nic, device: eth1, trunk: { blue: 10 } }\n  vm3: { host: a, kind: nic, device: eth2, trunk: { blue: 11 } }\n  vm4: { host: a, kind: nic, device: eth3, segment: blue }\n  vm5: { host: b, kind: nic, device: eth3, segment: blue }\n  vm6: { host: a, segment: blue }",
            [], missing: []),
        // The whole format is checked first: what this version can't do is said besides.
        RuleCase(
            line: 6, "  vm1: { host: a, kind: nic, device: wft-vm3, trunk: { blue: 10 } }\n  vm3: { host: a, segment: blue }",
            [
                "7:3 E404 port 'vm3': device 'wft-vm3' on host 'a' is that of port 'vm1' | that one is at t.weft.yaml:6:38; a device belongs to one object"
            ]),
        // Advice.
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, mac: 52:54:00:00:01:01 }",
            [
                "6:39 W601 port 'vm1': MAC without quotes | write mac: \"52:54:00:00:01:01\"; YAML 1.1 takes some MACs for numbers in base 60"
            ]),
        RuleCase(
            line: 4, "segments: { blue: { vni: 100 }, red: { vni: 200 } }",
            [
                "4:33 W602 segment 'red' has no ports"
            ]),
        RuleCase(
            line: 3,
            "hosts: { a: { underlay: 192.0.2.1 }, b: { underlay: 192.0.2.2 }, c: { underlay: 192.0.2.3 }, d: { underlay: 192.0.2.4, kind: vtep } }",
            [
                "3:66 W603 host 'c' has no ports"
            ]),
        // Defaults.
        RuleCase(
            line: 8, "defaults: { port: { kind: tapp, queues: 0 } }",
            [
                "8:27 E107 default port: 'kind' can't be 'tapp' | did you mean 'tap'? 'kind' is one of: tap, veth, nic, bridge, socket",
                "8:41 E310 default port: 0 queues; a TAP has 1…256",
            ]),
        RuleCase(
            line: 8,
            "defaults: { port: { queues: 2, owner: me, netns: web, labels: { a: b } }, segment: { mtu: 1400 }, host: { port: 8472 } }",
            []),
        RuleCase(
            line: 8, "defaults: { segment: { mtu: 1500 } }",
            [
                "8:29 E501 segment 'blue': MTU 1500 + 50 for VXLAN over IPv4 = 1550, above the underlay MTU 1500 | use 1450 or less, or auto"
            ]),
    ]

    @Test(arguments: cases)
    func reports(rule: RuleCase) { rule.check() }
}
