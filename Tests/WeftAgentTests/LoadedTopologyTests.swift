import Testing
import WeftAPI
import WeftTopology
import WeftTypes

@testable import WeftAgent

@Suite struct LoadedTopologyTests {
    private static let here = Host.Underlay.addresses([.v4(IPv4Address(rawValue: 0xC000_0263))])
    /// A file with the hosts alpha and bravo.
    private static let file = #filePath.replacing(/\/Tests\/WeftAgentTests\/.*/, with: "/Topologies/two-hosts.weft.yaml")

    @Test func needsNoFile() throws {
        let options = AgentOptions(host: "zulu", topologyPath: nil, fabric: "office", underlay: Self.here)
        let loaded = try LoadedTopology(options)
        #expect(loaded.topology.name.text == "office")
        #expect(loaded.topology.hosts == [loaded.host] && loaded.host.underlay == Self.here)
        #expect(loaded.topology.ports.isEmpty && loaded.topology.segments.isEmpty)
    }

    @Test func addsAHostThatTheFileDoesNotList() throws {
        let listed = try LoadedTopology(AgentOptions(host: "alpha", topologyPath: Self.file))
        let fabric = listed.topology.name.text
        let loaded = try LoadedTopology(
            AgentOptions(host: "zulu", topologyPath: Self.file, fabric: fabric, underlay: Self.here))
        #expect(loaded.host.name.text == "zulu" && loaded.host.underlay == Self.here)
        #expect(loaded.topology.hosts.filter { $0 != loaded.host } == listed.topology.hosts)
        #expect(loaded.topology.ports == listed.topology.ports && loaded.topology.segments == listed.topology.segments)
    }

    /// A mistyped name must not become a host of its own.
    @Test func refusesAHostThatNothingSaysWhereItIs() throws {
        let mistyped = #expect(throws: APIError.self) {
            try LoadedTopology(AgentOptions(host: "alhpa", topologyPath: Self.file, underlay: Self.here))
        }
        #expect(mistyped?.help?.contains("did you mean 'alpha'?") == true)
        for options in [
            AgentOptions(host: "zulu", topologyPath: nil, fabric: "office"),
            AgentOptions(host: "zulu", topologyPath: nil, underlay: Self.here),
            AgentOptions(host: "Zulu!", topologyPath: nil, fabric: "office", underlay: Self.here),
            AgentOptions(host: "zulu", topologyPath: Self.file, fabric: "another", underlay: Self.here),
        ] {
            #expect(throws: APIError.self) { try LoadedTopology(options) }
        }
    }
}
