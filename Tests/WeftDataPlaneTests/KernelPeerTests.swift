import Testing
import WeftDataPlane
import WeftForwarding
import WeftTypes

/// The kernel's VXLAN device is the peer.
@Suite(.serialized, .enabled(if: Rig.isPossible, Rig.reason)) struct KernelPeerTests {
    @Test("ping both ways, and the addresses are learnt", arguments: [IPAddress.Family.v4, .v6]) func pings(
        family: IPAddress.Family
    ) throws {
        let rig = try Rig(family)
        try rig.makeKernelPeer()
        let plane = try rig.start("alpha", peer: .plain)
        #expect(try rig.ping(from: "alpha").contains(" 0% packet loss"))
        #expect(try rig.ping(from: "bravo").contains(" 0% packet loss"))
        #expect(try rig.ping(from: "alpha", to: "fd00::2").contains(" 0% packet loss"))
        let stations = plane.stations()
        #expect(stations.first { $0.key.mac == Rig.mac("alpha") }?.location == .port(PortIndex(0)))
        #expect(stations.first { $0.key.mac == Rig.mac("bravo") }?.location == .peer(PeerIndex(0)))
        #expect(stations.allSatisfy { $0.source == .frame })
        let counters = try rig.settled(plane)
        #expect(counters.ports[PortIndex(0)]?.encapsulated ?? 0 >= 10)
        #expect(counters.peers[PeerIndex(0)]?.delivered ?? 0 >= 10)
    }

    @Test("TCP, offloads on and off at the kernel's side", arguments: [IPAddress.Family.v4, .v6], [true, false])
    func tcp(family: IPAddress.Family, offloads: Bool) throws {
        for isWire in [false, true] {
            let rig = try Rig(family, isWire: isWire)
            try rig.makeKernelPeer(offloads: offloads)
            let plane = try rig.start("alpha", peer: .plain)
            for ipv6 in [false, true] {
                try Transfer.tcp(rig, from: "alpha", count: 1 << 20, ipv6: ipv6)
                try Transfer.tcp(rig, from: "bravo", count: 1 << 20, ipv6: ipv6)
            }
            let counters = try rig.settled(plane)
            #expect(counters.total.drops.isEmpty, "\(counters.total.drops)")
        }
    }
}
