import Testing
import WeftTypes

extension System {
    /// Two hosts with agents.
    @Suite("Weft and Weft", .needs("ping", "arping", "ethtool", "iperf3")) struct AgentPairTests {
        @Test("ping, broadcast and fragments both ways", arguments: [IPAddress.Family.v4, .v6])
        func reach(underlay: IPAddress.Family) throws {
            try GuestPair.run(underlay, bravo: .agent) { pair in try pair.expectReachable() }
        }

        @Test("TCP with offloads on and off at either guest and on the wire", arguments: [IPAddress.Family.v4, .v6])
        func tcp(underlay: IPAddress.Family) throws {
            try GuestPair.run(underlay, bravo: .agent) { pair in
                try pair.expectTransfers([.v4, .v6])
                // A wire without checksum offload, from one moment to the next.
                for host in ["alpha", "bravo"] { try pair.lab.host(host).setOffloads(false, ["tx", "tso", "gso"]) }
                try pair.expectTransfers([.v4])
            }
        }

        @Test("checksums left to each other", arguments: [IPAddress.Family.v4, .v6])
        func remoteChecksums(underlay: IPAddress.Family) throws {
            try GuestPair.run(underlay, bravo: .agent, leavesChecksums: true) { pair in
                try pair.expectReachable()
                try pair.expectTransfers([.v4, .v6])
                try pair.expectDatagrams([.v4, .v6])
            }
        }

        @Test("datagrams of all sizes, and a stream of them", arguments: [IPAddress.Family.v4, .v6])
        func udp(underlay: IPAddress.Family) throws {
            try GuestPair.run(underlay, bravo: .agent) { pair in try pair.expectDatagrams([.v4, .v6]) }
        }
    }
}
