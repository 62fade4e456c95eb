import Testing
import WeftTypes

extension System {
    /// Ports that the agent reads itself, with every kind of guest at the other end.
    @Suite("Direct ports", .needs("ping", "arping", "ethtool", "iperf3")) struct DirectPairTests {
        /// What is at the other end.
        enum Other: String, CaseIterable {
            case direct, bridge, kernel
        }

        private static func run(
            _ other: Other, underlay: IPAddress.Family = .v4, _ body: (GuestPair) throws -> Void
        ) throws {
            let second = other == .direct ? "direct" : "bridge"
            try GuestPair.run(underlay, bravo: other == .kernel ? .vtep : .agent, attach: ("direct", second), body)
        }

        @Test("ping, broadcast and fragments both ways", arguments: Other.allCases)
        func reach(other: Other) throws {
            for underlay in [IPAddress.Family.v4, .v6] {
                try Self.run(other, underlay: underlay) { pair in
                    try pair.expectReachable()
                    #expect(try !pair.lab.host("alpha").run("ip -o link").contains("wfb-"))
                }
            }
        }

        @Test("TCP with offloads on and off at either guest", arguments: Other.allCases)
        func tcp(other: Other) throws {
            try Self.run(other) { pair in try pair.expectTransfers([.v4, .v6]) }
        }

        @Test("datagrams of all sizes, and a stream of them", arguments: Other.allCases)
        func udp(other: Other) throws {
            try Self.run(other) { pair in try pair.expectDatagrams([.v4, .v6]) }
        }

        @Test("guests of one host, both direct or one on the bridge", arguments: ["direct", "bridge"])
        func sameHost(other: String) throws {
            let topology = """
                weft: 1
                name: same-host
                hosts:
                  alpha: { underlay: 192.0.2.11 }
                  bravo: { underlay: 192.0.2.12 }
                segments:
                  blue: { vni: 100, subnet: [10.1.0.0/24, "2001:db8:1::/64"] }
                ports:
                  vm1: { host: alpha, segment: blue, attach: direct, address: [10.1.0.11, "2001:db8:1::11"] }
                  vm2: { host: alpha, segment: blue, attach: \(other), address: [10.1.0.12, "2001:db8:1::12"] }
                  vm3: { host: bravo, segment: blue, address: 10.1.0.13 }
                """
            try LabFixture.run(topology) { lab in
                let pair = GuestPair(
                    lab: lab, first: Guest(place: lab.guest("vm1"), addresses: GuestPair.firstAddresses),
                    second: Guest(place: lab.guest("vm2"), addresses: GuestPair.secondAddresses))
                try pair.expectReachable()
                try pair.expectTransfers([.v4, .v6])
                try pair.expectDatagrams([.v4])
                // What one guest of the host has for the other is nobody else's.
                let far = try #require(IPAddress("10.1.0.13"))
                try Traffic(source: pair.second, target: Guest(place: lab.guest("vm3"), addresses: [far])).ping()
            }
        }

        @Test("the commands tell of direct ports and count at them") func reports() throws {
            try Self.run(.direct) { pair in
                try Traffic(source: pair.first, target: pair.second).ping()
                let ports = try pair.lab.ask("alpha", "ports", "-o", "json")
                #expect(ports.contains(#""attach":"direct""#) || ports.contains(#""attach" : "direct""#), "\(ports)")
                #expect(try pair.lab.ask("alpha", "ports", "-o", "wide").contains("direct"))
                let shown = try pair.lab.ask("alpha", "port", "show", "vm1")
                #expect(shown.contains("attach direct"))
                #expect(!shown.contains("from guest  0 frames"), "\(shown)")
                #expect(try pair.lab.ask("alpha", "fdb").split(separator: "\n").contains { $0.contains("vm1") })
                let status = try pair.lab.ask("alpha", "status", "-o", "wide")
                #expect(status.contains("1 of 1 read by the agent"), "\(status)")
                let doctor = try pair.lab.ask("alpha", "doctor")
                #expect(doctor.contains("D17 read by the agent itself and unheard by the host: vm1"), "\(doctor)")
            }
        }
    }
}
