import Testing
import WeftForwarding
import WeftTopology
import WeftTypes

@testable import WeftFabric

@Suite struct FabricCompilerTests {
    /// alpha: `a` and `b` in blue, `c` in green; bravo: `d` in blue.
    private func topology(direct: Set<String>) throws -> Topology {
        let fabric = try name("first")
        let hosts = try [("alpha", "192.0.2.11"), ("bravo", "192.0.2.12")].map { text, address in
            Host(name: try name(text), underlay: .addresses([try #require(IPAddress(address))]))
        }
        let segments = try [("blue", UInt32(100)), ("green", 200)].map { text, number in
            Segment(name: try name(text), vni: try #require(VNI(number)))
        }
        let ports = try [("a", "alpha", "blue"), ("b", "alpha", "blue"), ("c", "alpha", "green"), ("d", "bravo", "blue")].map {
            Port(
                name: try name($0), fabric: fabric, host: try name($1), attachment: .access(try name($2)),
                attach: direct.contains($0) ? .direct : .bridge)
        }
        return Topology(name: fabric, hosts: hosts, segments: segments, ports: ports)
    }

    private func compile(_ topology: Topology, with compiler: inout FabricCompiler) throws -> FabricCompiler.Result {
        let host = try #require(topology.host(named: try name("alpha")))
        return compiler.compile(topology, for: host, underlayMTU: 1500)
    }

    private func place(of port: String, _ topology: Topology, _ result: FabricCompiler.Result) throws -> Location? {
        let mac = try #require(topology.port(named: try name(port))).mac
        return result.stations.first { $0.key.mac == mac }?.location
    }

    @Test func aDirectPortHasAPlaceOfItsOwnAndTheOthersShareTheUplink() throws {
        var compiler = FabricCompiler()
        let topology = try topology(direct: ["b", "c"])
        let result = try compile(topology, with: &compiler)
        let (blue, green) = (compiler.segmentIndex(of: try name("blue")), compiler.segmentIndex(of: try name("green")))
        let ports = Set(result.fabric.ports.map { [$0.name, "\($0.isManyMACs)", $0.segment == blue ? "blue" : "green"] })
        #expect(ports == [["blue", "true", "blue"], ["b", "false", "blue"], ["c", "false", "green"]])
        #expect(Set(result.fabric.ports.map(\.index)).count == 3 && blue != green)
        #expect(compiler.uplink(of: try name("green")) == nil)
        let uplink = try #require(compiler.uplink(of: try name("blue")))
        #expect(try place(of: "a", topology, result) == .port(uplink))
        #expect(try place(of: "b", topology, result) == compiler.readPort(try name("b")).map { .port($0) })
        #expect(try place(of: "c", topology, result) == compiler.readPort(try name("c")).map { .port($0) })
        #expect(try place(of: "d", topology, result) == compiler.peerIndex(of: try name("bravo")).map { .peer($0) })
    }

    @Test func whatStaysKeepsItsNumberWhenAPortChangesItsAttachment() throws {
        var compiler = FabricCompiler()
        _ = try compile(try topology(direct: ["b"]), with: &compiler)
        let (uplink, direct) = (compiler.uplink(of: try name("blue")), compiler.readPort(try name("b")))
        let changed = try topology(direct: ["a", "b"])
        let result = try compile(changed, with: &compiler)
        #expect(compiler.uplink(of: try name("blue")) == nil)
        #expect(compiler.readPort(try name("b")) == direct)
        // The number of the uplink is not that of the port that came.
        #expect(compiler.readPort(try name("a")) != uplink)
        #expect(try place(of: "a", changed, result) == compiler.readPort(try name("a")).map { .port($0) })
    }
}
