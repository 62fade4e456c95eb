import Testing
import WeftTopology
import WeftTypes

@testable import WeftControl

@Suite struct ReconcilerTests {
    private func start(_ host: ObservedHost) throws -> (ModelHost, Reconciler<ModelHost>, HostWish) {
        let topology = try Topology.small()
        let alpha = try #require(topology.hosts.first)
        let driver = ModelHost(host)
        return (driver, Reconciler(driver: driver, logger: silent), HostWish(topology: topology, host: alpha))
    }

    private func port(_ text: String) throws -> HostObject { .port(try #require(TopologyName(text))) }
    private func segment(_ text: String) throws -> HostObject { .segment(try #require(TopologyName(text))) }

    @Test func anEmptyHostBecomesReadyAndASecondApplyDoesNothing() async throws {
        let (driver, reconciler, wish) = try start(.bare())
        let report = await reconciler.apply(wish)
        #expect(report.isReady)
        #expect(report.objects.map(\.status) == [.up, .up, .up, .up])
        await driver.forgetApplied()
        #expect(await reconciler.apply(wish).changeCount == 0)
        #expect(await driver.applied.isEmpty)
    }

    @Test func whatFailsIsReportedWithItsCauseAndTheRestIsMade() async throws {
        let (driver, reconciler, wish) = try start(.bare())
        await driver.refuse("wft-vm1", "no /dev/net/tun")
        let report = await reconciler.apply(wish)
        #expect(!report.isReady)
        #expect(report.status(of: try port("vm1")) == .error("no /dev/net/tun"))
        #expect(report.status(of: try port("web")) == .up)
        await driver.refuse("wft-vm1", nil)
        #expect(await reconciler.apply(wish).isReady)
    }

    @Test func whatNeedsABridgeThatFailedIsNotTried() async throws {
        let (driver, reconciler, wish) = try start(.bare())
        await driver.refuse("wfb-blue", "no bridges today")
        let report = await reconciler.apply(wish)
        #expect(report.status(of: try segment("blue")) == .error("no bridges today"))
        #expect(report.status(of: try port("web")) == .error("its bridge wfb-blue could not be made"))
        #expect(await driver.applied.isEmpty)
    }

    @Test func somebodyWhoWorksAgainstUsIsNamedAfterAFewRounds() async throws {
        let (driver, reconciler, wish) = try start(.bare())
        await driver.meddle { $0.links["wfb-blue"]?.mtu = 1400 }
        let report = await reconciler.apply(wish)
        let status = try #require(report.status(of: try segment("blue")))
        #expect(status.word == "error")
        #expect(try #require(status.cause).hasPrefix("something else keeps changing it: its MTU is 1400"))
    }

    @Test func aMissingUnderlayIsWaitedForWhileTheBridgesAreMade() async throws {
        var host = try ObservedHost.bare()
        host.addresses = []
        let (driver, reconciler, wish) = try start(host)
        let report = await reconciler.apply(wish)
        guard case .waiting(let cause) = report.underlay else {
            Issue.record("not waiting: \(report.underlay)")
            return
        }
        #expect(cause == "underlay address 192.0.2.11 is on no device of this host; add it to one, or correct 'underlay'")
        #expect(report.status(of: try segment("blue")) == .up)
        #expect(!report.isReady)
        let address = try #require(IPPrefix("192.0.2.11/24"))
        await driver.change { $0.addresses = [ObservedAddress(prefix: address, device: "eth1", isTentative: true)] }
        #expect(await reconciler.apply(wish).underlay.endpoints.isEmpty)
        await driver.change { $0.addresses = [ObservedAddress(prefix: address, device: "eth1")] }
        #expect(await reconciler.apply(wish).isReady)
    }

    @Test func theUnderlaysMTUDecidesTheGuests() async throws {
        let (driver, reconciler, wish) = try start(.bare(mtu: 1400))
        await reconciler.apply(wish)
        guard case .veth(let end?) = await driver.host.links["wfv-web"]?.kind else {
            Issue.record("no guest's end")
            return
        }
        #expect(end.mtu == 1350)
    }

    @Test func aNotificationIsEnoughToRepair() async throws {
        let (driver, reconciler, wish) = try start(.bare())
        await reconciler.apply(wish)
        let loop = Task { await reconciler.run() }
        defer { loop.cancel() }
        await driver.change { $0.apply(.delete("wfb-blue")) }
        reconciler.hostChanged()
        let deadline = ContinuousClock.now + .seconds(30)
        while await driver.host.links["wfv-web"]?.master == nil, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(await driver.host.links["wfb-blue"] != nil)
        #expect(await driver.host.links["wfv-web"]?.master == "wfb-blue")
    }

    @Test func withoutRepairsAChangeIsToldAndStaysUntilTheNextWish() async throws {
        let (driver, _, wish) = try start(.bare())
        let reconciler = Reconciler(driver: driver, logger: silent, repairs: false)
        #expect(await reconciler.apply(wish).isReady)
        let loop = Task { await reconciler.run() }
        defer { loop.cancel() }
        await driver.change {
            $0.apply(.configure("wft-vm1", .master(nil)))
            $0.links["wft-stray"] = $0.links["wft-vm1"]
            $0.links["wft-stray"]?.name = "wft-stray"
            $0.links["wft-stray"]?.alias = "weft:first/tap/stray"
        }
        reconciler.hostChanged()
        let vm1 = try port("vm1")
        let deadline = ContinuousClock.now + .seconds(30)
        while await reconciler.report?.status(of: vm1)?.word != "error", ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
        let cause = await reconciler.report?.status(of: vm1)?.cause
        #expect(cause?.contains("--no-repair") == true, "\(cause ?? "")")
        for _ in 0..<3 {
            reconciler.hostChanged()
            try await Task.sleep(for: .milliseconds(60))
        }
        #expect(await driver.host.links["wft-vm1"]?.master == nil)
        #expect(await driver.host.links["wft-stray"] != nil)
        #expect(await reconciler.apply(wish).isReady)
        #expect(await driver.host.links["wft-vm1"]?.master == "wfb-blue")
        #expect(await driver.host.links["wft-stray"] == nil)
    }

    @Test func removingLeavesWhatIsForeign() async throws {
        let (driver, reconciler, wish) = try start(.bare())
        await reconciler.apply(wish)
        let report = await reconciler.removeAll(of: TopologyName("first"))
        #expect(report.isSettled)
        #expect(await driver.host.links.keys.sorted() == ["eth1"])
    }
}
