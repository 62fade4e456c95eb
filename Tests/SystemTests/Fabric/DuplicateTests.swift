import Glibc
import Testing
import WeftAPI
import WeftLinux
import WeftTypes

extension System {
    /// One address at two places.
    @Suite("Duplicates", .needs("arping")) struct DuplicateTests {
        @Test("E5: a MAC address that two guests have stays at one of them after five moves, until it is cleared")
        func clear() async throws {
            let fabric = try FabricSite(count: 2)
            for number in 1...2 { try fabric.start(number) }
            try await fabric.isWhole()
            let mac = "02:00:00:00:00:77"
            for number in 1...2 {
                try fabric.guest(number).run("sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1")
                try fabric.guest(number).run("ip link set eth0 address \(mac)")
            }
            var place = 1
            for _ in 0..<12 where !fabric.agents.values.contains(where: { $0.log.contains("event=duplicate-mac") }) {
                place = 3 - place
                _ = try await Self.speak(place, mac, fabric, within: .seconds(2))
            }
            let alarmed = fabric.agents.values.filter { $0.log.contains("event=duplicate-mac") }
            #expect(!alarmed.isEmpty)
            let home = try #require(try await Self.host(of: mac, fabric))
            let other = home == "h1" ? 2 : 1
            #expect(try await !Self.speak(other, mac, fabric, within: .seconds(1)))
            // It is the host that would take it that has to be told.
            let agent = try fabric.agent(other)
            let said = try fabric.site.weft("h\(other)", ["fdb", "clear", mac, "--socket", agent.client.socketPath])
            let unknown = try fabric.site.weft("h\(other)", ["fdb", "clear", mac, "--socket", agent.client.socketPath])
            #expect(unknown.status == .exited(1) && unknown.standardError.contains("no duplicate"), "\(unknown)")
            #expect(said.isSuccess, "\(said)")
            #expect(try await Self.speak(other, mac, fabric, within: .seconds(3)))
        }

        /// Has a guest send a frame from `mac`; whether h1 then knows it there.
        private static func speak(
            _ number: Int, _ mac: String, _ fabric: FabricSite, within limit: Duration
        ) async throws -> Bool {
            _ = try fabric.guest(number).attempt(["arping", "-U", "-c", "1", "-w", "1", "-I", "eth0", "10.1.0.50"])
            let start = ContinuousClock.now
            while ContinuousClock.now - start < limit {
                if try await host(of: mac, fabric) == "h\(number)" { return true }
                try await Task.sleep(for: .milliseconds(20))
            }
            return false
        }

        private static func host(of mac: String, _ fabric: FabricSite) async throws -> String? {
            try await fabric.agent(1).client.fdb().first { "\($0.mac)" == mac }?.host
        }
    }
}
