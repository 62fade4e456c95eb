import Foundation
import Testing
import WeftTopology

@testable import WeftTopologyFile

/// What `weft graph` draws, in each format.
@Suite struct GraphTests {
    private static let file = #"""
        weft: 1
        name: demo
        hosts:
          alpha: { underlay: 192.0.2.11 }
          bravo: { underlay: { interface: eth0 } }
          leaf7: { underlay: 192.0.2.70, kind: vtep }
        segments:
          blue: { vni: 100, subnet: 10.1.0.0/24 }
          green: { vni: 200, vteps: [] }
        ports:
          fw: { host: alpha, trunk: { blue: 10, green: 20 }, native: blue, protocol: 802.1ad }
          sock: { host: bravo, kind: socket, segment: blue, socket: { path: "/run/\"a\\b<c>#d.sock" } }
          uplink: { host: alpha, kind: nic, device: eno2, segment: green, attach: direct }
          vm1: { host: alpha, segment: blue, address: 10.1.0.11 }

        """#

    private func graph() throws -> TopologyGraph {
        let result = WholeFormatTests.load(Self.file)
        return TopologyGraph(try #require(result.topology, "\(result.text())"))
    }

    @Test func drawsTreesForTheTerminal() throws {
        #expect(
            try graph().text == #"""
                fabric demo: 3 hosts, 2 segments, 4 ports

                host alpha (192.0.2.11)
                ├─ fw      tap wft-fw        blue VLAN 10, 802.1ad, native; green VLAN 20, 802.1ad
                ├─ uplink  nic eno2, direct  green
                └─ vm1     tap wft-vm1       blue  10.1.0.11
                host bravo (interface eth0)
                └─ sock  socket /run/"a\b<c>#d.sock  blue
                plain VTEP leaf7 (192.0.2.70)
                └─ blue

                segment blue (VNI 100, 10.1.0.0/24)
                ├─ fw     on alpha  VLAN 10, 802.1ad, native
                ├─ sock   on bravo
                ├─ vm1    on alpha
                └─ leaf7  plain VTEP
                segment green (VNI 200)
                ├─ fw      on alpha  VLAN 20, 802.1ad
                └─ uplink  on alpha

                """#)
    }

    @Test func drawsForMermaid() throws {
        #expect(
            try graph().mermaid == #"""
                flowchart LR
                  subgraph h0["alpha<br/>192.0.2.11"]
                    p0["fw<br/>tap wft-fw"]
                    p2["uplink<br/>nic eno2, direct"]
                    p3["vm1<br/>tap wft-vm1<br/>10.1.0.11"]
                  end
                  subgraph h1["bravo<br/>interface eth0"]
                    p1["sock<br/>socket /run/#34;a#92;b#60;c#62;#35;d.sock"]
                  end
                  h2[["leaf7<br/>plain VTEP 192.0.2.70"]]
                  s0(["blue<br/>VNI 100, 10.1.0.0/24"])
                  s1(["green<br/>VNI 200"])
                  p0 ---|"VLAN 10, 802.1ad, native"| s0
                  p0 ---|"VLAN 20, 802.1ad"| s1
                  p1 --- s0
                  p2 --- s1
                  p3 --- s0
                  h2 -.- s0

                """#)
    }

    @Test func drawsForGraphviz() throws {
        #expect(
            try graph().dot == #"""
                graph "demo" {
                  rankdir=LR;
                  node [shape=box];
                  subgraph cluster_h0 {
                    label="alpha\n192.0.2.11";
                    p0 [label="fw\ntap wft-fw"];
                    p2 [label="uplink\nnic eno2, direct"];
                    p3 [label="vm1\ntap wft-vm1\n10.1.0.11"];
                  }
                  subgraph cluster_h1 {
                    label="bravo\ninterface eth0";
                    p1 [label="sock\nsocket /run/\"a\\b<c>#d.sock"];
                  }
                  h2 [label="leaf7\nplain VTEP 192.0.2.70", shape=box3d];
                  s0 [label="blue\nVNI 100, 10.1.0.0/24", shape=ellipse];
                  s1 [label="green\nVNI 200", shape=ellipse];
                  p0 -- s0 [label="VLAN 10, 802.1ad, native"];
                  p0 -- s1 [label="VLAN 20, 802.1ad"];
                  p1 -- s0;
                  p2 -- s1;
                  p3 -- s0;
                  h2 -- s0 [style=dashed];
                }

                """#)
    }

    private static let hasGraphviz = FileManager.default.isExecutableFile(atPath: "/usr/bin/dot")

    @Test(.enabled(if: hasGraphviz, "needs Graphviz: apt-get install graphviz"))
    func graphvizReadsIt() throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/dot")
        process.arguments = ["-Tplain"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(graph().dot.utf8))
        try input.fileHandleForWriting.close()
        let drawn = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(drawn.split(separator: "\n").count { $0.hasPrefix("edge ") } == 6)
    }

    @Test func jsonHoldsTheSame() throws {
        let bytes = try JSONEncoder().encode(graph())
        let json = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
        let links = try #require(json["links"] as? [[String: Any]])
        #expect(json["fabric"] as? String == "demo")
        #expect((json["hosts"] as? [[String: Any]])?.map { $0["kind"] as? String } == ["agent", "agent", "vtep"])
        #expect((json["ports"] as? [[String: Any]])?.map { $0["name"] as? String } == ["fw", "sock", "uplink", "vm1"])
        #expect(links.map { $0["vlan"] as? Int } == [10, 20, nil, nil, nil, nil])
        #expect(links.map { $0["native"] as? Bool } == [true, false, false, false, false, false])
        #expect(links.last?["port"] == nil)
    }

    @Test func examplesAreDrawn() throws {
        for example in try ExamplesTests.examples {
            let path = ExamplesTests.checkout.appending(path: "Topologies/\(example)").path
            let topology = try #require(TopologyFile.load(path: path).topology)
            let graph = TopologyGraph(topology)
            #expect(graph.links.count >= topology.ports.count)
            #expect(topology.ports.allSatisfy { graph.text.contains($0.name.text) })
        }
    }
}
