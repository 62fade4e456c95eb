import Testing
import WeftTopology
import WeftTypes

@testable import WeftFabric

/// Checks, judged by the pipeline of every host.
@Suite struct CheckTests {
    private func verdict(
        _ fabric: SmallFabric, _ from: String, _ to: String, _ traffic: Check.Traffic = .icmp
    ) throws -> CheckVerdict {
        let check = Check(from: try name(from), to: try name(to), traffic: traffic)
        return try #require(FabricModel(try fabric.topology([check])).verdicts().first)
    }

    /// The ways two ports can be wired, and on which hosts.
    @Test(
        arguments: [Port.Attach.bridge, .direct], [("alpha", "alpha"), ("alpha", "bravo"), ("alpha", "leaf"), ("leaf", "bravo")])
    func portsOfASegmentReachEachOther(attach: Port.Attach, hosts: (String, String)) throws {
        var fabric = try SmallFabric()
        try fabric.add(host: "leaf", "192.0.2.70", kind: .vtep)
        try fabric.add("a", on: hosts.0, in: "blue", ["10.1.0.1/24"], attach: attach)
        try fabric.add("b", on: hosts.1, in: "blue", ["10.1.0.2/24"])
        for traffic in [Check.Traffic.icmp, .arp, .tcp(port: 80), .udp(port: 53)] {
            for (from, to) in [("a", "b"), ("b", "a")] {
                let verdict = try verdict(fabric, from, to, traffic)
                #expect(verdict.isReached && verdict.isAsExpected && verdict.cause == "reached in blue", "\(verdict.cause)")
                #expect(verdict.legs.count == (traffic == .arp ? 2 : 4))
            }
        }
    }

    @Test func theStagesOfAWayAreTold() throws {
        var fabric = try SmallFabric()
        try fabric.add("a", on: "alpha", in: "blue", ["10.1.0.1/24"], attach: .direct)
        try fabric.add("b", on: "bravo", in: "blue", ["10.1.0.2/24"], attach: .direct)
        let echo = try #require(try verdict(fabric, "a", "b").legs.first { $0.packet == "echo request" })
        #expect(echo.journey.stages.map(\.point) == [.portIn, .lookup, .encap, .decap, .lookup, .portOut])
        #expect(echo.journey.stages.map(\.host.text) == ["alpha", "alpha", "alpha", "bravo", "bravo", "bravo"])
        #expect(echo.journey.stages[1].object == "bravo" && echo.journey.stages[1].detail == "static")
        #expect(echo.journey.stages[2].detail == "192.0.2.11 → 192.0.2.12:4789, 51 B")
        #expect(echo.journey.stages[5].detail == "tap wft-b")
    }

    /// What goes over one bridge meets no agent.
    @Test func aBridgeIsNoAgent() throws {
        var fabric = try SmallFabric()
        try fabric.add("a", on: "alpha", in: "blue", ["10.1.0.1/24"])
        try fabric.add("b", on: "alpha", in: "blue", ["10.1.0.2/24"])
        let echo = try #require(try verdict(fabric, "a", "b").legs.first { $0.packet == "echo request" })
        #expect(echo.journey.stages.map(\.point) == [.portIn, .bridge, .portOut])
    }

    @Test func anotherSegmentIsNotReached() throws {
        var fabric = try SmallFabric()
        try fabric.add("a", on: "alpha", in: "blue", ["10.1.0.1/24"])
        try fabric.add("b", on: "alpha", in: "green", ["10.1.0.2/24"])
        try fabric.add("c", on: "bravo", in: "blue", ["10.1.0.3/24"])
        let verdict = try verdict(fabric, "a", "b")
        #expect(!verdict.isReached && !verdict.isAsExpected)
        #expect(verdict.cause == "a is in blue and b in green; nothing goes from one segment to another")
        // It was tried all the same, and others heard it.
        #expect(verdict.legs.map(\.journey.deliveries) == [[try name("c")]])
        let denied = Check(from: try name("a"), to: try name("b"), expectation: .deny)
        let judged = FabricModel(try fabric.topology([denied])).verdicts()
        #expect(judged.map(\.isAsExpected) == [true])
    }

    @Test func aPortThatIsSwitchedOffIsNotReached() throws {
        var fabric = try SmallFabric()
        try fabric.add("a", on: "alpha", in: "blue", ["10.1.0.1/24"])
        try fabric.add("b", on: "bravo", in: "blue", ["10.1.0.2/24"], isEnabled: false)
        let there = try verdict(fabric, "a", "b")
        #expect(!there.isReached && there.cause.contains("b on bravo (the port is switched off)"), "\(there.cause)")
        let back = try verdict(fabric, "b", "a")
        #expect(!back.isReached)
    }

    /// A trunk talks to each of its segments and to no other; the second way needs the reply to come back through it.
    @Test(arguments: [Port.Attach.bridge, .direct]) func aTrunkReachesItsSegments(attach: Port.Attach) throws {
        var fabric = try SmallFabric()
        fabric.segments.append(Segment(name: try name("red"), vni: try #require(VNI(300))))
        let members = try [("blue", UInt16(10)), ("green", 20)].map {
            Trunk.Member(vlan: try #require(VLANID($1)), segment: try name($0))
        }
        let trunk = Trunk(members, native: try name("blue"))
        try fabric.add("fw", on: "alpha", .trunk(trunk), ["10.1.0.1/24", "10.2.0.1/24"], attach: attach)
        try fabric.add("b", on: "bravo", in: "blue", ["10.1.0.2/24"])
        try fabric.add("g", on: "bravo", in: "green", ["10.2.0.2/24"])
        try fabric.add("r", on: "bravo", in: "red", ["10.1.0.3/24"])
        for (from, to, isReached) in [("fw", "b", true), ("g", "fw", true), ("fw", "r", false), ("b", "g", false)] {
            let verdict = try verdict(fabric, from, to, .tcp(port: 22))
            #expect(verdict.isReached == isReached, "\(from) → \(to): \(verdict.cause)")
        }
    }

    @Test func otherNetworksNeedARouter() throws {
        var fabric = try SmallFabric()
        try fabric.add("a", on: "alpha", in: "blue", ["10.1.0.1/24"])
        try fabric.add("b", on: "bravo", in: "blue", ["10.1.1.1/24"])
        let verdict = try verdict(fabric, "a", "b")
        #expect(verdict.cause == "10.1.0.1/24 of a and 10.1.1.1/24 of b are on different networks; they need a router")
        let question = try self.verdict(fabric, "a", "b", .arp)
        #expect(question.cause == verdict.cause)
    }

    /// IPv6 where IPv4 is not on both sides, and link-local addresses where the file tells none.
    @Test func addressesAreChosen() throws {
        var fabric = try SmallFabric()
        try fabric.add("a", on: "alpha", in: "blue", ["10.1.0.1/24", "2001:db8::1/64"])
        try fabric.add("b", on: "bravo", in: "blue", ["2001:db8::2/64"])
        try fabric.add("c", on: "bravo", in: "blue")
        let six = try verdict(fabric, "a", "b")
        #expect(six.isReached && six.legs.first?.packet == "neighbour solicitation")
        for traffic in [Check.Traffic.icmp, .arp] {
            let verdict = try verdict(fabric, "a", "c", traffic)
            #expect(verdict.isReached, "\(traffic.name): \(verdict.cause)")
        }
    }

    /// Hosts without a common address family have no tunnel, and the check says where the packet ended.
    @Test func hostsWithoutATunnelDoNotReachEachOther() throws {
        var fabric = try SmallFabric()
        try fabric.add(host: "carol", "2001:db8::70")
        try fabric.add("a", on: "alpha", in: "blue", ["10.1.0.1/24"])
        try fabric.add("b", on: "carol", in: "blue", ["10.1.0.2/24"])
        let verdict = try verdict(fabric, "a", "b")
        #expect(!verdict.isReached && verdict.cause.contains("dropped: no-members on alpha"), "\(verdict.cause)")
    }

    /// Hosts whose address only gossip will tell take part.
    @Test func addressesThatTheFileDoesNotTellAreStoodInFor() throws {
        var fabric = try SmallFabric()
        fabric.hosts = try ["alpha", "bravo"].map {
            Host(name: try name($0), underlay: .interface(try #require(DeviceName("eth0"))))
        }
        try fabric.add("a", on: "alpha", in: "blue", ["10.1.0.1/24"])
        try fabric.add("b", on: "bravo", in: "blue", ["10.1.0.2/24"])
        let verdict = try verdict(fabric, "a", "b")
        #expect(verdict.isReached)
    }

    /// On fabrics that chance made: reached is who is in the same segment, switched on.
    @Test(arguments: UInt64(0)..<60) func reachedIsWhoSharesASegment(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var fabric = try SmallFabric()
        try fabric.add(host: "leaf", "192.0.2.70", kind: .vtep)
        for number in 1...8 {
            let host = ["alpha", "bravo", "leaf"].randomElement(using: &random) ?? "alpha"
            try fabric.add(
                "p\(number)", on: host, in: Bool.random(using: &random) ? "blue" : "green", ["10.1.0.\(number)/24"],
                attach: Bool.random(using: &random) ? .bridge : .direct, isEnabled: Int.random(in: 0..<5, using: &random) > 0)
        }
        let model = FabricModel(try fabric.topology())
        for from in fabric.ports {
            for to in fabric.ports where from != to {
                let verdict = try #require(model.verdict(on: Check(from: from.name, to: to.name, traffic: .udp(port: 9))))
                let isExpected = from.segments == to.segments && from.isEnabled && to.isEnabled
                #expect(verdict.isReached == isExpected, "seed \(seed), \(from.name) → \(to.name): \(verdict.cause)")
            }
        }
    }
}
