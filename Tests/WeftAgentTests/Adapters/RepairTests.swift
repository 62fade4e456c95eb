import Testing
import WeftControl
import WeftLinux
import WeftTopology

@testable import WeftAgent

/// H6: from any mangled state of its objects back to desired in a second, when the agent looks.
@Suite(.needsPrivileges, .serialized) struct RepairTests {
    @Test(arguments: [
        "link delete wfb-blue", "link delete wfu-blue", "link delete wft-vm1", "link delete wfv-web", "link set wft-vm1 nomaster",
        "link set wft-vm1 master br0", "link set wfb-blue mtu 1400", "link set wfv-web mtu 1400", "link set wfu-blue down",
        "link set wfb-blue down", "link set wft-vm1 address 02:00:00:00:00:77", "link set wfb-blue alias mine",
        "link set wfb-blue group 0", "link set wfb-blue type bridge stp_state 1 mcast_snooping 1 ageing_time 100",
        "link set wft-vm1 type bridge_slave learning off flood off isolated on hairpin on",
        "address add 10.1.0.1/24 dev wfb-blue", "link set wfb-blue addrgenmode eui64", "rename wft-vm1",
        "netns delete the guest", "guest down", "guest address", "guest name",
    ])
    func whatSomebodyDidIsUndoneAtOnce(what: String) async throws {
        let host = try TestHost()
        let foreign = try host.sandbox.foreignDevices()
        let reconciler = try host.reconciler()
        let wish = try host.wish()
        #expect(await reconciler.apply(wish).isReady)
        switch what {
        case "netns delete the guest":
            try host.sandbox.deleteNamespace("web")
            // The kernel takes a namespace apart in its own time, and the pair with it.
            for _ in 0..<1000 where host.sandbox.hasDevice("wfv-web") { try await Task.sleep(for: .milliseconds(10)) }
            try host.sandbox.makeNamespace("web")
        case "guest down": try host.sandbox.ip("link set eth0 down", in: "web")
        case "guest address": try host.sandbox.ip("address delete 10.1.0.12/24 dev eth0", in: "web")
        case "guest name":
            try host.sandbox.ip("link set eth0 down", in: "web")
            try host.sandbox.ip("link set eth0 name net0", in: "web")
        case "rename wft-vm1":
            try host.sandbox.ip("link set wft-vm1 down")
            try host.sandbox.ip("link set wft-vm1 name wft-other")
        default: try host.sandbox.ip(what)
        }
        let start = ContinuousClock.now
        let report = await reconciler.apply(wish)
        #expect(ContinuousClock.now - start < .seconds(1) || isEmulated)
        #expect(report.isReady, "\(report.objects)")
        #expect(report.changeCount > 0)
        #expect(try host.sandbox.foreignDevices() == foreign)
    }

    @Test func aNamespaceThatComesLaterIsWaitedFor() async throws {
        let host = try TestHost()
        try host.sandbox.deleteNamespace("web")
        let reconciler = try host.reconciler()
        let report = await reconciler.apply(try host.wish())
        let status = try #require(report.status(of: .port(try name("web"))))
        #expect(status.word == "waiting")
        #expect(status.cause?.contains("\(host.sandbox.name("web")) does not exist") == true)
        #expect(host.sandbox.hasDevice("wft-vm1"))
        try host.sandbox.makeNamespace("web")
        #expect(await reconciler.apply(try host.wish()).isReady)
    }

    @Test func aGuestsOwnAddressStaysAndOneThatLeftTheFileGoes() async throws {
        let host = try TestHost()
        let reconciler = try host.reconciler()
        await reconciler.apply(try host.wish())
        try host.sandbox.ip("address add 10.1.0.99/24 dev eth0", in: "web")
        await reconciler.apply(try host.wish(guestAddresses: ["10.1.0.13/24"]))
        let guest = try host.sandbox.ip("address show dev eth0", in: "web")
        #expect(guest.contains("10.1.0.99/24"))
        #expect(guest.contains("10.1.0.13/24"))
        #expect(!guest.contains("10.1.0.12/24"))
    }

    @Test func theQueuesOfADeletedUplinkAreReportedLost() async throws {
        let host = try TestHost()
        let registry = UplinkRegistry()
        let lost = Lost()
        registry.onLoss { lost.add($0.index) }
        let driver = try NetlinkLinkDriver(namespace: host.sandbox.host, uplinks: registry)
        let reconciler = Reconciler(driver: driver, logger: silent)
        await reconciler.apply(try host.wish())
        let first = try #require(registry.uplink(named: "wfu-blue"))
        let queue = registry.claimQueue(0, of: first.index)
        let again = registry.claimQueue(0, of: first.index)
        #expect(queue?.rawValue ?? -1 >= 0)
        #expect(again?.rawValue == nil)
        try host.sandbox.ip("link delete wfu-blue")
        #expect(await reconciler.apply(try host.wish()).isReady)
        #expect(lost.indices == [first.index])
        let second = try #require(registry.uplink(named: "wfu-blue"))
        #expect(second.index != first.index)
        #expect(second.queueCount == 2)
    }

    /// The whole loop: somebody deletes the bridge, a notification wakes the reconciler, the bridge is back with its ports.
    @Test(arguments: [
        "link delete wfb-blue", "link set wft-vm1 nomaster", "link set wfb-blue mtu 1400", "link set wfu-blue down",
    ])
    func aNotificationIsEnough(what: String) async throws {
        let host = try TestHost()
        let driver = try host.driver()
        let reconciler = Reconciler(driver: driver, logger: silent)
        let watcher = try ChangeWatcher(host.sandbox.host) { reconciler.hostChanged() }
        #expect(await reconciler.apply(try host.wish()).isReady)
        let loop = Task { await reconciler.run() }
        defer { loop.cancel() }
        try await Task.sleep(for: .milliseconds(100))
        let count = driver.writeCount
        try host.sandbox.ip(what)
        let start = ContinuousClock.now
        let state = try host.state()
        var isBack = false
        while !isBack, ContinuousClock.now - start < .seconds(2) {
            try await Task.sleep(for: .milliseconds(10))
            let observed = try await driver.observe(guestNamespaces: state.guestNamespaces)
            isBack = plan(desired: state, observed: observed).isEmpty && driver.writeCount > count
        }
        #expect(ContinuousClock.now - start < .seconds(1))
        // Nothing goes on when all is well: its own changes do not keep the agent busy.
        try await Task.sleep(for: .milliseconds(200))
        let settled = driver.writeCount
        try await Task.sleep(for: .milliseconds(200))
        #expect(driver.writeCount == settled)
        withExtendedLifetime(watcher) {}
    }
}
