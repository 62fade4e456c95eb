import Testing
import WeftTopology
import WeftTypes

/// Ports that stand for devices of the host's own: these are borrowed, and given back as they were.
@Suite struct ForeignDeviceTests {
    static let fabric = name("first")
    static let note = "weft.first.uplink"

    /// A host with the port `uplink` on `eno2`: read by the agent, or in the bridge of blue.
    static func state(device: String = "eno2", isBridged: Bool = false) -> HostState {
        let mark = Mark(fabric: fabric, kind: .bridge, name: name("blue"))
        let bridge = HostDevice(mark: mark, name: "wfb-blue", kind: .bridge, mac: MACAddress(rawValue: 0x0200_0000_0001))
        let device = ForeignDevice(port: name("uplink"), name: device, bridge: isBridged ? "wfb-blue" : nil)
        return HostState(fabric: fabric, devices: isBridged ? [bridge] : [], foreign: [device])
    }

    static func host(isUp: Bool, _ change: (inout ObservedLink) -> Void = { _ in }) -> ObservedHost {
        var link = ObservedLink(name: "eno2", kind: .other(""), mac: MACAddress(rawValue: 0x0200_0000_0009))
        link.isUp = isUp
        change(&link)
        return ObservedHost(links: [link])
    }

    /// The host after a plan, whose own plan is empty.
    static func after(_ state: HostState, _ host: ObservedHost) -> ObservedHost {
        var host = host
        for step in plan(desired: state, observed: host).steps { host.apply(step.action) }
        #expect(plan(desired: state, observed: host).steps == [])
        return host
    }

    @Test func whatIsDownIsBroughtUpAndLetDownAgain() {
        let start = Self.host(isUp: false)
        #expect(plan(desired: Self.state(), observed: start).steps.map(\.action) == [.bringUp("eno2", noting: Self.note)])
        let used = Self.after(Self.state(), start)
        #expect(used.links["eno2"]?.isUp == true && used.links["eno2"]?.alternativeNames == [Self.note])
        #expect(Self.after(.nothing(of: Self.fabric), used) == start)
        #expect(Self.after(.nothing(of: nil), used) == start)
        #expect(Self.after(.nothing(of: name("second")), used) == used)
    }

    @Test func whatIsUpIsLeftAlone() {
        let start = Self.host(isUp: true)
        #expect(plan(desired: Self.state(), observed: start) == Plan())
        #expect(plan(desired: .nothing(of: Self.fabric), observed: start) == Plan())
    }

    @Test func anotherPortThatHasItKeepsItUp() {
        var host = Self.after(Self.state(), Self.host(isUp: false))
        host.links["eno2"]?.alternativeNames.append("weft.second.wall")
        let left = Self.after(.nothing(of: Self.fabric), host)
        #expect(left.links["eno2"]?.isUp == true && left.links["eno2"]?.alternativeNames == ["weft.second.wall"])
    }

    @Test func aNICJoinsItsBridgeAndLeavesIt() {
        let start = Self.host(isUp: false)
        let used = Self.after(Self.state(isBridged: true), start)
        #expect(used.links["eno2"]?.master == "wfb-blue")
        #expect(Self.after(Self.state(isBridged: false), used).links["eno2"]?.master == nil)
        #expect(Self.after(.nothing(of: Self.fabric), used) == start)
    }

    /// One that was up before, and whose bridge stays for another port.
    @Test func aNICLeavesABridgeThatStays() {
        let start = Self.host(isUp: true)
        let used = Self.after(Self.state(isBridged: true), start)
        #expect(used.links["eno2"]?.alternativeNames == ["weft-in.first.eno2"])
        let bridge = HostState(fabric: Self.fabric, devices: Self.state(isBridged: true).devices)
        let left = Self.after(bridge, used)
        #expect(left.links["eno2"] == start.links["eno2"] && left.links["wfb-blue"] != nil)
    }

    /// What an operator put into a bridge of ours stays there, and what he took out and put elsewhere is only forgotten.
    @Test func whatOthersPutSomewhereStaysThere() {
        var host = Self.after(Self.state(isBridged: true), Self.host(isUp: true))
        let bridge = HostState(fabric: Self.fabric, devices: Self.state(isBridged: true).devices)
        host.links["eno2"]?.alternativeNames = []
        #expect(Self.after(bridge, host).links["eno2"]?.master == "wfb-blue")
        #expect(Self.after(Self.state(isBridged: true), host).links["eno2"]?.alternativeNames == ["weft-in.first.eno2"])
        host.links["eno2"]?.alternativeNames = ["weft-in.first.eno2"]
        host.links["eno2"]?.master = "br0"
        let left = Self.after(bridge, host).links["eno2"]
        #expect(left?.master == "br0" && left?.alternativeNames == [])
    }

    @Test("a namespace has each alternative name once, so those of two devices differ") func notesDiffer() {
        let names = ["eno2", "eno3.10"].map { JoinedBridge(fabric: Self.fabric, device: $0).name }
        #expect(names == ["weft-in.first.eno2", "weft-in.first.eno3.10"])
        #expect(names.compactMap { JoinedBridge(name: $0)?.device } == ["eno2", "eno3.10"])
        #expect(JoinedBridge(name: "weft-in.first.") == nil && JoinedBridge(name: "weft.first.eno2") == nil)
    }

    @Test func whatSomebodyElseUsesStays() throws {
        let prefix = try #require(IPPrefix("192.0.2.1/24"))
        var addressed = Self.host(isUp: true)
        addressed.addresses = [ObservedAddress(prefix: prefix, device: "eno2")]
        let others = Self.host(isUp: true) { $0.master = "br0" }
        for (host, cause) in [
            (others, PlanProblem.Cause.deviceInUse("eno2", master: "br0")), (addressed, .deviceHasAddress("eno2", prefix)),
        ] {
            let plan = plan(desired: Self.state(isBridged: true), observed: host)
            #expect(plan.problems.map(\.cause) == [cause])
            #expect(!plan.steps.contains { $0.action.device == "eno2" })
        }
    }

    @Test func whatIsNotThereIsWaitedForAndOursIsRefused() {
        let missing = plan(desired: Self.state(), observed: ObservedHost())
        #expect(missing.problems.map(\.cause) == [.deviceMissing("eno2")] && missing.problems.allSatisfy(\.isWaiting))
        let ours = Self.host(isUp: true) {
            $0.group = Mark.group
            $0.alias = "weft:second/tap/vm1"
        }
        let refused = plan(desired: Self.state(), observed: ours)
        #expect(refused.problems.map(\.cause) == [.deviceIsWefts("eno2")])
    }

    @Test(arguments: ["weft.first.uplink", "weft.first.acme.web1"]) func notesAreReadBack(text: String) {
        #expect(BroughtUp(name: text)?.name == text)
    }

    @Test(arguments: ["weft", "weft.first", "weft..a", "weft.first.a.b.c", "eno2", "Weft.first.a", "weft.first."])
    func otherNamesAreNoNotes(text: String) { #expect(BroughtUp(name: text) == nil) }
}
