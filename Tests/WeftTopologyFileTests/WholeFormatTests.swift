import Testing
import WeftTopology
import WeftTypes

@testable import WeftTopologyFile

/// Everything the format has, also what this version can't carry out: what becomes of it, and that it survives an export.
@Suite struct WholeFormatTests {
    static let text = """
        weft: 1
        name: whole
        x-owner: someone
        hosts:
          alpha: { underlay: { interface: eth0 }, labels: { role: edge } }
          bravo: { underlay: [192.0.2.12, "2001:db8::12"], x-rack: 7 }
          leaf7: { underlay: 192.0.2.70, kind: vtep }
        defaults:
          host: { gossip: 7000 }
          segment: { flood: drop }
          port: { kind: tap, queues: 2, owner: me, labels: { a: b } }
        segments:
          blue: { vni: 100, subnet: 10.1.0.0/24 }
          green: { vni: 200, subnet: [10.2.0.0/24, "2001:db8:2::/64"], mtu: 1400, vteps: [leaf7], flood: members }
          acme/red: { vni: 300 }
        ports:
          uplink: { host: alpha, kind: nic, device: eno2, trunk: { blue: 10, green: 20 }, attach: direct, bum: 500 }
          fw: { host: alpha, trunk: { green: 20, blue: 4094 }, native: blue, protocol: 802.1ad, address: [10.2.0.5, 10.1.0.5] }
          legacy: { host: bravo, kind: bridge, device: br0, segment: green, bum: 0 }
          sock: { host: bravo, kind: socket, segment: blue, socket: { path: /run/vm.sock, mode: dgram, listen: false } }
          acme/web: { host: bravo, kind: veth, netns: web, segment: acme/red, sticky: true }
        checks:
          - { from: fw, to: legacy, proto: tcp, port: 80, expect: deny }

        """

    static func load(_ text: String) -> TopologyFile.LoadResult {
        var environment = ValidationEnvironment()
        environment.missing = []
        return TopologyFile.load(bytes: Array(text.utf8), file: "whole", in: environment)
    }

    private func port(_ text: String) throws -> Port {
        let topology = try #require(Self.load(Self.text).topology)
        return try #require(TopologyName(text).flatMap { topology.port(named: $0) })
    }

    @Test func isAccepted() { #expect(Self.load(Self.text).text() == "") }

    @Test func aTrunkIsSortedByVLAN() throws {
        let port = try port("fw")
        guard case .trunk(let trunk) = port.attachment else {
            Issue.record("no trunk")
            return
        }
        #expect(trunk.members.map { "\($0.vlan) \($0.segment)" } == ["20 green", "4094 blue"])
        #expect(trunk.native?.text == "blue")
        #expect(trunk.tagProtocol == .dot1AD)
        #expect(port.segments.map(\.text) == ["blue", "green"])
        #expect(port.segment == nil)
        #expect(port.addresses.map(\.description) == ["10.2.0.5/24", "10.1.0.5/24"])
        #expect(port.queues == 2 && port.owner == "me")
    }

    @Test func foreignDevicesKeepTheirNames() throws {
        #expect(try port("uplink").device?.text == "eno2")
        #expect(try port("uplink").attach == .direct)
        #expect(try port("legacy").device?.text == "br0")
        #expect(try port("legacy").queues == 1)
        #expect(try port("legacy").floodLimit == 0)
        #expect(try port("uplink").floodLimit == 500)
        #expect(try port("fw").floodLimit == 50_000)
        #expect(try port("acme/web").labels == ["a": "b"])
    }

    @Test func aSocketHasADeviceAndAnOwner() throws {
        let port = try port("sock")
        #expect(port.device?.text == "wft-sock" && port.kind.mark == .tap)
        #expect(port.queues == 1 && port.owner == "me")
        let socket = SocketOptions(path: "/run/vm.sock", mode: .dgram, listens: false)
        #expect(port.socket == socket)
        #expect((socket.agentPath, socket.guestPath) == ("/run/vm.sock.weft", "/run/vm.sock"))
    }

    @Test func defaultsAreThoseOfEachKindOfObject() throws {
        let topology = try #require(Self.load(Self.text).topology)
        #expect(topology.hosts.map(\.gossipPort) == [7000, 7000, 7000])
        #expect(topology.segments.map(\.flood) == [.drop, .drop, .members])
    }

    @Test func membersOfATrunksSegmentsAreCounted() throws {
        let topology = try #require(Self.load(Self.text).topology)
        let members = topology.segments.map { segment in
            segment.name.text + ": " + topology.members(of: segment).map(\.name.text).joined(separator: " ")
        }
        #expect(members == ["acme/red: bravo leaf7", "blue: alpha bravo leaf7", "green: alpha bravo leaf7"])
    }

    @Test func survivesAnExport() throws {
        let topology = try #require(Self.load(Self.text).topology)
        let again = Self.load(topology.fileText)
        #expect(again.topology == topology, "\(again.text())\n\(topology.fileText)")
    }

    @Test func comparesTrunksByTheirKeys() throws {
        let former = try #require(Self.load(Self.text).topology)
        let text = Self.text.replacing("blue: 4094", with: "blue: 30").replacing("mode: dgram", with: "mode: stream")
        let difference = try TopologyDifference(from: former, to: #require(Self.load(text).topology))
        #expect(
            difference.changes.map(\.detail) == [
                "trunk green 20, blue 4094 → green 20, blue 30", "socket /run/vm.sock dgram → /run/vm.sock stream",
            ])
    }
}
