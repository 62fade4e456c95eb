import Glibc
import Testing
import WeftAPI
import WeftLinux
import WeftTypes

extension System {
    /// Real agents that find each other, lose each other, and go on.
    @Suite("A fabric by gossip", .needs("ping", "arping", "nft")) struct FabricTests {
        @Test("eight hosts in random order, one address to join at: they converge by themselves, and guests reach each other")
        func converge() async throws {
            let fabric = try FabricSite(count: 8)
            for number in (1...8).shuffled() {
                try fabric.start(number)
                usleep(UInt32.random(in: 0..<300_000))
            }
            let start = ContinuousClock.now
            try await fabric.isWhole()
            print("8 agents know each other and each other's stations \(ContinuousClock.now - start) after the last was started")
            for number in 1...8 {
                let outcome = try fabric.site.weft(
                    "h\(number)", ["status", "--socket", try fabric.agent(number).client.socketPath, "-o", "json"])
                #expect(outcome.isSuccess)
                let converged = try await fabric.agent(number).client.convergence()
                #expect(converged.isConverged && converged.memberCount == 8, "\(converged)")
            }
            for (source, target) in [(1, 8), (8, 1), (3, 6), (5, 2)] {
                let said = try fabric.guest(source).run("ping -n -c 5 -i 0.05 -W 2 10.1.0.\(10 + target)")
                #expect(said.contains(" 0% packet loss"), "\(said)")
            }
        }

        @Test("G3: a host that dies is known to be dead within 5 s; it costs the others nothing, and it comes back")
        func death() async throws {
            let fabric = try await Self.whole(5)
            let pinger = try Pinger(from: fabric.guest(1), to: "10.1.0.12")
            let killed = ContinuousClock.now
            try fabric.agent(5).kill()
            for number in 1...4 {
                let agent = try fabric.agent(number)
                try await agent.wait("h5 is dead", within: .seconds(6)) {
                    try await fabric.state(of: "h5", at: agent) == .dead
                }
            }
            let detection = ContinuousClock.now - killed
            #expect(detection < .seconds(5))
            // Its routes stay.
            let stations = try await fabric.agent(1).client.fdb()
            #expect(stations.contains { $0.host == "h5" && $0.source == .gossip })
            try fabric.start(5)
            for number in 1...4 {
                let agent = try fabric.agent(number)
                try await agent.wait("h5 is back", within: .seconds(10)) {
                    try await fabric.state(of: "h5", at: agent) == .alive
                }
            }
            let said = try fabric.guest(2).run("ping -n -c 10 -i 0.05 -W 2 10.1.0.15")
            #expect(said.contains(" 0% packet loss"), "\(said)")
            let traffic = try pinger.stop()
            print("h5's death known to 4 others after \(detection); of the pings between two others \(traffic)")
            #expect(traffic.lost == 0)
        }

        @Test("a host that is stopped for 3 s makes nobody dead, itself at most for a moment; its routes stay")
        func pause() async throws {
            let fabric = try await Self.whole(4)
            let pinger = try Pinger(from: fabric.guest(1), to: "10.1.0.12")
            let agent = try fabric.agent(4)
            try agent.process.signal(SIGSTOP)
            try await Task.sleep(for: .seconds(3))
            try agent.process.signal(SIGCONT)
            try await fabric.isWhole()
            for number in 1...4 {
                let deaths = try fabric.agent(number).log.split(separator: "\n")
                    .filter { $0.contains("peer-dead") && !$0.contains("object=h4") }
                #expect(deaths.isEmpty, "on h\(number): \(deaths)")
            }
            let said = try fabric.guest(2).run("ping -n -c 10 -i 0.05 -W 2 10.1.0.14")
            #expect(said.contains(" 0% packet loss"), "\(said)")
            let traffic = try pinger.stop()
            print("h4 stopped for 3 s: of the pings between two others \(traffic)")
            #expect(traffic.lost == 0)
        }

        @Test(
            "a partition, and one that is one-way, heal by themselves; within a side nothing is lost", arguments: [false, true])
        func partition(isOneWay: Bool) async throws {
            let fabric = try await Self.whole(6)
            let (left, right) = ([1, 2, 3], [4, 5, 6])
            let pingers = [
                try Pinger(from: fabric.guest(1), to: "10.1.0.12"), try Pinger(from: fabric.guest(4), to: "10.1.0.15"),
            ]
            for host in left { try fabric.refuse(at: host, from: right) }
            if !isOneWay { for host in right { try fabric.refuse(at: host, from: left) } }
            try await Task.sleep(for: .seconds(14))
            // Each side serves what it knows.
            let stations = try await fabric.agent(1).client.fdb()
            #expect(Set(stations.compactMap(\.host)).count == 6)
            fabric.heal()
            let healed = ContinuousClock.now
            try await fabric.isWhole(within: .seconds(15))
            let time = ContinuousClock.now - healed
            for (source, target) in [(1, 4), (6, 3), (5, 2)] {
                let said = try fabric.guest(source).run("ping -n -c 10 -i 0.05 -W 2 10.1.0.\(10 + target)")
                #expect(said.contains(" 0% packet loss"), "\(said)")
            }
            let traffic = try pingers.map { try $0.stop() }
            print("\(isOneWay ? "one-way " : "")partition of 14 s: whole again after \(time); within the sides \(traffic)")
            #expect(traffic.allSatisfy { $0.lost == 0 })
            for agent in fabric.agents.values {
                let report = try await agent.client.convergence()
                #expect(report.isConverged, "\(agent.host): \(report)")
            }
        }

        @Test("M1: a guest that moves under 10,000 packets a second loses at most 10") func move() async throws {
            let fabric = try FabricSite(count: 3, moreGuests: ["m"])
            for number in 1...3 { try fabric.start(number) }
            try await fabric.isWhole()
            let (old, new) = (fabric.guest(2), fabric.site["m"])
            let mac = try old.mac()
            // From the old place it says nothing more of its own accord, as a guest that has left.
            try old.run("sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1")
            try fabric.guest(1).run("ip neigh replace 10.1.0.12 lladdr \(mac) dev eth0 nud permanent")
            // The same guest on another host, its port up and silent.
            let host = fabric.site["h3"]
            try host.run("ip link add moved type veth peer name eth0 netns \(fabric.site.namespace("m"))")
            try host.run("ip link set moved addrgenmode none master wfb-blue up")
            try new.run("sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1")
            try new.run("ip link set eth0 address \(mac)")
            try new.run("ip address add 10.1.0.12/24 dev eth0")
            try new.run("ip link set eth0 arp off")
            try new.run("ip link set eth0 up")
            try new.run("ip link set eth0 arp on")
            let stream = try NumberedStream(
                from: fabric.guest(1), to: .v4(IPv4Address(rawValue: 0x0A01_000C)), at: [old, new], rate: 10_000)
            try await Task.sleep(for: .seconds(1))
            let first = stream.next
            let announcement = try new.start(["arping", "-U", "-c", "1", "-w", "1", "-I", "eth0", "10.1.0.12"])
            let agent = try fabric.agent(1)
            try await agent.wait("the route leads to h3", within: .seconds(3)) {
                try await agent.client.fdb().contains { "\($0.mac)" == mac && $0.host == "h3" && $0.sequence == 1 }
            }
            try old.run("ip link set eth0 down")
            try await Task.sleep(for: .seconds(1))
            let outcome = try stream.stop(from: first)
            _ = try? announcement.finish(timeout: .seconds(5))
            print("a move under 10,000 packets/s: \(outcome.lost) of \(outcome.sent) lost, \(outcome.repeated) came twice")
            if outcome.lost > 10 {
                for agent in fabric.agents.values {
                    for peer in try await agent.client.peers() where !peer.drops.isEmpty {
                        print("\(agent.host): dropped of \(peer.name) \(peer.drops)")
                    }
                    for segment in try await agent.client.segments() where !segment.drops.isEmpty {
                        print("\(agent.host): dropped in \(segment.name) \(segment.drops)")
                    }
                }
                print(outcome.gaps)
            }
            #expect(outcome.lost <= 10)
            #expect(outcome.sent > 5000)
        }

        /// A fabric whose agents all know each other.
        private static func whole(_ count: Int) async throws -> FabricSite {
            let fabric = try FabricSite(count: count)
            for number in 1...count { try fabric.start(number) }
            try await fabric.isWhole()
            return fabric
        }
    }
}
