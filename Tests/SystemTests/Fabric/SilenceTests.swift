import Glibc
import Testing
import WeftAPI
import WeftLinux
import WeftTypes

extension System {
    /// The data path with nothing behind it.
    @Suite("Without a control plane", .needs("nft")) struct SilenceTests {
        /// How long all gossip is off: `WEFT_TESTS_SILENCE_SECONDS`, or as long as everybody takes to bury everybody and half again.
        private static var silence: Duration {
            .seconds(Environment["WEFT_TESTS_SILENCE_SECONDS"].flatMap { Int($0) } ?? 18)
        }

        @Test("with all gossip dropped everybody is dead to everybody; routes stay, floods arrive, and no packet is lost")
        func deadToEachOther() async throws {
            let fabric = try FabricSite(count: 3)
            for number in 1...3 { try fabric.start(number) }
            try await fabric.isWhole()
            var streams: [NumberedStream] = []
            for (source, target) in [(1, 2), (2, 3), (3, 1)] {
                streams.append(
                    try NumberedStream(
                        from: fabric.guest(source), to: .v4(IPv4Address(rawValue: 0x0A01_000A + UInt32(target))),
                        at: [fabric.guest(target)], rate: 1000))
            }
            try await Task.sleep(for: .milliseconds(500))
            for host in fabric.hosts {
                let place = fabric.site[host]
                try place.run("nft add table inet wft")
                for (chain, hook) in [("in", "input"), ("out", "output")] {
                    try place.run(["nft", "add chain inet wft \(chain) { type filter hook \(hook) priority 0; }"])
                    try place.run(["nft", "add rule inet wft \(chain) udp dport 7948 counter drop"])
                }
            }
            let began = MonotonicClock.now()
            for number in 1...3 {
                let agent = try fabric.agent(number)
                try await agent.wait("all others are dead", within: .seconds(12)) {
                    try await agent.client.peers().allSatisfy { $0.state == .dead }
                }
            }
            let buried = began.duration(to: MonotonicClock.now())
            try await Task.sleep(for: max(.zero, Self.silence - buried))
            for number in 1...3 {
                let agent = try fabric.agent(number)
                #expect(try await agent.client.peers().allSatisfy { $0.state == .dead })
                #expect(Set(try await agent.client.fdb().compactMap(\.host)).count == 3)
            }
            // A question for an address that nobody has goes to all: they have been dead for longer than floods wait, but talk.
            let wire = try Sniffer(in: fabric.guest(3))
            _ = try fabric.guest(1).attempt(["ping", "-n", "-c", "1", "-W", "1", "10.1.0.99"])
            let asked: [UInt8] = [10, 1, 0, 99]
            #expect(
                wire.frames().contains { $0.bytes.count >= 42 && $0.bytes[12...13] == [8, 6] && $0.bytes[38..<42] == asked[...] })
            for host in fabric.hosts {
                // The dead are asked for ever, and nothing got through.
                let counted = try fabric.site[host].run("nft list chain inet wft out")
                #expect(!counted.contains("packets 0 "), "\(counted)")
            }
            fabric.heal()
            try await fabric.isWhole(within: .seconds(15))
            let outcomes = try streams.map { try $0.stop() }
            print(
                "no gossip for \(Self.silence), all dead to all after \(buried): of \(outcomes.map(\.sent)) packets \(outcomes.map(\.lost)) lost"
            )
            #expect(outcomes.allSatisfy { $0.lost == 0 && $0.repeated == 0 })
        }
    }
}
