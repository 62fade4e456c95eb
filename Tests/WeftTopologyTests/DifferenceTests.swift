import Testing
import WeftTypes

@testable import WeftTopology

@Suite struct DifferenceTests {
    private let fabric = name("office")
    private let hosts: [Host]
    private let blue: Segment
    private let green: Segment

    init() throws {
        hosts = try [("alpha", "192.0.2.11"), ("bravo", "192.0.2.12")].map {
            Host(name: name($0), underlay: .addresses([try ip($1)]))
        }
        blue = Segment(name: name("blue"), vni: try #require(VNI(100)), subnets: [try #require(IPPrefix("10.1.0.0/24"))])
        green = Segment(name: name("green"), vni: try #require(VNI(200)))
    }

    private func port(
        _ text: String, on host: String, _ segment: String, queues: Int = 1, bum: Int? = nil, isSticky: Bool = false
    )
        -> Port
    {
        Port(
            name: name(text), fabric: fabric, host: name(host), attachment: .access(name(segment)), queues: queues, bum: bum,
            isSticky: isSticky)
    }

    private func topology(_ ports: [Port], segments: [Segment]? = nil, hosts: [Host]? = nil, checks: [Check] = []) -> Topology {
        Topology(name: fabric, hosts: hosts ?? self.hosts, segments: segments ?? [blue, green], ports: ports, checks: checks)
    }

    private func lines(_ former: Topology?, _ topology: Topology) -> [String] {
        let difference = TopologyDifference(from: former, to: topology)
        return difference.hosts.flatMap { part in
            part.changes.map { "\(part.host) \($0.action.rawValue) \($0.kind.rawValue) \($0.name): \($0.detail); \($0.impact)" }
        } + difference.fabric.map { "\($0.action.rawValue) \($0.kind.rawValue) \($0.name): \($0.detail); \($0.impact)" }
    }

    @Test func nothingDiffersFromItself() {
        let one = topology([port("vm1", on: "alpha", "blue")])
        #expect(TopologyDifference(from: one, to: one).isEmpty)
    }

    @Test func everythingIsNewInTheBeginning() {
        let all = topology([port("vm1", on: "alpha", "blue")])
        let difference = TopologyDifference(from: nil, to: all)
        #expect(difference.hosts.map(\.host.text) == ["alpha"])
        #expect(difference.hosts[0].changes.map(\.kind) == [.segment, .port])
        #expect(difference.fabric.map(\.name) == ["alpha", "bravo", "green"])
        #expect(difference.count(.add) == 5 && difference.count(.remove) == 0)
    }

    @Test func aPortBringsItsSegmentAndTakesItAway() {
        let one = topology([port("vm1", on: "alpha", "blue")])
        let two = topology([port("vm1", on: "alpha", "blue"), port("vm2", on: "bravo", "blue")])
        let mac = MACAddress.derived(fabric: fabric, port: name("vm2"))
        #expect(
            lines(one, two) == [
                "bravo add segment blue: VNI 100, bridge wfb-blue, uplink wfu-blue; none",
                "bravo add port vm2: tap wft-vm2, blue, \(mac); none",
            ])
        #expect(
            lines(two, one) == [
                "bravo remove segment blue: VNI 100, bridge wfb-blue, uplink wfu-blue; none",
                "bravo remove port vm2: tap wft-vm2; vm2 loses its link",
            ])
    }

    @Test func impactsAreTold() throws {
        let one = topology([port("vm1", on: "alpha", "blue"), port("vm2", on: "bravo", "blue")])
        let small = Segment(name: blue.name, vni: blue.vni, subnets: blue.subnets, mtu: .bytes(1400))
        #expect(
            lines(one, topology(one.ports, segments: [small, green])) == [
                "alpha change segment blue: mtu auto → 1400; guests need the new MTU",
                "bravo change segment blue: mtu auto → 1400; guests need the new MTU",
            ])
        let other = Segment(name: blue.name, vni: try #require(VNI(101)), subnets: blue.subnets)
        #expect(
            lines(one, topology(one.ports, segments: [other, green])).last
                == "bravo change segment blue: vni 100 → 101; blue is interrupted between hosts until all have it")
        #expect(
            lines(one, topology([one.ports[0], port("vm2", on: "bravo", "green")])).contains(
                "bravo change port vm2: segment blue → green; vm2 keeps its link and leaves its old segment"))
        #expect(
            lines(one, topology([one.ports[0], port("vm2", on: "bravo", "blue", queues: 2)])) == [
                "bravo change port vm2: queues 1 → 2; vm2 loses its link"
            ])
        #expect(
            lines(one, topology([one.ports[0], port("vm2", on: "bravo", "blue", bum: 900)])) == [
                "bravo change port vm2: bum – → 900; none"
            ])
        #expect(
            lines(one, topology([one.ports[0], port("vm2", on: "bravo", "blue", isSticky: true)])) == [
                "bravo change port vm2: sticky – → true; none"
            ])
        let moved = Host(name: name("bravo"), underlay: .addresses([try ip("192.0.2.99")]))
        #expect(
            lines(one, topology(one.ports, hosts: [hosts[0], moved])) == [
                "change host bravo: underlay 192.0.2.12 → 192.0.2.99; traffic with bravo is interrupted until all have it"
            ])
    }

    @Test func aPortThatChangesItsHostGoesAndComes() {
        let one = topology([port("vm1", on: "alpha", "blue"), port("vm2", on: "bravo", "blue")])
        let two = topology([port("vm1", on: "bravo", "blue"), port("vm2", on: "bravo", "blue")])
        let difference = TopologyDifference(from: one, to: two)
        #expect(difference.hosts[0].changes.map { "\($0.action) \($0.kind)" } == ["remove segment", "remove port"])
        #expect(difference.hosts[0].changes[1].reason == "the file has it on bravo")
        #expect(difference.hosts[1].changes.map(\.reason) == ["the file had it on alpha"])
    }

    @Test func checksAreCompared() {
        let check = Check(from: name("vm1"), to: name("vm2"), traffic: .tcp(port: 80), expectation: .deny)
        #expect(lines(topology([]), topology([], checks: [check])) == ["add check vm1 → vm2 tcp/80: deny: check; none"])
    }

    @Test func thePlansHashCoversFileBaseAndChanges() {
        let (one, two) = (topology([]), topology([port("vm1", on: "alpha", "blue")]))
        let base = RevisionStamp(number: 41, id: RevisionID(of: [1]), byteCount: 1)
        let plan = FabricPlan(of: [1], saying: two, over: one, base: base)
        #expect(plan.nextNumber == 42)
        #expect(plan == FabricPlan(of: [1], saying: two, over: one, base: base))
        #expect(plan.hash != FabricPlan(of: [2], saying: two, over: one, base: base).hash)
        #expect(plan.hash != FabricPlan(of: [1], saying: two, over: one, base: nil).hash)
        #expect(plan.hash != FabricPlan(of: [1], saying: two, over: nil, base: base).hash)
        #expect(plan.answers(to: plan.shortHash) && plan.answers(to: plan.hash))
        #expect(!plan.answers(to: String(plan.hash.prefix(5))) && !plan.answers(to: "000000"))
    }
}
