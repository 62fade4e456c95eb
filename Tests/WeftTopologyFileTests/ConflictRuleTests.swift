import Testing
import WeftTopology

@testable import WeftTopologyFile

/// E4xx: two that can not both be.
@Suite struct ConflictRuleTests {
    static let cases: [RuleCase] = [
        RuleCase(
            line: 4, "segments: { blue: { vni: 100 }, red: { vni: 100 } }", and: [6: "  vm1: { host: a, segment: red }"],
            [
                "4:45 E401 segment 'red': VNI 100 is that of segment 'blue' | that one is at t.weft.yaml:4:26; use another number"
            ]),
        // MACs and addresses.
        RuleCase(
            line: 6,
            "  vm1: { host: a, segment: blue, mac: \"52:54:00:00:00:01\" }\n  vm3: { host: b, segment: blue, mac: \"52-54-00-00-00-01\" }",
            [
                "7:39 E402 port 'vm3': MAC 52:54:00:00:00:01 is that of port 'vm1' in segment 'blue' | that one is at t.weft.yaml:6:39; each port has its own"
            ]),
        RuleCase(
            line: 6,
            "  vm1: { host: a, segment: blue, address: [10.1.0.5, 10.1.0.5] }\n  vm3: { host: b, segment: blue, address: 10.1.0.5/24 }",
            [
                "6:54 E403 port 'vm1': address 10.1.0.5 is given twice | that one is at t.weft.yaml:6:44; each port has its own",
                "7:43 E403 port 'vm3': address 10.1.0.5 is that of port 'vm1' in segment 'blue' | that one is at t.weft.yaml:6:44; each port has its own",
            ]),
        // Devices.
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, device: tap0 }\n  vm3: { host: a, segment: blue, device: tap0 }",
            [
                "7:42 E404 port 'vm3': device 'tap0' on host 'a' is that of port 'vm1' | that one is at t.weft.yaml:6:42; a device belongs to one object"
            ]),
        RuleCase(line: 6, "  vm1: { host: a, segment: blue, device: tap0 }\n  vm3: { host: b, segment: blue, device: tap0 }", []),
        RuleCase(
            line: 6, "  vm1: { host: b, segment: blue, device: wft-vm2 }\n  vm3: { host: a, segment: blue, device: wfb-blue }",
            [
                "7:42 E404 port 'vm3': device 'wfb-blue' on host 'a' is that of segment 'blue' | that one is at t.weft.yaml:4:13; a device belongs to one object",
                "8:3 E404 port 'vm2': device 'wft-vm2' on host 'b' is that of port 'vm1' | that one is at t.weft.yaml:6:42; a device belongs to one object",
            ]),
        RuleCase(
            line: 6,
            "  vm1: { host: a, segment: blue, kind: nic, device: eth1 }\n  vm3: { host: a, trunk: { blue: 5 }, kind: nic, device: eth1 }",
            [
                "7:58 E404 port 'vm3': device 'eth1' on host 'a' is that of port 'vm1' | that one is at t.weft.yaml:6:53; a device belongs to one object"
            ], missing: []),
        RuleCase(
            line: 6,
            "  vm1: { host: a, segment: blue, kind: socket, socket: { path: /run/a } }\n  vm3: { host: a, segment: blue, kind: socket, socket: { path: /run/a } }\n  vm4: { host: b, segment: blue, kind: socket, socket: { path: /run/a } }",
            [
                "7:64 E404 port 'vm3': socket '/run/a' on host 'a' is that of port 'vm1' | that one is at t.weft.yaml:6:64; a socket belongs to one port"
            ], missing: []),
        // VLANs of a trunk.
        RuleCase(
            line: 6, "  vm1: { host: a, trunk: { blue: 10, red: 10 } }",
            [
                "6:38 E201 unknown segment 'red' | segments here: blue",
                "6:43 E405 port 'vm1': VLAN 10 is that of segment 'blue' | it is given at t.weft.yaml:6:34; use another VLAN",
            ]),
        // Underlay addresses.
        RuleCase(
            line: 3, "hosts: { a: { underlay: 192.0.2.1 }, b: { underlay: [\"2001:db8::1\", 192.0.2.1] } }",
            [
                "3:69 E406 host 'b': underlay address 192.0.2.1 is that of host 'a' | that one is at t.weft.yaml:3:25; each host has its own"
            ]),
        // Subnets.
        RuleCase(
            line: 4, "segments: { blue: { vni: 1, subnet: [10.1.0.0/24, 10.0.0.0/8] }, red: { vni: 2, subnet: 10.1.0.128/25 } }",
            [
                "4:51 E407 segment 'blue': subnet 10.0.0.0/8 overlaps 10.1.0.0/24 of segment 'blue' | that one is at t.weft.yaml:4:38; the subnets of one tenant share no address",
                "4:66 W602 segment 'red' has no ports",
                "4:89 E407 segment 'red': subnet 10.1.0.128/25 overlaps 10.1.0.0/24 of segment 'blue' | that one is at t.weft.yaml:4:38; the subnets of one tenant share no address",
            ]),
        RuleCase(
            line: 4, "segments: { blue: { vni: 1, subnet: 10.1.0.0/24 }, acme/red: { vni: 2, subnet: 10.1.0.0/24 } }",
            [
                "4:52 W602 segment 'acme/red' has no ports"
            ]),
        // Keys that rule each other out.
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, trunk: { blue: 1 } }",
            [
                "6:34 E408 port 'vm1': 'segment' beside 'trunk'; a port has one of the two"
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, netns: x, socket: { path: /x } }",
            [
                "6:34 E409 port 'vm1': 'netns' has no meaning for a port of kind 'tap'; it belongs to 'veth'",
                "6:44 E409 port 'vm1': 'socket' has no meaning for a port of kind 'tap'; it belongs to 'socket'",
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, kind: veth, queues: 2, owner: me }",
            [
                "6:46 E409 port 'vm1': 'queues' has no meaning for a port of kind 'veth'; it belongs to 'tap'",
                "6:57 E409 port 'vm1': 'owner' has no meaning for a port of kind 'veth'; it belongs to 'tap', 'socket'",
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, protocol: 802.1ad }",
            [
                "6:34 E409 port 'vm1': 'protocol' has no meaning without 'trunk'; remove it"
            ]),
        RuleCase(
            line: 8, "checks: [{ from: vm1, to: vm2, port: 80 }, { from: vm1, to: vm2, proto: arp, port: 80 }]",
            [
                "8:32 E409 check 1: 'port' has no meaning for icmp; remove it",
                "8:78 E409 check 2: 'port' has no meaning for arp; remove it",
            ]),
        // UDP ports of a host.
        RuleCase(
            line: 3, "hosts: { a: { underlay: 192.0.2.1, port: 7948 }, b: { underlay: 192.0.2.2, gossip: 4789 } }",
            [
                "3:42 E410 host 'a': UDP port 7948 is used for VXLAN and for gossip; use two ports",
                "3:84 E410 host 'b': UDP port 4789 is used for VXLAN and for gossip; use two ports",
            ]),
    ]

    @Test(arguments: cases)
    func reports(rule: RuleCase) { rule.check() }
}
