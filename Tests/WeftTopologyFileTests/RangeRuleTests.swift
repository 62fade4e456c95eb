import Testing
import WeftTopology

@testable import WeftTopologyFile

/// E3xx: numbers, names and addresses within their limits.
@Suite struct RangeRuleTests {
    static let cases: [RuleCase] = [
        // VNIs.
        RuleCase(
            line: 4, "segments: { blue: { vni: 16777216 } }",
            [
                "4:26 E301 segment 'blue': VNI 16777216 does not fit in 24 bits; use 1…16777215"
            ]),
        RuleCase(
            line: 4, "segments: { blue: { vni: 0 } }",
            [
                "4:26 E301 segment 'blue': VNI 0 is not above zero; use 1…16777215"
            ]),
        RuleCase(
            line: 4, "segments: { blue: { vni: -1 } }",
            [
                "4:26 E301 segment 'blue': VNI -1 is not above zero; use 1…16777215"
            ]),
        RuleCase(
            line: 4, "segments: { blue: { vni: 99999999999999999999999 } }",
            [
                "4:26 E301 segment 'blue': VNI 99999999999999999999999 does not fit in 24 bits; use 1…16777215"
            ]),
        RuleCase(line: 4, "segments: { blue: { vni: 16777215 } }", []),
        // Names.
        RuleCase(
            line: 2, "name: Lab",
            [
                "2:7 E302 fabric: 'Lab' is not a valid name | did you mean 'lab'?"
            ]),
        RuleCase(
            line: 2, "name: acme/lab",
            [
                "2:7 E302 fabric: 'acme/lab' is not a valid name | only segments and ports can belong to a tenant"
            ]),
        RuleCase(
            line: 3,
            "hosts: { a: { underlay: 192.0.2.1 }, b: { underlay: 192.0.2.2 }, acme/c: { underlay: 192.0.2.3 }, x_1: { underlay: 192.0.2.4 } }",
            [
                "3:66 E302 host: 'acme/c' is not a valid name | only segments and ports can belong to a tenant",
                "3:66 W603 host 'acme/c' has no ports",
                "3:99 E302 host: 'x_1' is not a valid name | did you mean 'x-1'?",
                "3:99 W603 host 'x_1' has no ports",
            ]),
        RuleCase(
            line: 4, "segments: { blue: { vni: 100 }, -red: { vni: 101 }, a/b/c: { vni: 102 } }",
            [
                "4:33 E302 segment: '-red' is not a valid name | use a…z, 0…9 and '-', beginning and ending with a letter or digit, with at most one '/' after a tenant",
                "4:33 W602 segment '-red' has no ports",
                "4:53 E302 segment: 'a/b/c' is not a valid name | use a…z, 0…9 and '-', beginning and ending with a letter or digit, with at most one '/' after a tenant",
                "4:53 W602 segment 'a/b/c' has no ports",
            ]),
        RuleCase(
            line: 6, "  VM1: { host: a, segment: blue }",
            [
                "6:3 E302 port: 'VM1' is not a valid name | did you mean 'vm1'?"
            ]),
        RuleCase(
            line: 6, "  abcdefghijklmnopqrstuvwxyz0123456: { host: a, segment: blue }",
            [
                "6:3 E302 port: 'abcdefghijklmnopqrstuvwxyz0123456' is not a valid name | it has 33 characters; at most 32 are allowed"
            ]),
        RuleCase(line: 6, "  abcdefghijklmnopqrstuvwxyz012345: { host: a, segment: blue }", []),
        RuleCase(
            line: 6, "  \"\": { host: a, segment: blue }",
            [
                "6:3 E302 port: '' is not a valid name | use a…z, 0…9 and '-', beginning and ending with a letter or digit, with at most one '/' after a tenant"
            ]),
        // MTUs.
        RuleCase(
            line: 4, "segments: { blue: { vni: 1, mtu: 575 } }",
            [
                "4:34 E303 segment 'blue': MTU 575 is outside 576…9216"
            ]),
        RuleCase(
            line: 4, "segments: { blue: { vni: 1, mtu: 9217 } }",
            [
                "4:34 E303 segment 'blue': MTU 9217 is outside 576…9216"
            ]),
        RuleCase(line: 4, "segments: { blue: { vni: 1, mtu: auto } }", []),
        RuleCase(
            line: 4, "segments: { blue: { vni: 1, mtu: automatic } }",
            [
                "4:34 E104 segment 'blue': 'mtu' is 'automatic'; expected a whole number"
            ]),
        RuleCase(
            line: 4, "segments: { blue: { vni: 1, mtu: 1279, subnet: [10.1.0.0/24, \"2001:db8::/64\"] } }",
            [
                "4:34 E304 segment 'blue': MTU 1279 is below 1280, which IPv6 needs (subnet 2001:db8::/64) | use 1280 or more, or auto"
            ]),
        RuleCase(line: 4, "segments: { blue: { vni: 1, mtu: 1280, subnet: \"2001:db8::/64\" } }", []),
        RuleCase(
            line: 4, "segments: { blue: { vni: 9, subnet: \"2001:db8::/64\" } }",
            [
                "4:37 E304 segment 'blue': underlay MTU 1320 − 50 = 1270 is below 1280, which IPv6 needs | raise the underlay's MTU to 1330 or remove the IPv6 subnet"
            ], underlayMTU: 1320),
        // Devices.
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, device: abcdefghijklmnop }",
            [
                "6:42 E305 port 'vm1': 'abcdefghijklmnop' has 16 bytes; a device name has at most 15"
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, device: all }",
            [
                "6:42 E305 port 'vm1': 'all' is not a device name; use [A-Za-z0-9][A-Za-z0-9_.-]*, but not 'all' or 'default'"
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, device: ../x }",
            [
                "6:42 E305 port 'vm1': '../x' is not a device name; use [A-Za-z0-9][A-Za-z0-9_.-]*, but not 'all' or 'default'"
            ]),
        RuleCase(line: 6, "  vm1: { host: a, segment: blue, device: my-tap.0 }", []),
        // MACs.
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, mac: \"01:00:5e:00:00:01\" }",
            [
                "6:39 E306 port 'vm1': MAC 01:00:5e:00:00:01 is a multicast address; use the address of one station | the lowest bit of the first byte is clear in a station's address"
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, mac: \"00:00:00:00:00:00\" }",
            [
                "6:39 E306 port 'vm1': MAC 00:00:00:00:00:00 is zero; use the address of one station"
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, mac: \"ff:ff:ff:ff:ff:ff\" }",
            [
                "6:39 E306 port 'vm1': MAC ff:ff:ff:ff:ff:ff is the broadcast address; use the address of one station | the lowest bit of the first byte is clear in a station's address"
            ]),
        // Addresses of guests.
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, address: 10.2.0.1 }",
            [
                "6:43 E307 port 'vm1': address 10.2.0.1 is not inside 10.1.0.0/24 of segment 'blue' | the subnet is given at t.weft.yaml:4:39"
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, address: [10.1.0.0, 10.1.0.255] }",
            [
                "6:44 E307 port 'vm1': address 10.1.0.0 is the network address of 10.1.0.0/24",
                "6:54 E307 port 'vm1': address 10.1.0.255 is the broadcast address of 10.1.0.0/24",
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, address: 10.1.0.5/16 }",
            [
                "6:43 E307 port 'vm1': address 10.1.0.5/16 does not have the length of subnet 10.1.0.0/24 | leave the length out"
            ]),
        RuleCase(line: 6, "  vm1: { host: a, segment: blue, address: 10.1.0.5/24 }", []),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, address: \"2001:db8::1\" }",
            [
                "6:43 E307 port 'vm1': address 2001:db8::1 is not inside 10.1.0.0/24 of segment 'blue' | the subnet is given at t.weft.yaml:4:39"
            ]),
        RuleCase(
            line: 4, "segments: { blue: { vni: 1 } }", and: [6: "  vm1: { host: a, segment: blue, address: 10.1.0.5 }"],
            [
                "6:43 E307 port 'vm1': address 10.1.0.5 needs a length, because segment 'blue' has no subnet | write 10.1.0.5/24, or give the segment a subnet"
            ]),
        RuleCase(
            line: 4, "segments: { blue: { vni: 2 } }",
            and: [6: "  vm1: { host: a, segment: blue, address: [10.1.0.5/24, \"ff02::1/64\", 10.2.0.255/24] }"],
            [
                "6:57 E307 port 'vm1': address ff02::1 is multicast; use a unicast address",
                "6:71 E307 port 'vm1': address 10.2.0.255 is the broadcast address of 10.2.0.0/24",
            ]),
        RuleCase(
            line: 4, "segments: { blue: { vni: 1, subnet: 10.1.0.0/31 } }",
            and: [6: "  vm1: { host: a, segment: blue, address: 10.1.0.0 }"], []),
        RuleCase(line: 4, "segments: { blue: { vni: 1, subnet: \"2001:db8::/64\" } }", []),
        // VLANs.
        RuleCase(
            line: 6, "  vm1: { host: a, trunk: { blue: 0 } }",
            [
                "6:34 E308 port 'vm1': VLAN 0 is outside 1…4094"
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, trunk: { blue: 4095 } }",
            [
                "6:34 E308 port 'vm1': VLAN 4095 is outside 1…4094"
            ]),
        // UDP ports.
        RuleCase(
            line: 3, "hosts: { a: { underlay: 192.0.2.1, port: 0, gossip: 65536 }, b: { underlay: 192.0.2.2 } }",
            [
                "3:42 E309 host 'a': UDP port 0 is outside 1…65535",
                "3:53 E309 host 'a': UDP port 65536 is outside 1…65535",
            ]),
        RuleCase(
            line: 8, "checks: [{ from: vm1, to: vm2, proto: tcp, port: 70000 }]",
            [
                "8:50 E309 check 1: port 70000 is outside 1…65535"
            ]),
        // Queues.
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, queues: 0 }",
            [
                "6:42 E310 port 'vm1': 0 queues; a TAP has 1…256"
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, queues: 257 }",
            [
                "6:42 E310 port 'vm1': 257 queues; a TAP has 1…256"
            ]),
        // Flooded frames a second.
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, bum: -1 }",
            [
                "6:39 E315 port 'vm1': -1 flooded frames a second; use 1…10000000, or 0 for no cap"
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, bum: 10000001 }",
            [
                "6:39 E315 port 'vm1': 10000001 flooded frames a second; use 1…10000000, or 0 for no cap"
            ]),
        // Underlay addresses.
        RuleCase(
            line: 3, "hosts: { a: { underlay: 224.0.0.1 }, b: { underlay: 0.0.0.0 } }",
            [
                "3:25 E311 host 'a': underlay address 224.0.0.1 is a multicast address; use one that belongs to the host",
                "3:53 E311 host 'b': underlay address 0.0.0.0 is not an address of a host",
            ]),
        RuleCase(
            line: 3, "hosts: { a: { underlay: [192.0.2.1, \"fe80::1\"] }, b: { underlay: 255.255.255.255 } }",
            [
                "3:37 E311 host 'a': underlay address fe80::1 is link-local, so it is not valid without a zone; use a global or unique local one",
                "3:66 E311 host 'b': underlay address 255.255.255.255 is the broadcast address; use one that belongs to the host",
            ]),
        RuleCase(
            line: 3, "hosts: { a: { underlay: \"::ffff:192.0.2.1\" }, b: { underlay: \"::\" } }",
            [
                "3:25 E311 host 'a': underlay address ::ffff:c000:201 is an IPv4 address in IPv6 form; write it as IPv4",
                "3:62 E311 host 'b': underlay address :: is not an address of a host",
            ]),
        // Subnets.
        RuleCase(
            line: 4, "segments: { blue: { vni: 1, subnet: 10.1.0.5/24 } }",
            [
                "4:37 E312 segment 'blue': subnet 10.1.0.5/24 has host bits | the network is 10.1.0.0/24"
            ]),
        RuleCase(
            line: 4, "segments: { blue: { vni: 1, subnet: 224.1.0.0/16 } }",
            [
                "4:37 E312 segment 'blue': subnet 224.1.0.0/16 is multicast; use a network of unicast addresses"
            ]),
        RuleCase(
            line: 4, "segments: { blue: { vni: 1, subnet: 0.0.0.0/0 } }",
            [
                "4:37 E312 segment 'blue': subnet 0.0.0.0/0 is every address there is; use a network of unicast addresses"
            ]),
        // Too many.
        RuleCase(
            line: 3, "hosts: { a: { underlay: [192.0.2.1, 192.0.2.3] }, b: { underlay: 192.0.2.2 } }",
            [
                "3:37 E313 host 'a': two underlay addresses of one family, 192.0.2.1 and 192.0.2.3 | give one IPv4 address, one IPv6 address, or one of each"
            ]),
        RuleCase(
            line: 4, "segments: { blue: { vni: 1, subnet: [10.1.0.0/24, 10.2.0.0/24, 10.3.0.0/24] } }",
            [
                "4:64 E313 segment 'blue': more than two subnets; a segment has one or two"
            ]),
        // Texts.
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, owner: \"root:0\" }",
            [
                "6:41 E314 port 'vm1': 'root:0' is not the name of a user; use [A-Za-z0-9][A-Za-z0-9_.-]*, at most 32"
            ]),
        RuleCase(line: 6, "  vm1: { host: a, segment: blue, owner: _libvirt }", []),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, kind: veth, netns: ../x }",
            [
                "6:53 E314 port 'vm1': '../x' is not the name of a network namespace; use [A-Za-z0-9][A-Za-z0-9_.-]*, at most 64"
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, labels: { k: \"a\\nb\" } }",
            ["6:47 E314 port 'vm1': a label's value has at most 128 characters and no control characters"]),
        // Paths of sockets.
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, kind: socket, socket: { path: run/x } }",
            [
                "6:64 E314 port 'vm1': 'run/x' is not the path of a socket; use an absolute one without '..', at most 107 bytes"
            ], missing: []),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, kind: socket, socket: { path: /run/../etc/x } }",
            [
                "6:64 E314 port 'vm1': '/run/../etc/x' is not the path of a socket; use an absolute one without '..', at most 107 bytes"
            ], missing: []),
        RuleCase(
            line: 6,
            "  vm1: { host: a, segment: blue, kind: socket, socket: { path: /\(String(repeating: "x", count: 106)) } }", [],
            missing: []),
        // With datagrams the guest's own socket has a longer path.
        RuleCase(
            line: 6,
            "  vm1: { host: a, segment: blue, kind: socket, socket: { path: /\(String(repeating: "x", count: 106)), mode: dgram } }",
            [
                "6:64 E314 port 'vm1': '/\(String(repeating: "x", count: 59))…' is not the path of a socket; use an absolute one without '..', at most 101 bytes"
            ]),
        RuleCase(
            line: 6,
            "  vm1: { host: a, segment: blue, kind: socket, socket: { path: /\(String(repeating: "x", count: 100)), mode: dgram } }",
            []),
    ]

    @Test(arguments: cases)
    func reports(rule: RuleCase) { rule.check() }
}
