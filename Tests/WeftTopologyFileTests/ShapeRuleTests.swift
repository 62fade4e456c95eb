import Testing
import WeftTopology

@testable import WeftTopologyFile

/// E1xx: what a file looks like.
@Suite struct ShapeRuleTests {
    static let cases: [RuleCase] = [
        // Unknown keys, at every kind of object.
        RuleCase(
            line: 3, "host: {}",
            [
                "3:1 E101 unknown key 'host' | did you mean 'hosts'? Keys here: weft, name, hosts, segments, ports, defaults, checks"
            ]),
        RuleCase(
            line: 3, "hosts: { a: { underly: 192.0.2.1 }, b: { underlay: 192.0.2.2 } }",
            [
                "3:15 E101 unknown key 'underly' | did you mean 'underlay'? Keys here: underlay, kind, port, gossip, remcsum, labels"
            ]),
        RuleCase(
            line: 4, "segments: { blue: { vni: 100, vlan: 5 } }",
            [
                "4:31 E101 unknown key 'vlan' | Keys here: vni, subnet, mtu, tags, flood, vteps"
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, adress: 10.1.0.11 }",
            [
                "6:34 E101 unknown key 'adress' | did you mean 'address'? Keys here: host, kind, attach, device, segment, trunk, native, protocol, mac, address, queues, socket, owner, netns, bum, enabled, sticky, labels"
            ]),
        RuleCase(
            line: 8, "checks: [{ from: vm1, to: vm2, prto: icmp }]",
            [
                "8:32 E101 unknown key 'prto' | did you mean 'proto'? Keys here: from, to, proto, port, expect"
            ]),
        RuleCase(
            line: 8, "defaults: { ports: { kind: tap } }",
            [
                "8:13 E101 unknown key 'ports' | did you mean 'port'? Keys here: host, segment, port"
            ]),
        RuleCase(
            line: 8, "defaults: { port: { knd: tap } }",
            [
                "8:21 E101 unknown key 'knd' | did you mean 'kind'? Keys here: host, kind, attach, device, segment, trunk, native, protocol, mac, address, queues, socket, owner, netns, bum, enabled, sticky, labels"
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, '<<': { queues: 2 } }",
            [
                "6:34 E101 unknown key '<<' | YAML merge keys are not read; put what ports share under 'defaults'. Keys here: host, kind, attach, device, segment, trunk, native, protocol, mac, address, queues, socket, owner, netns, bum, enabled, sticky, labels"
            ]),
        RuleCase(line: 8, "x-mine: [1, { y: !anything 2 }]", []),
        RuleCase(line: 6, "  vm1: { host: a, segment: blue, x-note: { what: ever } }", []),
        RuleCase(
            line: 8, "groups: {}\npolicies: {}",
            [
                "8:1 E503 'groups' is not in this version; remove it",
                "9:1 E503 'policies' is not in this version; remove it",
            ]),
        // YAML errors.
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue",
            [
                "7:6 E102 YAML: did not find expected ',' or '}' while parsing a flow mapping | that began at t.weft.yaml:6:8"
            ]),
        RuleCase(
            line: 6, "\tvm1: { host: a, segment: blue }",
            [
                "6:1 E102 YAML: found character that cannot start any token while scanning for the next token | YAML is indented with spaces, never with tabs"
            ]),
        RuleCase(
            line: 6, "  vm1: { host: @a, segment: blue }",
            [
                "6:16 E102 YAML: found character that cannot start any token while scanning for the next token | a text that begins with '@' needs quotes"
            ]),
        RuleCase(
            line: 6, "  vm1: { host: *nobody, segment: blue }",
            [
                "6:16 E102 YAML: found undefined alias | '*' stands for what '&' marked before; a text that begins with '*' needs quotes"
            ]),
        RuleCase(
            line: 2, "name: \"t",
            [
                "2:7 E102 YAML: found unexpected end of stream while scanning a quoted scalar"
            ]),
        // Duplicate keys.
        RuleCase(
            line: 8, "name: again",
            [
                "8:1 E103 duplicate key 'name' | it is first given at t.weft.yaml:2:1, which is the one looked at"
            ]),
        RuleCase(
            line: 7, "  vm1: { host: b, segment: blue }",
            [
                "7:3 E103 duplicate key 'vm1' | it is first given at t.weft.yaml:6:3, which is the one looked at"
            ]),
        RuleCase(
            line: 7, "  \"vm1\": { host: b, segment: blue }\n  vm1: { host: a, segment: bleu }",
            [
                "7:3 E103 duplicate key 'vm1' | it is first given at t.weft.yaml:6:3, which is the one looked at",
                "8:3 E103 duplicate key 'vm1' | it is first given at t.weft.yaml:6:3, which is the one looked at",
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, host: b }",
            [
                "6:34 E103 duplicate key 'host' | it is first given at t.weft.yaml:6:10, which is the one looked at"
            ]),
        // Types.
        RuleCase(
            line: 3, "hosts: [a, b]",
            [
                "3:8 E104 'hosts': expected a mapping, found a list"
            ]),
        RuleCase(
            line: 3, "hosts: { a: 192.0.2.1, b: { underlay: 192.0.2.2 } }",
            [
                "3:13 E104 host 'a': expected a mapping, found '192.0.2.1'"
            ]),
        RuleCase(
            line: 3, "hosts: { a: { underlay: [] }, b: { underlay: 192.0.2.2 } }",
            [
                "3:25 E104 host 'a': 'underlay' is an empty list; expected an address"
            ]),
        RuleCase(
            line: 4, "segments: { blue: { vni: hundred } }",
            [
                "4:26 E104 segment 'blue': 'vni' is 'hundred'; expected a whole number"
            ]),
        RuleCase(
            line: 4, "segments: { blue: { vni: [100] } }",
            [
                "4:26 E104 segment 'blue': 'vni' is a list; expected a whole number"
            ]),
        RuleCase(
            line: 4, "segments: { blue: { vni: 0x64 } }",
            [
                "4:26 E104 segment 'blue': 'vni' is '0x64'; expected a whole number"
            ]),
        RuleCase(
            line: 4, "segments: { blue: { vni: 1.5 } }",
            [
                "4:26 E104 segment 'blue': 'vni' is '1.5'; expected a whole number"
            ]),
        RuleCase(
            line: 6, "  vm1: { host: { a: b }, segment: blue }",
            [
                "6:16 E104 port 'vm1': 'host' is a mapping; expected a text"
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, sticky: yes }",
            [
                "6:42 E104 port 'vm1': 'sticky' is 'yes'; expected true or false"
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, labels: [x] }",
            [
                "6:42 E104 port 'vm1': 'labels': expected a mapping, found a list"
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, labels: { x: [1] } }",
            [
                "6:47 E104 port 'vm1': labels: 'x' is a list; expected a text"
            ]),
        RuleCase(
            line: 8, "checks: { from: vm1, to: vm2 }",
            [
                "8:9 E104 'checks' is a mapping; expected a list"
            ]),
        RuleCase(
            line: 8, "checks: [vm1]",
            [
                "8:10 E104 check 1: expected a mapping, found 'vm1'"
            ]),
        // Missing keys.
        RuleCase(
            line: 1, "x-weft: 1",
            [
                "1:1 E105 the file: missing key 'weft' | the format's version comes first: weft: 1"
            ]),
        RuleCase(
            line: 2, "x-name: t",
            [
                "1:1 E105 the file: missing key 'name' | name the fabric, the same on all its hosts: name: lab"
            ]),
        RuleCase(
            line: 3, "hosts: { a: {}, b: }",
            [
                "3:10 E105 host 'a': missing key 'underlay' | add the address the other hosts reach it at: underlay: 192.0.2.11",
                "3:17 E105 host 'b': missing key 'underlay' | add the address the other hosts reach it at: underlay: 192.0.2.11",
            ]),
        RuleCase(
            line: 3, "hosts: { a: { underlay: {} }, b: { underlay: 192.0.2.2 } }",
            [
                "3:25 E105 host 'a': 'underlay': missing key 'interface' | write underlay: { interface: eth1 }, or an address"
            ]),
        RuleCase(
            line: 4, "segments: { blue: { subnet: 10.1.0.0/24 } }",
            [
                "4:13 E105 segment 'blue': missing key 'vni' | add a number of its own: vni: 100"
            ]),
        RuleCase(
            line: 6, "  vm1: {}",
            [
                "6:3 E105 port 'vm1': missing key 'host' | add the host it is on: host: NAME",
                "6:3 E105 port 'vm1': missing key 'segment' | add the segment it belongs to: segment: NAME",
            ]),
        RuleCase(
            line: 6, "  vm1:",
            [
                "6:3 E105 port 'vm1': missing key 'host' | add the host it is on: host: NAME",
                "6:3 E105 port 'vm1': missing key 'segment' | add the segment it belongs to: segment: NAME",
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, kind: nic }",
            [
                "6:3 E105 port 'vm1': missing key 'device' | add the device it stands for: device: eth1"
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, kind: socket }",
            [
                "6:3 E105 port 'vm1': missing key 'socket' | add socket: { path: /run/vm1.sock }"
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, trunk: {} }",
            [
                "6:19 E105 port 'vm1': 'trunk' has no segments | add them with their VLANs: trunk: { blue: 10 }"
            ], missing: []),
        RuleCase(
            line: 8, "checks: [{ proto: tcp, from: vm1 }]",
            [
                "8:10 E105 check 1: missing key 'to' | add to: PORT",
                "8:10 E105 check 1: missing key 'port' | add the tcp port: port: 80",
            ]),
        // The version.
        RuleCase(
            line: 1, "weft: 2",
            [
                "1:7 E106 format version '2' is unknown; this program reads version 1"
            ]),
        RuleCase(line: 1, "weft: \"1\"", []),
        // Words.
        RuleCase(
            line: 3, "hosts: { a: { underlay: 192.0.2.1, kind: vetp }, b: { underlay: 192.0.2.2 } }",
            [
                "3:42 E107 host 'a': 'kind' can't be 'vetp' | did you mean 'vtep'? 'kind' is one of: agent, vtep"
            ]),
        RuleCase(
            line: 4, "segments: { blue: { vni: 1, tags: keep, flood: all } }",
            [
                "4:35 E107 segment 'blue': 'tags' can't be 'keep' | 'tags' is one of: drop, carry",
                "4:48 E107 segment 'blue': 'flood' can't be 'all' | 'flood' is one of: members, drop",
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, kind: tapp, attach: none }",
            [
                "6:40 E107 port 'vm1': 'kind' can't be 'tapp' | did you mean 'tap'? 'kind' is one of: tap, veth, nic, bridge, socket",
                "6:54 E107 port 'vm1': 'attach' can't be 'none' | 'attach' is one of: bridge, direct",
            ]),
        RuleCase(
            line: 8, "checks: [{ from: vm1, to: vm2, proto: sctp, expect: maybe }]",
            [
                "8:39 E107 check 1: 'proto' can't be 'sctp' | 'proto' is one of: icmp, tcp, udp, arp",
                "8:53 E107 check 1: 'expect' can't be 'maybe' | 'expect' is one of: allow, deny",
            ]),
        // Addresses.
        RuleCase(
            line: 3, "hosts: { a: { underlay: eth1 }, b: { underlay: 192.0.2.2/24 } }",
            [
                "3:25 E108 host 'a': 'eth1' is not an IP address | an interface is written as underlay: { interface: eth1 }",
                "3:48 E108 host 'b': '192.0.2.2/24' is not an IP address | leave out the length",
            ]),
        RuleCase(
            line: 4, "segments: { blue: { vni: 1, subnet: [10.1.0.0, banana] } }",
            [
                "4:38 E108 segment 'blue': '10.1.0.0' is not a network | a length is missing: 10.1.0.0/24",
                "4:48 E108 segment 'blue': 'banana' is not a network | write a network as 10.1.0.0/24 or \"2001:db8:1::/64\"",
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, address: 10.1.0.256, mac: \"52:54:00\" }",
            [
                "6:43 E108 port 'vm1': '10.1.0.256' is not an IP address",
                "6:60 E108 port 'vm1': '52:54:00' is not a MAC address | write six pairs of hexadecimal digits: \"52:54:00:00:01:01\"",
            ]),
        // YAML that has no meaning here.
        RuleCase(
            line: 6, "  vm1: !include vm1.yaml",
            [
                "6:8 E116 the tag '!include' has no meaning here | remove it",
                "6:8 E104 port 'vm1': expected a mapping, found 'vm1.yaml'",
            ]),
        RuleCase(line: 6, "  vm1: { host: !!str a, segment: ! blue }", []),
        RuleCase(
            line: 6, "  [vm1, vm3]: { host: a, segment: blue }",
            [
                "3:10 W603 host 'a' has no ports",
                "6:3 E116 a list or a mapping as a key has no meaning here | use plain names as keys",
            ]),
        RuleCase(line: 6, "  ? vm1\n  : { host: a, segment: blue }", []),
    ]

    @Test(arguments: cases)
    func reports(rule: RuleCase) { rule.check() }

    @Test func aliasesAreFollowed() {
        let text = """
            weft: 1
            name: t
            x-host: &host { underlay: 192.0.2.1 }
            hosts: { a: *host }
            segments: { blue: { vni: 1 } }
            ports: { vm1: &port { host: a, segment: blue, labels: { k: v } }, vm2: *port }

            """
        #expect(TopologyFile.load(bytes: Array(text.utf8), file: "t").topology?.ports.map(\.labels) == [["k": "v"], ["k": "v"]])
    }
}
