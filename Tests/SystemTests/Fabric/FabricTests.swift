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
            // It gossips a moment before its ports are read again.
            try await fabric.start(5).isReady()
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

        @Test("what is forged, of another fabric or replayed changes no table and is counted by its reason") func strangers()
            async throws
        {
            let fabric = try await Self.whole(3)
            let target = try fabric.agent(1)
            let wire = try Sniffer(in: fabric.site["h2"])
            try await Task.sleep(for: .seconds(2))
            let addresses: [UInt8] = [192, 0, 2, 12, 192, 0, 2, 11]
            let port: [UInt8] = [0x1F, 0x0C]  // 7948
            let heard = wire.frames().map(\.bytes).filter { (frame: [UInt8]) -> Bool in
                guard frame.count > 42, frame[12] == 8, frame[13] == 0 else { return false }
                return Array(frame[26..<34]) == addresses && Array(frame[36..<38]) == port
            }
            try #require(heard.count >= 2, "h2 said \(heard.count) datagrams to h1")
            let before = try await Self.tables(target)
            let refusedBefore = try await Self.refused(target)
            let stranger = try Injector(in: fabric.site["h3"], from: "192.0.2.13", to: "192.0.2.11", udpPort: 7948)
            var random = SeededRandom(seed: 11)
            for frame in heard {
                var bytes = Array(frame[42...])
                for _ in 0..<20 { try stranger.send(bytes) }
                let position = Int.random(in: 29..<bytes.count, using: &random)
                bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                try stranger.send(bytes)
                try stranger.send(Array(bytes.prefix(20)))
                bytes[1] ^= 0xFF  // the fingerprint of the key
                try stranger.send(bytes)
            }
            try await target.wait("all are counted", within: .seconds(5)) {
                let refused = try await Self.refused(target)
                func new(_ reason: String) -> Int { (refused[reason] ?? 0) - (refusedBefore[reason] ?? 0) }
                guard new("truncated") == heard.count, new("unknown-key") == heard.count else { return false }
                // What is altered and was seen before is told from a replay by nothing.
                return new("replayed") >= heard.count * 20 && new("replayed") + new("forged") >= heard.count * 21
            }
            #expect(try await Self.tables(target) == before)
            #expect(try await target.client.convergence().isConverged)
        }

        @Test("a key is changed on three live agents: nobody is suspected, nothing is refused") func rotation() async throws {
            let fabric = try await Self.whole(3)
            func files() -> [String] { fabric.hosts.map { fabric.site.path("\($0).state/mesh.keys") } }
            let before = try await Self.refused(try fabric.agent(1))
            let old = try Self.ids(files()[0])
            try WeftBinary.run(["key", "add", "--key-file", files()[0], "-q"])
            let new = try #require(try Self.ids(files()[0]).first { !old.contains($0) })
            let secret = fabric.site.path("secret")
            let text = try WeftBinary.run(["key", "show", new, "--secret", "-o", "name", "--key-file", files()[0]])
            try SmallFile.write(Array(text.utf8), to: secret)
            for file in files().dropFirst() { try WeftBinary.run(["key", "add", "--from", secret, "--key-file", file]) }
            let steps = [["use", new], ["remove", old[0]]]
            for step in steps {
                // The agents look for a change once a second.
                try await Task.sleep(for: .seconds(2))
                for file in files() { try WeftBinary.run(["key"] + step + ["--key-file", file]) }
            }
            try await Task.sleep(for: .seconds(3))
            for number in 1...3 {
                let agent = try fabric.agent(number)
                #expect(agent.log.contains("seals"), "h\(number) has not read its keys again")
                #expect(!agent.log.contains("peer-suspect"), "h\(number)")
                let report = try await agent.client.convergence()
                #expect(report.isConverged && report.memberCount == 3)
            }
            #expect(try await Self.refused(try fabric.agent(1)) == before)
        }

        /// The fingerprints of the keys in a file.
        private static func ids(_ file: String) throws -> [String] {
            let said: String = try WeftBinary.run(["key", "show", "-o", "name", "--key-file", file])
            return said.split(separator: "\n").map(String.init)
        }

        /// What an agent knows of the others and of stations, without what moves by itself.
        private static func tables(_ agent: SiteAgent) async throws -> [String] {
            let peers = try await agent.client.peers().map { "\($0.name) \($0.underlay) \($0.state) \($0.segments)" }
            let stations = try await agent.client.fdb().map { "\($0.mac) \($0.host ?? "") \($0.source) \($0.sequence)" }
            return peers + stations
        }

        /// Datagrams that an agent's gossip refused, by reason.
        private static func refused(_ agent: SiteAgent) async throws -> [String: Int] {
            var counts: [String: Int] = [:]
            for line in try await agent.client.metrics().split(separator: "\n")
            where line.hasPrefix("weft_gossip_refused_datagrams_total") {
                let words = line.split(separator: "\"")
                guard words.count == 3, let count = words[2].split(separator: " ").last.flatMap({ Double($0) }) else { continue }
                counts[String(words[1])] = Int(count)
            }
            return counts
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
