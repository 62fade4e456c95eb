import Foundation
import Testing
import WeftTopology
import WeftTypes

@testable import WeftTopologyFile

@Suite struct ExamplesTests {
    /// The checkout this test was built from.
    static var checkout: URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    }
    static var examples: [String] {
        get throws {
            let folder = checkout.appending(path: "Topologies").path
            return try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".weft.yaml") }.sorted()
        }
    }

    @Test func examplesAreValidWithoutAWarning() throws {
        let paths = try Self.examples.map { Self.checkout.appending(path: "Topologies/\($0)").path }
        let report = TopologyFile.validate(paths: paths)
        #expect(report.text() == "\(paths.count) files checked, no problems\n")
        #expect(report.files.allSatisfy { $0.topology != nil })
        #expect(paths.count >= 4)
    }

    @Test func examplesSayWhatTheyShow() throws {
        for example in try Self.examples {
            let text = try String(contentsOf: Self.checkout.appending(path: "Topologies/\(example)"), encoding: .utf8)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.first == "# yaml-language-server: $schema=weft.schema.json", "\(example)")
            #expect(
                lines.dropFirst().prefix { $0.hasPrefix("#") }.count >= 2, "\(example) has no comment that says what it shows")
        }
    }

    @Test func twoHostsHasEverythingDerived() throws {
        let path = Self.checkout.appending(path: "Topologies/two-hosts.weft.yaml").path
        let topology = try #require(TopologyFile.load(path: path).topology)
        let name = try #require(TopologyName("vm1"))
        let port = try #require(topology.port(named: name))
        #expect(port.device?.text == "wft-vm1")
        #expect(port.isMACDerived)
        #expect(port.mac == .derived(from: "two-hosts/vm1"))
        #expect(port.addresses.map(\.description) == ["10.1.0.11/24"])
        #expect(port.queues == 1)
        let segment = try #require(port.segment.flatMap { topology.segment(named: $0) })
        #expect(topology.mtu(of: segment) == 1450)
        #expect(topology.members(of: segment).map(\.name.text) == ["alpha", "bravo"])
    }

    @Test func kernelPeerIsAMemberWhereItIsListed() throws {
        let path = Self.checkout.appending(path: "Topologies/kernel-peer.weft.yaml").path
        let topology = try #require(TopologyFile.load(path: path).topology)
        let leaf = try #require(TopologyName("leaf7").flatMap { topology.host(named: $0) })
        #expect(leaf.kind == .vtep)
        #expect(topology.segments(on: leaf).map(\.name.text) == ["blue"])
        #expect(topology.peers(of: leaf).map(\.name.text) == ["alpha", "bravo"])
    }

    @Test func ipv6UnderlayCostsSeventyBytes() throws {
        let path = Self.checkout.appending(path: "Topologies/ipv6-underlay.weft.yaml").path
        let topology = try #require(TopologyFile.load(path: path).topology)
        #expect(topology.segments.map { topology.mtu(of: $0) } == [1430])
    }
}
