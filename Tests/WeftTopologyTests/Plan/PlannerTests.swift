import Testing
import WeftTopology
import WeftTypes

/// The planner as a pure function: the cases one can name. What holds for all cases is in `PlannerPropertyTests`.
@Suite struct PlannerTests {
    @Test func theStateThatIsThereNeedsNoStep() throws {
        let state = try HostState.example()
        #expect(plan(desired: state, observed: ObservedHost(fulfilling: state)) == Plan())
    }

    @Test func anEmptyHostIsBuiltBridgeFirstAndEachDeviceComesUpAfterItIsQuiet() throws {
        let state = try HostState.example()
        let steps = plan(desired: state, observed: .example()).steps
        let creations = steps.filter(\.action.isCreation).map(\.action.device)
        #expect(creations == ["wfb-blue", "wfu-blue", "wft-vm1", "wfv-web"])
        for device in creations {
            let own = steps.map(\.action).filter { $0.device == device }
            let quiet = try #require(own.firstIndex(of: .configure(device, .quietIPv6)))
            let isUp = try #require(own.firstIndex(of: .configure(device, .isUp(true))))
            #expect(quiet < isUp)
            #expect(own.contains(.configure(device, .quietIPv4)))
        }
        #expect(steps.last { $0.action.device == "wft-vm1" }?.action == .configure("wft-vm1", .makePersistent))
    }

    @Test func aRestartedAgentOnlyOpensTheQueuesOfItsUplinks() throws {
        let state = try HostState.example()
        var host = ObservedHost(fulfilling: state)
        host.apply(.holdQueues("wfu-blue", count: 0))
        let plan = plan(desired: state, observed: host)
        #expect(plan.steps.map(\.action) == [.holdQueues("wfu-blue", count: 2)])
        #expect(!plan.changesHost)
    }

    @Test func aForeignDeviceKeepsItsNameAndBlocksWhatNeedsIt() throws {
        let state = try HostState.example()
        var host = ObservedHost.example()
        host.links["wfb-blue"] = ObservedLink(name: "wfb-blue", kind: .bridge(.ours), mac: MACAddress(rawValue: 1))
        let plan = plan(desired: state, observed: host)
        #expect(plan.steps.isEmpty)
        #expect(
            plan.problems.map(\.description) == [
                "cannot make segment blue on wfb-blue: the name wfb-blue is taken by a bridge device that is not Weft's; "
                    + "rename or remove that device",
                "cannot make uplink of blue on wfu-blue: its bridge wfb-blue is not there",
                "cannot make port vm1 on wft-vm1: its bridge wfb-blue is not there",
                "cannot make port web on wfv-web: its bridge wfb-blue is not there",
            ])
    }

    @Test func anAlternativeNameTakesANameToo() throws {
        let state = try HostState.example()
        var host = ObservedHost(fulfilling: state)
        host.apply(.delete("wft-vm1"))
        host.links["eth9"] = ObservedLink(name: "eth9", kind: .other(""), mac: MACAddress(rawValue: 1))
        host.links["eth9"]?.alternativeNames = ["wft-vm1"]
        let plan = plan(desired: state, observed: host)
        #expect(plan.steps.isEmpty)
        #expect(plan.problems.map(\.object) == [.port(name("vm1"))])
    }

    @Test func aMissingNamespaceIsWaitedForAndTheRestGoesOn() throws {
        let state = try HostState.example()
        let plan = plan(desired: state, observed: ObservedHost())
        #expect(plan.problems.map(\.cause) == [.namespaceMissing("web")])
        #expect(!plan.problems.contains { !$0.isWaiting })
        #expect(plan.steps.contains { $0.action.device == "wft-vm1" })
        #expect(!plan.steps.contains { $0.action.device == "wfv-web" })
    }

    /// Its guest may live on without that name, and what can't be seen may be all right.
    @Test func aPairWhoseNamespaceCantBeSeenStays() throws {
        let state = try HostState.example()
        var host = ObservedHost(fulfilling: state)
        host.namespaces = [:]
        host.links["wfv-web"]?.kind = .veth(nil)
        #expect(plan(desired: state, observed: host).steps.isEmpty)
        host.unreadableNamespaces = ["web": "no permission"]
        let plan = plan(desired: state, observed: host)
        #expect(plan.steps.isEmpty)
        #expect(plan.problems.map(\.cause) == [.namespaceUnreadable("web", cause: "no permission")])
    }

    @Test func aNamespaceWithItsOwnEth0IsAnError() throws {
        let plan = plan(desired: try .example(), observed: ObservedHost(namespaces: ["web": ["lo", "eth0"]]))
        #expect(plan.problems.map(\.cause) == [.guestNameTaken(namespace: "web", device: "eth0")])
        #expect(plan.problems.allSatisfy { !$0.isWaiting })
    }

    @Test func ofAChangedMTUOnlyTheGuestsEndLearns() throws {
        let host = ObservedHost(fulfilling: try .example())
        let plan = plan(desired: try .example(mtu: 1400), observed: host)
        let setting = PlanStep.Action.configureGuest(host: "wfv-web", namespace: "web", device: "eth0", .mtu(1400))
        #expect(plan.steps.map(\.action) == [setting])
        #expect(plan.steps.first?.impact == .newMTU)
    }

    @Test func aPortThatLeftTheFileGoesAndSaysWhatThatMeans() throws {
        let host = ObservedHost(fulfilling: try .example())
        let plan = plan(desired: try .example(ports: ["web"]), observed: host)
        #expect(plan.steps.map(\.description) == ["port vm1: delete wft-vm1 (it is not in the topology)"])
        #expect(plan.steps.map(\.impact) == [.losesLink])
    }

    @Test func cleaningUpRemovesPortsBeforeBridgesAndNothingOfOthers() throws {
        var host = ObservedHost(fulfilling: try .example())
        host.links["br0"] = ObservedLink(name: "br0", kind: .bridge(.ours), mac: MACAddress(rawValue: 1))
        host.links["other"] = ObservedLink(name: "other", kind: .bridge(.ours), mac: MACAddress(rawValue: 2))
        host.links["other"]?.alias = "weft:second/bridge/blue"
        host.links["wfu-half"] = ObservedLink(name: "wfu-half", kind: .bridge(.ours), mac: MACAddress(rawValue: 3))
        host.links["wfu-half"]?.group = Mark.group
        let plan = plan(desired: .nothing(of: name("first")), observed: host)
        #expect(plan.steps.map(\.action.device) == ["wfu-half", "wfv-web", "wft-vm1", "wfu-blue", "wfb-blue"])
        #expect(plan.steps.allSatisfy { $0.action == .delete($0.action.device) })
        let everything = WeftTopology.plan(desired: .nothing(of: nil), observed: host).steps.map(\.action.device)
        #expect(everything == ["wfu-half", "wfv-web", "wft-vm1", "wfu-blue", "wfb-blue", "other"])
    }

    @Test func aRenamedDeviceGetsItsNameBack() throws {
        let state = try HostState.example()
        var host = ObservedHost(fulfilling: state)
        host.apply(.rename("wft-vm1", to: "mine"))
        let actions = plan(desired: state, observed: host).steps.map(\.action)
        #expect(
            actions == [
                .configure("mine", .isUp(false)), .rename("mine", to: "wft-vm1"), .configure("wft-vm1", .isUp(true)),
            ])
    }

    @Test(arguments: [
        (
            mangle: PlanStep.Action.configure("wft-vm1", .master(nil)),
            repair: PlanStep.Action.configure("wft-vm1", .master("wfb-blue"))
        ),
        (.configure("wft-vm1", .master("br0")), .configure("wft-vm1", .master("wfb-blue"))),
        (.configure("wfv-web", .mtu(1400)), .configure("wfv-web", .mtu(65535))),
        (.configure("wft-vm1", .mtu(1400)), .configure("wft-vm1", .mtu(65521))),
        (.configure("wfu-blue", .isUp(false)), .configure("wfu-blue", .isUp(true))),
        (.configure("wft-vm1", .owner(7)), .configure("wft-vm1", .owner(0))),
        (
            .configureGuest(host: "wfv-web", namespace: "web", device: "eth0", .isUp(false)),
            .configureGuest(host: "wfv-web", namespace: "web", device: "eth0", .isUp(true))
        ),
        (.configure("wfb-blue", .mark(alias: "mine")), .configure("wfb-blue", .mark(alias: "weft:first/bridge/blue"))),
    ])
    func whatSomebodyChangedIsSetBack(mangle: PlanStep.Action, repair: PlanStep.Action) throws {
        let state = try HostState.example()
        var host = ObservedHost(fulfilling: state)
        host.apply(mangle)
        #expect(plan(desired: state, observed: host).steps.map(\.action) == [repair])
    }

    @Test func anAddressOnADeviceOfOursIsRemovedAndAGuestsOwnAddressStays() throws {
        let state = try HostState.example()
        var host = ObservedHost(fulfilling: state)
        let prefix = try #require(IPPrefix("10.1.0.1/24"))
        host.addresses = [ObservedAddress(prefix: prefix, device: "wfb-blue"), ObservedAddress(prefix: prefix, device: "eth0")]
        guard case .veth(var end?) = host.links["wfv-web"]?.kind else { throw Missing(what: "the guest's end") }
        end.addresses.append(prefix)
        host.links["wfv-web"]?.kind = .veth(end)
        let actions = plan(desired: state, observed: host).steps.map(\.action)
        #expect(actions == [.configure("wfb-blue", .removeAddress(prefix))])
    }
}

@Suite struct HostStateTests {
    /// A TAP's guest in the lab is behind a veth pair whose host end has the TAP's name (CLI.md, the lab).
    @Test func inTheLabATapIsAVethPair() throws {
        let state = try HostState.example(placement: .labNamespaces("first"))
        let device = try #require(state.devices.first { $0.name == "wft-vm1" })
        #expect(device.guest?.namespace == "weft-first-g-vm1")
        #expect(device.guest?.device == "eth0")
        #expect(device.guest?.mtu == 1450)
    }

    @Test func noDeviceOfTheHostHasTheMACOfAGuest() throws {
        let state = try HostState.example()
        #expect(Set(state.devices.map(\.mac)).count == state.devices.count)
        #expect(Set(state.devices.map(\.mac)).isDisjoint(with: state.devices.compactMap { $0.guest?.mac }))
    }

    @Test func aVethWithoutANamespaceIsAProblemOnAHostAndNoneInTheLab() throws {
        let topology = try exampleTopology()
        let ports = topology.ports.map {
            Port(name: $0.name, fabric: topology.name, host: $0.host, attachment: $0.attachment, kind: $0.kind)
        }
        let bare = Topology(name: topology.name, hosts: topology.hosts, segments: topology.segments, ports: ports)
        let host = try #require(bare.hosts.first)
        #expect(HostState(topology: bare, host: host).problems.map(\.cause) == [.namespaceUnnamed])
        #expect(HostState(topology: bare, host: host, placement: .labNamespaces("x")).problems.isEmpty)
    }

    @Test func anUnknownOwnerIsAProblemAndThePortStays() throws {
        let state = try HostState.example(owner: "nobody-here")
        #expect(state.problems.map(\.cause) == [.ownerUnknown("nobody-here")])
        #expect(state.devices.contains { $0.name == "wft-vm1" })
    }
}
