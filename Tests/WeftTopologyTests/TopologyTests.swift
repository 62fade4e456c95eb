import Testing
import WeftTypes

@testable import WeftTopology

@Suite struct TopologyTests {
    @Test func membersAreHostsWithAPortAndTheAllowedPlainVTEPs() throws {
        let topology = try sample()
        let blue = try #require(topology.segment(named: name("blue")))
        let green = try #require(topology.segment(named: name("green")))
        #expect(topology.members(of: blue).map(\.name.text) == ["alpha", "bravo", "leaf7", "leaf8"])
        #expect(topology.members(of: green).map(\.name.text) == ["bravo", "leaf8"])
    }

    @Test func peersShareASegment() throws {
        let topology = try sample()
        let alpha = try #require(topology.host(named: name("alpha")))
        let idle = try #require(topology.host(named: name("idle")))
        #expect(topology.segments(on: alpha).map(\.name.text) == ["blue"])
        #expect(topology.peers(of: alpha).map(\.name.text) == ["bravo", "leaf7", "leaf8"])
        #expect(topology.peers(of: idle).isEmpty)
    }

    @Test func collectionsAreSortedAndFoundByName() throws {
        let topology = try sample()
        #expect(topology.hosts.map(\.name.text) == ["alpha", "bravo", "idle", "leaf7", "leaf8"])
        #expect(topology.port(named: name("vm2"))?.host == name("bravo"))
        #expect(topology.port(named: name("vm9")) == nil)
    }

    @Test func tunnelsPreferIPv4() throws {
        let dual = Host(name: name("dual"), underlay: .addresses([try ip("2001:db8::1"), try ip("192.0.2.1")]), udpPort: 8472)
        let four = Host(name: name("four"), underlay: .addresses([try ip("192.0.2.2")]))
        let six = Host(name: name("six"), underlay: .addresses([try ip("2001:db8::2")]))
        let topology = Topology(name: name("t"), hosts: [dual, four, six])
        #expect(topology.tunnel(from: dual, to: four)?.local.description == "192.0.2.1:8472")
        #expect(topology.tunnel(from: dual, to: four)?.remote.description == "192.0.2.2:4789")
        #expect(topology.tunnel(from: dual, to: six)?.local.description == "[2001:db8::1]:8472")
        #expect(topology.tunnel(from: four, to: six) == nil)
    }

    @Test(arguments: [
        (underlays: ["192.0.2.1", "192.0.2.2"], underlayMTU: 1500, mtu: 1450),
        (underlays: ["192.0.2.1", "192.0.2.2"], underlayMTU: 9000, mtu: 1450),
        (underlays: ["192.0.2.1", "192.0.2.2"], underlayMTU: 1400, mtu: 1350),
        (underlays: ["2001:db8::1", "2001:db8::2"], underlayMTU: 1500, mtu: 1430),
    ])
    func segmentMTUIsTheUnderlayLessTheOverhead(underlays: [String], underlayMTU: Int, mtu: Int) throws {
        let blue = Segment(name: name("blue"), vni: try #require(VNI(100)))
        let hosts = try underlays.enumerated().map { Host(name: name("h\($0)"), underlay: .addresses([try ip($1)])) }
        let ports = hosts.map { Port(name: $0.name, fabric: name("t"), host: $0.name, attachment: .access(blue.name)) }
        let topology = Topology(name: name("t"), hosts: hosts, segments: [blue], ports: ports)
        #expect(topology.mtu(of: blue, underlayMTU: underlayMTU) == mtu)
    }

    @Test func specHashIgnoresWhatHostsNeedNotAgreeOn() throws {
        let topology = try sample()
        let subnets = [try #require(IPPrefix("10.1.0.0/24"))]
        let blue = Segment(name: name("blue"), vni: try #require(VNI(100)), subnets: subnets)
        let small = Segment(name: name("blue"), vni: blue.vni, subnets: subnets, mtu: .bytes(1300), flood: .drop)
        let other = Segment(name: name("blue"), vni: try #require(VNI(101)), subnets: subnets)
        #expect(topology.specHash(of: blue) == topology.specHash(of: small))
        #expect(topology.specHash(of: blue) != topology.specHash(of: other))
        #expect(topology.specHash(of: blue).count == 32)
    }

    /// Two hosts with ports, one without, two plain end points of which one has `green`.
    private func sample() throws -> Topology {
        let fabric = name("lab")
        func host(_ text: String, _ address: String, _ kind: Host.Kind = .agent) throws -> Host {
            Host(name: name(text), underlay: .addresses([try ip(address)]), kind: kind)
        }
        func port(_ text: String, _ host: String, _ segment: String) -> Port {
            Port(name: name(text), fabric: fabric, host: name(host), attachment: .access(name(segment)))
        }
        return Topology(
            name: fabric,
            hosts: [
                try host("bravo", "192.0.2.12"), try host("alpha", "192.0.2.11"), try host("leaf7", "192.0.2.70", .vtep),
                try host("leaf8", "192.0.2.80", .vtep), try host("idle", "192.0.2.13"),
            ],
            segments: [
                Segment(name: name("green"), vni: try #require(VNI(200)), vteps: .only([name("leaf8")])),
                Segment(name: name("blue"), vni: try #require(VNI(100))),
            ],
            ports: [port("vm2", "bravo", "blue"), port("vm1", "alpha", "blue"), port("vm3", "bravo", "green")])
    }
}
