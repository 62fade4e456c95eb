import Testing
import WeftTypes

extension System {
    /// The peer is the kernel's VXLAN device, which knows nothing of Weft.
    @Suite("Weft and the kernel's VXLAN", .needs("ping", "arping", "ethtool", "iperf3")) struct KernelPeerTests {
        @Test("ping, broadcast and fragments both ways", arguments: [IPAddress.Family.v4, .v6])
        func reach(underlay: IPAddress.Family) throws {
            try GuestPair.run(underlay, bravo: .vtep) { pair in try pair.expectReachable() }
        }

        @Test("TCP with offloads on and off at either guest and on the peer's wire", arguments: [IPAddress.Family.v4, .v6])
        func tcp(underlay: IPAddress.Family) throws {
            try GuestPair.run(underlay, bravo: .vtep) { pair in
                for isWireOn in [true, false] {
                    try pair.lab.host("bravo").setOffloads(isWireOn, ["tx"])
                    try pair.expectTransfers([.v4])
                }
                try pair.expectTransfers([.v6])
            }
        }

        @Test("checksums left to each other", arguments: [IPAddress.Family.v4, .v6])
        func remoteChecksums(underlay: IPAddress.Family) throws {
            try GuestPair.run(underlay, bravo: .vtep, leavesChecksums: true) { pair in
                try pair.expectReachable()
                for isWireOn in [true, false] {
                    try pair.lab.host("bravo").setOffloads(isWireOn, ["tx"])
                    try pair.expectTransfers([.v4, .v6])
                }
                try pair.expectDatagrams([.v4, .v6])
            }
        }

        @Test("datagrams of all sizes, and a stream of them", arguments: [IPAddress.Family.v4, .v6])
        func udp(underlay: IPAddress.Family) throws {
            try GuestPair.run(underlay, bravo: .vtep) { pair in try pair.expectDatagrams([.v4, .v6]) }
        }
    }
}
