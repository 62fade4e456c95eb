import Glibc
import Testing
import WeftAPI
import WeftLinux
import WeftTypes

extension System {
    /// Agents whose underlay takes other packets than before.
    @Suite("Paths that change", .needs("nft", "ethtool")) struct PathTests {
        @Test(
            "a silent shrink from 1500 to 1400 bytes under TCP: over in 4 s, told to operators and guests, every frame counted; and back"
        )
        func blackHole() async throws {
            async let first = Self.shrink(.v4)
            async let second = Self.shrink(.v6)
            for said in [try await first, try await second] { print(said) }
        }

        private static func shrink(_ family: FabricSite.Underlay) async throws -> String {
            let isIPv4 = family == .v4
            let overhead = isIPv4 ? 50 : 70
            let fabric = try FabricSite(count: 2) { _ in family }
            let offloads = ["tso", "gso", "tx-udp-segmentation"]
            for host in fabric.hosts { try fabric.site[host].setOffloads(false, offloads) }
            let source = try #require(IPAddress(isIPv4 ? "192.0.2.11" : "2001:db8::11"))
            let wire = try Narrows(fabric.site, from: source)
            for number in 1...2 { try fabric.start(number) }
            try await fabric.isWhole()
            // A superframe is one frame to the agent and many on the wire: here there are none.
            for number in 1...2 { try fabric.guest(number).setOffloads(false, offloads) }
            let sender = try fabric.agent(1)
            try await Self.wait(for: 1500...1500, from: sender, to: "h2", within: .seconds(10))

            let before = try await Self.books(wire, fabric)
            let small = try NumberedStream(
                from: fabric.guest(1), to: .v4(IPv4Address(rawValue: 0x0A01_000C)), at: [fabric.guest(2)], rate: 200)
            let bulk = try BulkStream(
                from: fabric.guest(1), to: .v4(IPv4Address(rawValue: 0x0A01_000C)), at: fabric.guest(2))
            try await Task.sleep(for: .seconds(1))
            try wire.limit(to: 1400)
            let shrunk = MonotonicClock.now()
            try await Self.wait(for: 1300...1400, from: sender, to: "h2", within: .seconds(4))
            let followed = shrunk.duration(to: MonotonicClock.now())
            try await Task.sleep(for: .seconds(4.2) - followed)
            let silence = bulk.longestSilence(since: shrunk)
            #expect(silence < .seconds(4), "nothing arrived for \(silence)")
            // The guest was told; what it keeps is at most what the path takes less the tunnel's part.
            let route = try fabric.guest(1).run("ip route get 10.1.0.12").split(separator: " ").map(String.init)
            let told = try #require(route.firstIndex(of: "mtu").flatMap { Int(route[$0 + 1]) }, "\(route)")
            #expect((1280...1400 - overhead).contains(told), "\(told)")
            #expect(sender.log.contains("event=path-mtu"))
            let peers = try fabric.site.weft("h1", ["peers", "--socket", sender.client.socketPath]).standardOutput
            let known = try await sender.client.peers().first { $0.name == "h2" }?.pathMTUByteCount
            #expect(known.map { $0 <= 1400 && peers.contains(" \($0) ") } == true, "\(peers)")
            #expect(try wire.packets(.lost) > 0)

            try wire.limit(to: nil)
            let widened = MonotonicClock.now()
            try await Self.wait(for: 1500...1500, from: sender, to: "h2", within: .seconds(30))
            let raised = widened.duration(to: MonotonicClock.now())

            let lost = try small.stop().lost
            #expect(lost == 0, "of small packets")
            let bytes = try bulk.stop()
            #expect(bytes.sent == bytes.arrived && bytes.sent > 1 << 20)
            // What left is what the wire saw, and what that let pass has arrived: nothing is lost that nobody counted.
            let after = try await Self.books(wire, fabric)
            #expect(after.sent - before.sent == after.frames - before.frames, "\(before); \(after)")
            // What the wire let pass and the receiver does not count as a frame are probes, some a second.
            let probes = Int(after.passed - before.passed) - Int(after.received - before.received)
            #expect((0...200).contains(probes), "\(before); \(after)")
            return """
                \(isIPv4 ? "IPv4" : "IPv6"): 1500 → 1400 found after \(followed), TCP silent for \(silence), \
                \(try wire.packets(.lost)) packets lost on the wire and counted; 1500 again after \(raised)
                """
        }

        /// Waits until an agent knows that the path to a host takes so many bytes.
        private static func wait(
            for mtu: ClosedRange<Int>, from agent: SiteAgent, to host: String, within limit: Duration
        ) async throws {
            try await agent.wait("the path to \(host) takes \(mtu) bytes", within: limit) {
                let known = try await agent.client.peers().first { $0.name == host }?.pathMTUByteCount
                return known.map(mtu.contains) ?? false
            }
        }

        /// What was counted of the frames from h1 to h2, and by whom.
        private struct Books: Equatable, CustomStringConvertible {
            /// By the sender.
            var sent: UInt64
            /// On the wire, before and after what is lost there; the latter with probes.
            var frames, passed: UInt64
            /// By the receiver, or by its kernel where a socket's buffer was full.
            var received: UInt64

            var description: String { "sent \(sent), on the wire \(frames); passed \(passed), received \(received)" }
        }

        /// Reads all counters while nothing changes.
        private static func books(_ wire: Narrows, _ fabric: FabricSite) async throws -> Books {
            var last: Books?
            for _ in 0..<40 {
                let (sender, receiver) = (try fabric.agent(1), try fabric.agent(2))
                let sent = try await sender.client.peers().first { $0.name == "h2" }?.txFrames ?? 0
                let received = try await receiver.client.peers().first { $0.name == "h1" }?.rxFrames ?? 0
                let overruns = UInt64(try fabric.site["h2"].socketOverruns())
                let books = Books(
                    sent: sent, frames: try wire.packets(.frames), passed: try wire.packets(.passed),
                    received: received + overruns)
                if books == last { return books }
                last = books
                try await Task.sleep(for: .milliseconds(150))
            }
            throw Failure("the counters never rest: \(last.map(\.description) ?? "")")
        }
    }
}
