import Glibc
import Testing
import WeftAPI
import WeftLinux
import WeftTypes

extension System {
    /// Agents whose hosts have one family of underlay addresses, the other, or both, and not always the same.
    @Suite("Underlay addresses", .needs("ping", "nft")) struct AddressTests {
        @Test("a host of IPv4 and one of IPv6 both reach one of both; nobody suspects whom it can't ask") func dualStack()
            async throws
        {
            let fabric = try FabricSite(count: 4) { [.both, .v4, .v6, .both][$0 - 1] }
            for number in 1...4 { try fabric.start(number) }
            let reach = [1: [2, 3, 4], 2: [1, 4], 3: [1, 4], 4: [1, 2, 3]]
            for (number, others) in reach.sorted(by: { $0.key < $1.key }) {
                let agent = try fabric.agent(number)
                try await agent.wait("it knows all, and the stations of those it reaches", within: .seconds(15)) {
                    let alive = try await agent.client.peers().count { $0.state == .alive }
                    let hosts = Set(try await agent.client.fdb().compactMap(\.host))
                    return alive == 3 && hosts == Set((others + [number]).map { "h\($0)" })
                }
            }
            // Between those that have both it is IPv4.
            let families = try await fabric.agent(1).client.peers().map(\.underlay.family)
            #expect(families == [.v4, .v6, .v4])
            for (number, others) in reach {
                for other in others {
                    let said = try fabric.guest(number).run("ping -n -c 5 -i 0.05 -W 2 10.1.0.\(10 + other)")
                    #expect(said.contains(" 0% packet loss"), "g\(number) to g\(other): \(said)")
                }
            }
            // Longer than it takes to suspect and bury somebody.
            try await Task.sleep(for: .seconds(8))
            for number in 1...4 {
                let agent = try fabric.agent(number)
                #expect(!agent.log.contains("event=peer-suspect") && !agent.log.contains("event=peer-dead"), "h\(number)")
                let report = try await agent.client.convergence()
                #expect(report.isConverged && report.memberCount == 4, "h\(number): \(report)")
            }
        }

        @Test("a host that gets another address, loses a family and gets it back stays who it is; traffic follows in 2 s")
        func changes() async throws {
            let fabric = try FabricSite(count: 3) { [.device, .both, .v4][$0 - 1] }
            for number in 1...3 { try fabric.start(number) }
            try await fabric.isWhole()
            let before = try #require(try await Self.peer(of: fabric))
            #expect(before.underlay.family == .v4)
            var said: [String] = []
            for (what, commands, address) in [
                ("another address", ["address del 192.0.2.11/24 dev eth0", "address add 192.0.2.61/24 dev eth0"], "192.0.2.61"),
                ("IPv4 gone", ["address del 192.0.2.61/24 dev eth0"], "2001:db8::11"),
                ("IPv4 back", ["address add 192.0.2.62/24 dev eth0"], "192.0.2.62"),
            ] {
                let streams = [try Self.stream(1, 2, fabric), try Self.stream(2, 1, fabric)]
                try await Task.sleep(for: .milliseconds(500))
                let changed = MonotonicClock.now()
                for command in commands { try fabric.site["h1"].run("ip \(command)") }
                let agent = try fabric.agent(2)
                try await agent.wait("h1 is at \(address)", within: .seconds(5)) {
                    try await Self.peer(of: fabric)?.underlay == IPAddress(address)
                }
                let followed = changed.duration(to: MonotonicClock.now())
                try await Task.sleep(for: .milliseconds(500))
                let outcomes = try streams.map { try $0.stop() }
                let longest = outcomes.flatMap(\.gaps).map(\.count).max() ?? 0
                said.append(
                    "\(what): followed after \(followed); from it \(outcomes[0].lost) of \(outcomes[0].sent) lost, "
                        + "to it \(outcomes[1].lost) of \(outcomes[1].sent), \(longest) ms at a time")
                // One packet a millisecond.
                #expect(followed < .seconds(2) && longest < 2000, "\(said)")
                #expect(outcomes.allSatisfy { $0.sent > 500 })
            }
            print(said.joined(separator: "\n"))
            let after = try #require(try await Self.peer(of: fabric))
            #expect(after.nodeID == before.nodeID && after.incarnation != before.incarnation)
            try await fabric.isWhole()
            let reply = try fabric.guest(3).run("ping -n -c 5 -i 0.05 -W 2 10.1.0.11")
            #expect(reply.contains(" 0% packet loss"), "\(reply)")
            for number in 1...3 {
                #expect(!(try fabric.agent(number).log.contains("event=peer-dead")), "h\(number)")
                #expect(try await fabric.agent(number).client.convergence().isConverged)
            }
        }

        /// What h2 knows of h1.
        private static func peer(of fabric: FabricSite) async throws -> PeerReport? {
            try await fabric.agent(2).client.peers().first { $0.name == "h1" }
        }

        private static func stream(_ source: Int, _ target: Int, _ fabric: FabricSite) throws -> NumberedStream {
            try NumberedStream(
                from: fabric.guest(source), to: .v4(IPv4Address(rawValue: 0x0A01_000A + UInt32(target))),
                at: [fabric.guest(target)], rate: 1000)
        }
    }
}
