import Testing
import WeftTopology
import WeftTypes

/// What the plan does for ports that the agent reads itself.
@Suite struct DirectPortTests {
    @Test func aSegmentOfDirectPortsHasNeitherBridgeNorUplink() throws {
        let state = try HostState.example(direct: ["vm1", "web"])
        #expect(state.devices.map(\.name) == ["wft-vm1", "wfv-web"])
        #expect(state.devices.allSatisfy { $0.isDirect && $0.bridge == nil })
        let topology = try exampleTopology(direct: ["vm1", "web"])
        let host = try #require(topology.hosts.first)
        #expect(topology.bridgedSegments(on: host) == [])
        #expect(topology.segments(on: host).map(\.name.text) == ["blue"])
    }

    @Test func aSegmentOfBothKindsHasBoth() throws {
        let state = try HostState.example(direct: ["vm1"])
        #expect(state.devices.map(\.name) == ["wfb-blue", "wfu-blue", "wft-vm1", "wfv-web"])
        #expect(state.devices.map(\.bridge) == [nil, "wfb-blue", nil, "wfb-blue"])
        #expect(state.devices.map(\.isDirect) == [false, false, true, false])
    }

    @Test func aDirectPortIsQuietAndDeafBeforeItComesUp() throws {
        let state = try HostState.example(direct: ["vm1", "web"])
        let steps = plan(desired: state, observed: .example()).steps
        for device in ["wft-vm1", "wfv-web"] {
            let own = steps.map(\.action).filter { $0.device == device }
            let isUp = try #require(own.firstIndex(of: .configure(device, .isUp(true))))
            for setting in [PlanStep.LinkSetting.isDeaf(true), .quietIPv4, .quietIPv6] {
                let index = try #require(own.firstIndex(of: .configure(device, setting)))
                #expect(index < isUp)
            }
            #expect(!own.contains { if case .configure(_, .master) = $0 { true } else { false } })
        }
        #expect(plan(desired: state, observed: ObservedHost(fulfilling: state)) == Plan())
    }

    @Test func theLastPortThatBecomesDirectIsDeafBeforeItsBridgeGoes() throws {
        let host = ObservedHost(fulfilling: try .example(ports: ["vm1"]))
        let steps = plan(desired: try .example(ports: ["vm1"], direct: ["vm1"]), observed: host).steps
        #expect(
            steps.map(\.description) == [
                "port vm1: set a filter that drops all before the host sees it on wft-vm1 "
                    + "(the host would hear what is for the agent)",
                "port vm1: set no master on wft-vm1 (its master is wfb-blue)",
                "uplink of blue: delete wfu-blue (no port of this host is on it)",
                "segment blue: delete wfb-blue (no port of this host is on it)",
            ])
    }

    @Test func aPortChangesItsAttachmentWithoutBeingMadeAnew() throws {
        let (bridged, direct) = (try HostState.example(), try HostState.example(direct: ["vm1"]))
        let there = plan(desired: direct, observed: ObservedHost(fulfilling: bridged)).steps.map(\.action)
        #expect(there == [.configure("wft-vm1", .isDeaf(true)), .configure("wft-vm1", .master(nil))])
        let back = plan(desired: bridged, observed: ObservedHost(fulfilling: direct)).steps.map(\.action)
        #expect(back == [.configure("wft-vm1", .master("wfb-blue")), .configure("wft-vm1", .isDeaf(false))])
    }

    @Test func aFilterThatSomebodyRemovedComesBack() throws {
        let state = try HostState.example(direct: ["vm1"])
        var host = ObservedHost(fulfilling: state)
        host.apply(.configure("wft-vm1", .isDeaf(false)))
        let steps = plan(desired: state, observed: host).steps
        #expect(steps.map(\.action) == [.configure("wft-vm1", .isDeaf(true))])
        #expect(steps.map(\.reason) == ["the host would hear what is for the agent"])
        host.apply(.configure("wft-vm1", .isDeaf(true)))
        host.apply(.configure("wft-vm1", .master("wfb-blue")))
        #expect(plan(desired: state, observed: host).steps.map(\.action) == [.configure("wft-vm1", .master(nil))])
    }
}
