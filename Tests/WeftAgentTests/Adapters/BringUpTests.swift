import Glibc
import Logging
import Testing
import WeftControl
import WeftLinux
import WeftTopology
import WeftTypes

@testable import WeftAgent

/// Bringing a real host up in a namespace: what DESIGN §2 wants of the devices, and `PROTOCOL.md` §5 of crashes and repairs.
@Suite(.needsPrivileges, .serialized) struct BringUpTests {
    @Test func everyDeviceIsAsItShouldBe() async throws {
        let host = try TestHost()
        let driver = try host.driver()
        let report = await Reconciler(driver: driver, logger: silent).apply(try host.wish())
        #expect(report.isReady, "\(report.objects) \(report.underlay)")
        #expect(driver.uplinks.uplinks.map(\.queueCount) == [2])
        for device in ["wfb-blue", "wfu-blue", "wft-vm1", "own", "wfv-web"] {
            let text = try host.sandbox.ip("-d link show dev \(device)")
            #expect(text.contains("addrgenmode none"), "\(text)")
            #expect(text.contains("alias weft:first/"))
            #expect(text.contains(",UP") || text.contains("state UP"))
            #expect(try host.sandbox.ip("address show dev \(device)").contains("inet") == false)
            if device != "wfb-blue" { #expect(text.contains("master wfb-blue")) }
            #expect(text.contains(["wfu-blue", "wft-vm1", "own"].contains(device) ? "mtu 65521" : "mtu 65535"), "\(text)")
        }
        let bridge = try host.sandbox.ip("-d link show dev wfb-blue")
        #expect(bridge.contains("stp_state 0"))
        #expect(bridge.contains("mcast_snooping 0"))
        #expect(bridge.contains("ageing_time 30000 "))
        let uplink = try host.sandbox.ip("-d link show dev wfu-blue")
        #expect(uplink.contains("multi_queue numqueues 2"))
        #expect(uplink.contains("vnet_hdr on"))
        #expect(uplink.contains("persist on"))
        #expect(try !host.sandbox.ip("-d link show dev wft-vm1").contains("multi_queue"))
        #expect(try host.sandbox.ip("-d link show dev own").contains("user"))
        for setting in ["rp_filter": "1", "arp_ignore": "8", "forwarding": "0"] {
            let value = try host.setting("ipv4/conf/wft-vm1/\(setting.key)")
            #expect(value == setting.value, "\(setting.key)")
        }
        #expect(try host.setting("ipv6/conf/wft-vm1/disable_ipv6") == "1")
        let guest = try host.sandbox.ip("address show dev eth0", in: "web")
        #expect(guest.contains("mtu 1450"))
        #expect(guest.contains("inet 10.1.0.12/24"))
        #expect(guest.contains("inet6 2001:db8:1::12/64"))
        #expect(guest.contains("global tentative") == false)
    }

    @Test func aSecondApplyWritesNothingNorDoesARestartedAgent() async throws {
        let host = try TestHost()
        let driver = try host.driver()
        let reconciler = Reconciler(driver: driver, logger: silent)
        let wish = try host.wish()
        #expect(await reconciler.apply(wish).isReady)
        let count = driver.writeCount
        #expect(await reconciler.apply(wish).isSettled)
        #expect(driver.writeCount == count)

        let before = try host.sandbox.ip("-d link show")
        let next = try host.driver()
        let report = await Reconciler(driver: next, logger: silent).apply(wish)
        #expect(report.isReady)
        #expect(report.changeCount == 0)
        #expect(next.writeCount == 0)
        #expect(next.uplinks.uplink(named: "wfu-blue")?.queueCount == 2)
        #expect(try host.sandbox.ip("-d link show").split(separator: " ").count == before.split(separator: " ").count)
    }

    /// `kill -9` after every single step, then a start: the same end, no orphan, foreign devices as they were.
    @Test(arguments: [[], ["vm1", "web"]] as [Set<String>])
    func stoppingAfterAnyStepAndStartingAgainConverges(direct: Set<String>) async throws {
        let total = try await stepCount(direct)
        #expect(total > 30)
        for count in 0...total { try await stopAndStart(after: count, direct) }
    }

    private func stepCount(_ direct: Set<String>) async throws -> Int {
        let host = try TestHost(direct: direct)
        let observed = try await host.driver().observe(guestNamespaces: host.state().guestNamespaces)
        return plan(desired: try host.state(), observed: observed).steps.count
    }

    private func stopAndStart(after count: Int, _ direct: Set<String>) async throws {
        let host = try TestHost(direct: direct)
        let foreign = try host.sandbox.foreignDevices()
        let state = try host.state()
        do {
            let driver = try host.driver()
            let observed = try await driver.observe(guestNamespaces: state.guestNamespaces)
            for step in plan(desired: state, observed: observed).steps.prefix(count) { try await driver.apply(step.action) }
        }
        let driver = try host.driver()
        let reconciler = Reconciler(driver: driver, logger: silent)
        let report = await reconciler.apply(try host.wish())
        #expect(report.isReady, "stopped after \(count): \(report.objects)")
        let ours = report.host.links.values.filter { Ownership(of: $0, fabric: nil).isOurs }.map(\.name).sorted()
        #expect(ours == state.devices.map(\.name).sorted(), "stopped after \(count)")
        #expect(try host.sandbox.foreignDevices() == foreign, "stopped after \(count)")
        let writes = driver.writeCount
        #expect(await reconciler.apply(try host.wish()).isSettled)
        #expect(driver.writeCount == writes, "stopped after \(count)")
    }

    @Test func cleaningUpLeavesForeignDevicesAsTheyWere() async throws {
        let host = try TestHost()
        let foreign = try host.sandbox.foreignDevices()
        let reconciler = try host.reconciler()
        await reconciler.apply(try host.wish())
        #expect(await reconciler.removeAll(of: TopologyName("second")).changeCount == 0)
        let report = await reconciler.removeAll(of: TopologyName("first"))
        #expect(report.isSettled)
        #expect(try host.sandbox.ip("link show").contains("wf") == false)
        #expect(try host.sandbox.foreignDevices() == foreign)
        #expect(!host.sandbox.hasDevice("eth0", in: "web"))
    }

    @Test func aNameThatAForeignDeviceHasIsSaidAndLeft() async throws {
        let host = try TestHost()
        try host.sandbox.ip("link add wft-vm1 type bridge")
        let foreign = try host.sandbox.ip("link show dev wft-vm1")
        let report = try await host.reconciler().apply(host.wish())
        let status = try #require(report.status(of: .port(try name("vm1"))))
        #expect(status.cause?.contains("taken by a bridge device that is not Weft's") == true)
        #expect(report.status(of: .port(try name("web"))) == .up)
        #expect(try host.sandbox.ip("link show dev wft-vm1") == foreign)
    }

    /// A guest that asks for its host's underlay address hears nothing; with the host's switch taken back it would.
    @Test func theHostDoesNotAnswerOnASegment() async throws {
        let host = try TestHost()
        let driver = try host.driver()
        await Reconciler(driver: driver, logger: silent).apply(try host.wish())
        try host.sandbox.ip("address add 192.0.2.99/24 dev eth0", in: "web")
        #expect(try neighbour("192.0.2.11", of: host).contains("lladdr") == false)
        for setting in ["wfb-blue/arp_ignore", "wfb-blue/rp_filter", "all/rp_filter"] {
            try host.sandbox.host.run { try writeSetting("0", "ipv4/conf/\(setting)") }
        }
        #expect(try neighbour("192.0.2.11", of: host).contains("lladdr"))
    }

    /// What the guest knows about `address` after asking for it.
    private func neighbour(_ address: String, of host: TestHost) throws -> String {
        try host.sandbox.ip("neighbour flush dev eth0", in: "web")
        let words = ["netns", "exec", host.sandbox.name("web"), "ping", "-c", "1", "-W", "1", address]
        _ = try Command("ip", words).run(timeout: .seconds(10))
        return try host.sandbox.ip("neighbour show \(address) dev eth0", in: "web")
    }

    private func writeSetting(_ value: String, _ path: String) throws {
        guard let file = unsafe fopen("/proc/sys/net/\(path)", "w") else { throw CommandFailure(text: "no setting \(path)") }
        unsafe fputs(value, file)
        unsafe fclose(file)
    }

    /// H9, as far as a test has time for: nothing is left of devices and descriptors.
    @Test func bringingUpAndTakingDownAgainAndAgainLeavesNothing() async throws {
        let host = try TestHost()
        let driver = try host.driver()
        let reconciler = Reconciler(driver: driver, logger: silent)
        await reconciler.apply(try host.wish())
        await reconciler.removeAll(of: nil)
        let links = try host.sandbox.ip("-o link show").split(separator: "\n").count
        let descriptors = try SmallFile.names(in: "/proc/self/fd")?.count
        for _ in 0..<20 {
            #expect(await reconciler.apply(try host.wish()).isReady)
            #expect(await reconciler.removeAll(of: nil).isSettled)
        }
        #expect(try host.sandbox.ip("-o link show").split(separator: "\n").count == links)
        #expect(try SmallFile.names(in: "/proc/self/fd")?.count == descriptors)
    }
}
