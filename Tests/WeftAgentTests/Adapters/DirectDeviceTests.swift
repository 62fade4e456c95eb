import Glibc
import Testing
import WeftControl
import WeftLinux
import WeftTopology

@testable import WeftAgent

/// Devices of direct ports on a real host: quiet as all others, and with the filter that keeps the host from hearing them.
@Suite(.needsPrivileges, .serialized) struct DirectDeviceTests {
    @Test func everyDeviceIsAsItShouldBe() async throws {
        let host = try TestHost(direct: ["vm1", "vm2", "web"])
        let driver = try host.driver()
        let reconciler = Reconciler(driver: driver, logger: silent)
        let report = await reconciler.apply(try host.wish())
        #expect(report.isReady, "\(report.objects) \(report.underlay)")
        #expect(driver.uplinks.uplinks == [])
        #expect(try !host.sandbox.ip("-o link show").contains("wfb-"))
        for device in ["wft-vm1", "own", "wfv-web"] {
            let text = try host.sandbox.ip("-d link show dev \(device)")
            #expect(text.contains("addrgenmode none") && text.contains("alias weft:first/") && text.contains(",UP"), "\(text)")
            #expect(!text.contains("master") && text.contains(device == "wfv-web" ? "mtu 65535" : "mtu 65521"), "\(text)")
            #expect(try filters(host, device).contains("bytecode '1,6 0 0 2'"))
            for setting in ["rp_filter": "1", "arp_ignore": "8", "forwarding": "0"] {
                #expect(try host.setting("ipv4/conf/\(device)/\(setting.key)") == setting.value, "\(setting.key)")
            }
            #expect(try host.setting("ipv6/conf/\(device)/disable_ipv6") == "1")
        }
        let count = driver.writeCount
        #expect(await reconciler.apply(try host.wish()).isSettled)
        #expect(driver.writeCount == count)
        let next = try host.driver()
        #expect(await Reconciler(driver: next, logger: silent).apply(try host.wish()).isReady)
        #expect(next.writeCount == 0)
    }

    @Test func thereAndBackTheDevicesStayAndOthersFiltersToo() async throws {
        var host = try TestHost()
        let driver = try host.driver()
        let reconciler = Reconciler(driver: driver, logger: silent)
        #expect(await reconciler.apply(try host.wish()).isReady)
        let numbers = try indices(of: ["wft-vm1", "wfv-web"], host)
        // What an operator has put on a port of ours.
        try tc(host, ["qdisc", "add", "dev", "wfv-web", "clsact"])
        try tc(host, ["filter", "add", "dev", "wfv-web", "egress", "prio", "9", "bpf", "da", "bytecode", "1,6 0 0 0"])

        host.direct = ["vm1", "web"]
        #expect(await reconciler.apply(try host.wish()).isReady)
        for device in ["wft-vm1", "wfv-web"] { #expect(try filters(host, device).contains("0x77656674")) }
        host.direct = []
        #expect(await reconciler.apply(try host.wish()).isReady)
        for device in ["wft-vm1", "wfv-web"] {
            #expect(try filters(host, device) == "")
            #expect(try host.sandbox.ip("link show dev \(device)").contains("master wfb-blue"))
        }
        #expect(try !tc(host, ["qdisc", "show", "dev", "wft-vm1"]).contains("clsact"))
        #expect(try tc(host, ["filter", "show", "dev", "wfv-web", "egress"]).contains("bytecode '1,6 0 0 0'"))
        #expect(try indices(of: ["wft-vm1", "wfv-web"], host) == numbers)
    }

    @Test func aPlaceThatIsTakenAmongTheFiltersIsSaid() async throws {
        let host = try TestHost(direct: ["web"])
        let reconciler = try host.reconciler()
        #expect(await reconciler.apply(try host.wish()).isReady)
        try tc(host, ["qdisc", "del", "dev", "wfv-web", "clsact"])
        try tc(host, ["qdisc", "add", "dev", "wfv-web", "ingress"])
        let report = await reconciler.apply(try host.wish())
        let status = try #require(report.status(of: .port(try name("web"))))
        #expect(status.cause?.contains("cannot add qdisc on wfv-web (clsact): File exists") == true, "\(status)")
        #expect(status.cause?.contains("remove what is there first") == true, "\(status)")
        try tc(host, ["qdisc", "del", "dev", "wfv-web", "ingress"])
        #expect(await reconciler.apply(try host.wish()).isReady)
    }

    // MARK: Helpers

    private func filters(_ host: TestHost, _ device: String) throws -> String {
        try tc(host, ["filter", "show", "dev", device, "ingress"])
    }

    @discardableResult
    private func tc(_ host: TestHost, _ words: [String]) throws -> String {
        let outcome = try Command("tc", words, in: host.sandbox.host).run(timeout: .seconds(10))
        guard outcome.isSuccess else { throw CommandFailure(text: "tc \(words): \(outcome.standardError)") }
        return outcome.standardOutput
    }

    private func indices(of devices: [String], _ host: TestHost) throws -> [UInt32] {
        try host.sandbox.host.run { devices.map { unsafe if_nametoindex($0) } }
    }
}
