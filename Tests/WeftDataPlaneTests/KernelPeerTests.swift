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

    @Test("UDP of any size, and the kernel's guest's own superframes, come as they were sent", arguments: [false, true])
    func udp(isWire: Bool) throws {
        let rig = try Rig(isWire: isWire)
        try rig.makeKernelPeer()
        let plane = try rig.start("alpha", peer: .plain)
        _ = try rig.ping(from: "bravo")
        let sizes = [1, 18, 1000, 1422, 3000, 20000]
        for (host, ipv6) in [("alpha", false), ("alpha", true), ("bravo", false), ("bravo", true)] {
            let received = try Transfer.udp(rig, from: host, sizes: sizes, ipv6: ipv6)
            let expected = sizes.enumerated().map { pattern($1, seed: UInt64($0)) }
            #expect(received.map(\.count).sorted() == sizes && Set(received) == Set(expected), "from \(host), IPv6 \(ipv6)")
            let pieces = try Transfer.udp(rig, from: host, sizes: [30_000], ipv6: ipv6, segmentSize: 1200)
            #expect(pieces.map(\.count) == Array(repeating: 1200, count: 25), "from \(host), IPv6 \(ipv6)")
            #expect(pieces.flatMap { $0 } == pattern(30_000, seed: 0))
        }
        let counters = try rig.settled(plane)
        #expect(counters.total.drops.isEmpty, "\(counters.total.drops)")
    }
}
