import Testing
import WeftTopology

@testable import WeftTopologyFile

/// E2xx: what an object names has to exist.
@Suite struct ReferenceRuleTests {
    static let cases: [RuleCase] = [
        RuleCase(
            line: 6, "  vm1: { host: c, segment: blue }",
            [
                "3:10 W603 host 'a' has no ports",
                "6:16 E202 unknown host 'c' | hosts here: a, b",
            ]),
        RuleCase(
            line: 6, "  vm1: { host: alpha, segment: green }",
            [
                "3:10 W603 host 'a' has no ports",
                "6:16 E202 unknown host 'alpha' | hosts here: a, b",
                "6:32 E201 unknown segment 'green' | segments here: blue",
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blu }",
            [
                "6:28 E201 unknown segment 'blu' | did you mean 'blue'? It is defined at t.weft.yaml:4:13"
            ]),
        RuleCase(
            line: 8, "checks: [{ from: vm1, to: vm3 }, { from: mv2, to: vm1 }, { from: nowhere, to: vm1 }]",
            [
                "8:27 E203 unknown port 'vm3' | did you mean 'vm1'? It is defined at t.weft.yaml:6:3",
                "8:42 E203 unknown port 'mv2' | did you mean 'vm2'? It is defined at t.weft.yaml:7:3",
                "8:66 E203 unknown port 'nowhere' | ports here: vm1, vm2",
            ]),
        RuleCase(
            line: 4, "segments: { blue: { vni: 100, vteps: [leaf, b] } }",
            [
                "4:39 E202 unknown host 'leaf' | no plain VTEPs are defined",
                "4:45 E206 segment 'blue': host 'b' runs an agent, it is no plain VTEP | hosts with an agent join a segment by their ports; 'vteps' lists hosts of kind vtep",
            ]),
        RuleCase(
            line: 4, "segments: {}",
            [
                "6:28 E201 unknown segment 'blue' | no segments are defined",
                "7:28 E201 unknown segment 'blue' | no segments are defined",
            ]),
        // Trunks.
        RuleCase(
            line: 6, "  vm1: { host: a, trunk: { blue: 10, gren: 20 }, native: green }",
            [
                "6:38 E201 unknown segment 'gren' | segments here: blue",
                "6:58 E204 port 'vm1': native segment 'green' is not in 'trunk' | did you mean 'gren'? The trunk has: blue, gren",
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, trunk: { blue: 10 }, native: bleu }",
            [
                "6:48 E204 port 'vm1': native segment 'bleu' is not in 'trunk' | did you mean 'blue'? The trunk has: blue"
            ]),
        RuleCase(
            line: 6, "  vm1: { host: a, segment: blue, native: blue }",
            [
                "6:42 E204 port 'vm1': native segment 'blue' is not in 'trunk' | it belongs to a port with 'trunk'"
            ]),
        // Tenants.
        RuleCase(
            line: 6, "  acme/vm1: { host: a, segment: blue }",
            [
                "6:33 E205 port 'acme/vm1' of tenant 'acme' can't use segment 'blue' of no tenant | a port and its segment have the same tenant in front of their names, or none"
            ]),
        RuleCase(
            line: 4, "segments: { acme/blue: { vni: 100 }, blue: { vni: 101 } }",
            and: [6: "  acme/vm1: { host: a, segment: blue }"],
            [
                "6:33 E205 port 'acme/vm1' of tenant 'acme' can't use segment 'blue' of no tenant | did you mean 'acme/blue'? It is defined at t.weft.yaml:4:13"
            ]),
        RuleCase(
            line: 4, "segments: { acme/blue: { vni: 100 }, blue: { vni: 102 } }",
            and: [6: "  vm1: { host: a, segment: acme/blue }"],
            [
                "6:28 E205 port 'vm1' of no tenant can't use segment 'acme/blue' of tenant 'acme' | did you mean 'blue'? It is defined at t.weft.yaml:4:38"
            ]),
        RuleCase(
            line: 4, "segments: { acme/blue: { vni: 100 }, blue: { vni: 103 } }",
            and: [6: "  acme/vm1: { host: a, segment: acme/blue }"], []),
        RuleCase(
            line: 4, "segments: { acme/blue: { vni: 100 }, blue: { vni: 104 } }",
            and: [
                6: "  acme/vm1: { host: a, segment: acme/blue }",
                8: "checks: [{ from: acme/vm1, to: vm2 }, { from: acme/vm1, to: vm2, expect: deny }]",
            ],
            [
                "8:32 E205 check 1: 'acme/vm1' and 'vm2' are of different tenants | tenants don't reach each other; expect: deny can be checked"
            ]),
        RuleCase(
            line: 6, "  acme/vm1: { host: a, segment: acme/blue }",
            [
                "6:33 E201 unknown segment 'acme/blue' | segments here: blue"
            ]),
        // Plain VTEPs.
        RuleCase(line: 3, "hosts: { a: { underlay: 192.0.2.1, kind: vtep }, b: { underlay: 192.0.2.2 } }", []),
        RuleCase(
            line: 3, "hosts: { a: { underlay: 192.0.2.1 , kind: vtep }, b: { underlay: 192.0.2.2 } }",
            and: [4: "segments: { blue: { vni: 100, vteps: [] } }"],
            [
                "6:16 E207 port 'vm1': its host 'a' is a plain VTEP that segment 'blue' leaves out | add 'a' to 'vteps' of the segment at t.weft.yaml:4:13"
            ]),
    ]

    @Test(arguments: cases)
    func reports(rule: RuleCase) { rule.check() }
}
