import Testing
import WeftDataPlane
import WeftForwarding
import WeftLinux
import WeftTypes

/// Two data planes of ours, a guest behind each.
@Suite(.serialized, .enabled(if: Rig.isPossible, Rig.reason)) struct AgentPairTests {
    static func pair(
        _ family: IPAddress.Family = .v4, isWire: Bool = false, adjust: (inout DataPlaneConfiguration) -> Void = { _ in }
    ) throws -> (Rig, DataPlane, DataPlane) {
        let rig = try Rig(family, isWire: isWire)
        let stations = { (host: String) in
            ["alpha", "bravo"].map { name in
                Directory.Station(
                    key: FDBKey(Rig.segment, Rig.mac(name)), location: name == host ? .port(PortIndex(0)) : .peer(PeerIndex(0)))
            }
        }
        let alpha = try rig.start("alpha", peer: .staticAgent, stations: stations("alpha"), adjust: adjust)
        let bravo = try rig.start("bravo", peer: .staticAgent, stations: stations("bravo"), adjust: adjust)
        return (rig, alpha, bravo)
    }

    @Test(
        "TCP with all offloads, both ways, IPv4 and IPv6 inside and outside", arguments: [IPAddress.Family.v4, .v6],
        [false, true])
    func tcp(family: IPAddress.Family, isWire: Bool) throws {
        let (rig, alpha, bravo) = try Self.pair(family, isWire: isWire)
        for ipv6 in [false, true] {
            try Transfer.tcp(rig, from: "alpha", count: 2 << 20, ipv6: ipv6)
            try Transfer.tcp(rig, from: "bravo", count: 2 << 20, ipv6: ipv6)
        }
        for plane in [alpha, bravo] {
            let counters = try rig.settled(plane)
            #expect(counters.total.drops.isEmpty, "\(counters.total.drops)")
            #expect(counters.total.segments > 0, "no superframe was cut")
        }
    }

    @Test("without UDP_SEGMENT and UDP_GRO it is slower and the same") func withoutOffloads() throws {
        let (rig, alpha, _) = try Self.pair {
            $0.segmentsDatagrams = false
            $0.mergesReceived = false
        }
        #expect(alpha.offloads.underlays.map(\.segmentLimit) == [1])
        try Transfer.tcp(rig, from: "alpha", count: 1 << 20)
        try Transfer.tcp(rig, from: "bravo", count: 1 << 20)
    }

    @Test("datagrams of any size arrive as they were sent, fragmented ones and superframes too", arguments: [false, true])
    func udp(isWire: Bool) throws {
        let (rig, alpha, _) = try Self.pair(isWire: isWire)
        let sizes = [0, 1, 17, 18, 100, 1200, 1422, 1423, 3000, 9000, 20000]
        for ipv6 in [false, true] {
            let received = try Transfer.udp(rig, from: "alpha", sizes: sizes, ipv6: ipv6)
            // Fragments show no ports, so they may take another way than whole datagrams and overtake them.
            let expected = sizes.enumerated().map { pattern($1, seed: UInt64($0)) }
            #expect(received.map(\.count).sorted() == sizes && Set(received) == Set(expected))
        }
        let whole = pattern(30_000, seed: 0)
        let pieces = try Transfer.udp(rig, from: "bravo", sizes: [30_000], segmentSize: 1400)
        #expect(pieces.flatMap { $0 } == whole && pieces.map(\.count) == Array(repeating: 1400, count: 21) + [600])
        #expect(try rig.settled(alpha).total.drops.isEmpty)
    }

    @Test("a guest's packet that is too big gets its ICMP, a fragmentable one is fragmented") func tooBig() throws {
        let (rig, alpha, _) = try Self.pair()
        try rig.ip("guest-alpha", "link set eth0 mtu 1500")
        #expect(throws: Rig.Failure.self) { try rig.ping(from: "alpha", "-Mdo", "-s1472") }
        let routes = try rig.run("guest-alpha", "ip", "route", "get", "10.1.0.2")
        #expect(routes.contains("mtu 1450"), "\(routes)")
        try rig.run("guest-alpha", "ip", "route", "flush", "cache")
        #expect(throws: Rig.Failure.self) { try rig.ping(from: "alpha", "-Mprobe", "-s1472") }
        #expect(try rig.ping(from: "alpha", "-Mdont", "-s1472").contains(" 0% packet loss"))
        #expect(throws: Rig.Failure.self) { try rig.ping(from: "alpha", "-Mdo", "-s1452", to: "fd00::2") }
        #expect(try rig.run("guest-alpha", "ip", "-6", "route", "get", "fd00::2").contains("mtu 1450"))
        let counters = try rig.settled(alpha)
        #expect(counters.ports[PortIndex(0)]?.answered ?? 0 > 0)
        #expect(counters.ports[PortIndex(0)]?.generated ?? 0 > 0)
        // TCP finds the size by itself, from the same answers.
        try rig.run("guest-alpha", "ip", "-6", "route", "flush", "cache")
        try Transfer.tcp(rig, from: "alpha", count: 1 << 20)
        try Transfer.tcp(rig, from: "alpha", count: 1 << 20, ipv6: true)
    }

    @Test("two workers, a queue each") func twoWorkers() throws {
        let rig = try Rig()
        let adjust = { (configuration: inout DataPlaneConfiguration) in configuration.workerCount = 2 }
        let alpha = try rig.start("alpha", peer: .staticAgent, isMultiQueue: true, adjust: adjust)
        try rig.start("bravo", peer: .staticAgent, isMultiQueue: true, adjust: adjust)
        #expect(try rig.ping(from: "alpha").contains(" 0% packet loss"))
        try Transfer.tcp(rig, from: "alpha", count: 2 << 20)
        try Transfer.tcp(rig, from: "bravo", count: 2 << 20)
        _ = try rig.settled(alpha)
    }

    @Test("flows keep their source port, which is one of the range (X3)") func sourcePorts() throws {
        let (rig, alpha, _) = try Self.pair()
        let ports = try #require(alpha.offloads.underlays.first?.sourcePorts)
        #expect(Set(ports).count == 8 && ports.allSatisfy { $0 >= 49152 })
        #expect(try rig.ping(from: "alpha").contains(" 0% packet loss"))
    }

    @Test("a deleted device is told, once, and the others go on") func lostDevice() throws {
        let (rig, alpha, _) = try Self.pair()
        try rig.ip("guest-alpha", "link delete eth0")
        try rig.poll(seconds: 2) { !rig.events.withLock { $0.isEmpty } }
        #expect(rig.events.withLock { $0 } == [.lost(PortIndex(0), errno: 77)])  // EBADFD
        // The plane is alive: a new device under the same port works.
        _ = try NetworkNamespace.named(rig.namespace("guest-alpha")).run {
            try alpha.attach(PortIndex(0), queue: try TapDevice.open(name: "eth0", options: TapOptions()))
        }
        try rig.ip("guest-alpha", "link set eth0 address \(Rig.mac("alpha")) mtu \(rig.mtu)")
        try rig.ip("guest-alpha", "address add 10.1.0.1/24 dev eth0")
        try rig.ip("guest-alpha", "link set eth0 up")
        #expect(try rig.ping(from: "alpha").contains(" 0% packet loss"))
        try alpha.detach(PortIndex(0))
        #expect(throws: Rig.Failure.self) { try rig.ip("guest-alpha", "link show eth0") }
        alpha.stop()
        try alpha.start()
    }
}
