import Testing
import WeftTopology
import WeftTypes

@testable import WeftTopologyFile

/// A topology that is written as a file and read again is the same.
@Suite struct ExportTests {
    private func reread(_ topology: Topology) -> TopologyFile.LoadResult {
        TopologyFile.load(bytes: Array(topology.fileText.utf8), file: "export")
    }

    @Test func examplesSurvive() throws {
        for example in try ExamplesTests.examples {
            let path = ExamplesTests.checkout.appending(path: "Topologies/\(example)").path
            let topology = try #require(TopologyFile.load(path: path).topology)
            let again = reread(topology)
            #expect(again.topology == topology, "\(example):\n\(again.text())\n\(topology.fileText)")
            #expect(again.diagnostics.isEmpty)
        }
    }

    @Test func anExportReadsLikeAFileThatSomebodyWrote() throws {
        let path = ExamplesTests.checkout.appending(path: "Topologies/two-hosts.weft.yaml").path
        let topology = try #require(TopologyFile.load(path: path).topology)
        #expect(
            topology.fileText == """
                weft: 1
                name: two-hosts
                hosts:
                  alpha: { underlay: 192.0.2.11 }
                  bravo: { underlay: 192.0.2.12 }
                segments:
                  blue: { vni: 100, subnet: 10.1.0.0/24 }
                ports:
                  vm1: { host: alpha, segment: blue, address: 10.1.0.11 }
                  vm2: { host: bravo, segment: blue, address: 10.1.0.12 }
                checks:
                  - { from: vm1, to: vm2, proto: icmp, expect: allow }

                """)
    }

    @Test func namesThatLookLikeSomethingElseSurvive() throws {
        let text = """
            weft: 1
            name: "1e5"
            hosts:
              "null": { underlay: ["2001:db8::1", 192.0.2.1], port: 8472, gossip: 7000, labels: { "true": "yes", "a b": "\\"\\\\\\u2028" } }
              "0x10": { underlay: 192.0.2.2, remcsum: true }
            segments:
              "12": { vni: 1, subnet: [10.1.0.0/24, "2001:db8:1::/64"], mtu: 1400, tags: carry, flood: drop, vteps: [] }
              acme/on: { vni: 2 }
            ports:
              "1-1": { host: "null", segment: "12", mac: "52:54:00:00:01:01", address: [10.1.0.5, "2001:db8:1::5"], sticky: true }
              acme/web: { host: "null", segment: acme/on, kind: veth, netns: web, address: 10.9.0.1/16, attach: direct, device: mine, bum: 77 }
              tap: { host: "0x10", segment: "12", queues: 4, owner: "1000", bum: 0 }
            """
        let environment = ValidationEnvironment(underlayMTU: 1500, host: "0x10")
        let topology = try #require(TopologyFile.load(bytes: Array(text.utf8), file: "odd", in: environment).topology)
        let again = TopologyFile.load(bytes: Array(topology.fileText.utf8), file: "export", in: environment)
        #expect(again.topology == topology, "\(again.text())\n\(topology.fileText)")
    }
}
