import Glibc
import Testing
import WeftAPI
import WeftTypes

extension System {
    /// What arrives at UDP 4789 and should not (`PROTOCOL.md` §1): each datagram ends in one counter, and costs nothing else.
    @Suite(.needs("ping")) struct HostileDatagramTests {
        /// Of each kind; with the noise, a million in all.
        static let count = 50_000

        @Test("X1 X6 X7 X8 X9: a million wrong datagrams land in their counters, cost no memory and no ping")
        func everyWayToBeWrong() async throws {
            let hostile = try await HostileSite()
            for (index, kind) in (HostileDatagram.all + Self.noise).enumerated() {
                for inRuns in [false, true] { try hostile.send(kind, count: 500, seed: UInt64(index), inRuns: inRuns) }
            }
            try await Task.sleep(for: .milliseconds(300))
            let memory = hostile.alpha.residentByteCount
            let ping = try Pinger(from: hostile.site["vm1"], to: "10.1.0.12")
            for (index, kind) in HostileDatagram.all.enumerated() {
                try await expectCounted(kind, seed: UInt64(100 + index), hostile) { $0 == [kind.reason: UInt64(Self.count)] }
            }
            for (index, kind) in Self.noise.enumerated() {
                try await expectCounted(kind, seed: UInt64(200 + index), hostile) {
                    $0.values.reduce(0, +) == Self.count && ($0["bad-vxlan-flags"] ?? 0) > Self.count / 3
                }
            }
            let summary = try ping.stop()
            #expect(summary.lost == 0 && summary.duplicates == 0 && summary.sent > 50, "\(summary)")
            let growth = hostile.alpha.residentByteCount - memory
            #expect(growth <= 2 << 20, "the agent grew by \(growth) bytes")
            #expect(try await hostile.alpha.client.status().receiveBufferDropCount == 0)

            let metrics = try await hostile.alpha.client.metrics()
            #expect(metrics.contains(#"weft_drops_total{peer="bravo",reason="inner-vlan"} "#))
            #expect(metrics.contains(#"weft_drops_total{peer="charlie",reason="foreign-vtep"} "#))
            #expect(metrics.contains(#"weft_drops_total{sender="unknown",reason="foreign-vtep"} "#))
            let peers = try hostile.site.weft("alpha", ["peers", "-o", "json", "--socket", hostile.alpha.client.socketPath])
            #expect(peers.isSuccess && peers.standardOutput.contains(#""sticky-mac" : "#), "\(peers)")
            #expect(try await hostile.alpha.client.status().isConverged)
        }

        /// Random bytes, from a member and from nobody.
        static let noise = [HostileDatagram.Sender.bravo, .mallory].map { sender in
            HostileDatagram(name: "random bytes", sender: sender, reason: "", rule: "X8") { size, random in
                Datagram.noise(size, &random)
            }
        }

        /// Sends many of a kind and looks at what is counted meanwhile.
        private func expectCounted(
            _ kind: HostileDatagram, seed: UInt64, _ hostile: HostileSite, _ isRight: ([String: UInt64]) -> Bool
        ) async throws {
            let before = try await hostile.drops(kind.sender)
            for inRuns in [false, true] { try hostile.send(kind, count: Self.count / 2, seed: seed, inRuns: inRuns) }
            var counted: [String: UInt64] = [:]
            for _ in 0..<100 {
                counted = try await hostile.drops(kind.sender).reduce(into: [:]) { counted, drop in
                    let new = drop.value - (before[drop.key] ?? 0)
                    if new > 0 { counted[drop.key] = new }
                }
                if counted.values.reduce(0, +) >= Self.count { break }
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(isRight(counted), "\(kind.rule) \(kind.name) from \(kind.sender): \(counted)")
        }

        @Test("X4: what the kernel refuses, the kernel counts; no checksum is fine over IPv4 and not over IPv6")
        func checksums() async throws {
            let hostile = try await HostileSite()
            let alpha = hostile.alpha
            let counters = [("Udp", "InCsumErrors", "snmp"), ("", "Udp6InCsumErrors", "snmp6"), ("Udp", "InErrors", "snmp")]
            func kernel() -> [Int] { counters.map { alpha.kernelCounter($0.0, $0.1, in: $0.2) } }
            // What the kernel lets through is of an unknown segment; bravo's guest may say something of its own meanwhile.
            func accepted() async throws -> UInt64 { try await hostile.drops(.bravo)["unknown-vni"] ?? 0 }
            var random = SeededRandom(seed: 4)
            let datagram = Datagram.vxlan(vni: 77, from: Datagram.stranger(&random), byteCount: 200, &random)
            let bravo = hostile.site["bravo"]

            let (before, acceptedBefore) = (kernel(), try await accepted())
            let wrong4 = try Injector(in: bravo, from: "192.0.2.12", to: "192.0.2.11", [.raw])
            let wrong6 = try Injector(in: bravo, from: "2001:db8::12", to: "2001:db8::11", [.raw])
            let zero6 = try Injector(in: bravo, from: "2001:db8::12", to: "2001:db8::11", [.withoutChecksum])
            for _ in 0..<100 {
                try wrong4.send(Self.udp(datagram, checksum: 0x1234))
                try wrong6.send(Self.udp(datagram, checksum: 0x1234))
                try zero6.send(datagram)
                try wrong4.send(Self.udp(datagram, checksum: 0, surplus: 60))  // says it is longer than it is
            }
            try await alpha.wait("the kernel's counters", within: .seconds(3)) { kernel()[1] - before[1] >= 200 }
            #expect(zip(kernel(), before).map { $0 - $1 } == [100, 200, 200])
            #expect(try await accepted() == acceptedBefore)

            let zero4 = try Injector(in: bravo, from: "192.0.2.12", to: "192.0.2.11", [.withoutChecksum])
            for _ in 0..<100 { try zero4.send(datagram) }
            try await alpha.wait("the agent's counter", within: .seconds(3)) { try await accepted() == acceptedBefore + 100 }
        }

        /// A UDP datagram with its header, from port 5000 to 4789.
        private static func udp(_ payload: [UInt8], checksum: UInt16, surplus: Int = 0) -> [UInt8] {
            [5000, 4789, UInt16(8 + payload.count + surplus), checksum].flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] } + payload
        }

        @Test("X1 X6: reserved bits do not matter, a priority tag is stripped; the frame arrives") func right() async throws {
            let hostile = try await HostileSite()
            let injector = try Injector(in: hostile.site["bravo"], from: "192.0.2.12", to: "192.0.2.11")
            let guest = try Sniffer(in: hostile.site["vm1"])
            var random = SeededRandom(seed: 5)
            let source = Datagram.stranger(&random)
            func expectArrival(_ datagram: [UInt8], _ frame: [UInt8], _ what: Comment) async throws {
                _ = guest.frames()
                try injector.send(datagram)
                var seen: [Sniffer.Frame] = []
                for _ in 0..<100 where seen.isEmpty {
                    try await Task.sleep(for: .milliseconds(20))
                    seen = guest.frames().filter { $0.source == source }
                }
                #expect(seen == [Sniffer.Frame(bytes: frame, tag: nil)], what)
            }
            let plain = Datagram.vxlan(to: HostileSite.vm1, from: source, byteCount: 100, &random)
            try await expectArrival(plain, Array(plain.dropFirst(8)), "as it should be")
            let odd = [0xFF, 0xFF, 0xFF, 0xFF] + plain[4..<7] + [0xFF] + plain.dropFirst(8)
            try await expectArrival(Array(odd), Array(plain.dropFirst(8)), "all reserved bits set")
            let tagged = Array(plain[..<20]) + [0x81, 0x00, 0xE0, 0x00] + plain.dropFirst(20)
            try await expectArrival(tagged, Array(plain.dropFirst(8)), "a priority tag")
            let dropped = Array(plain[..<20]) + [0x81, 0x00, 0xE0, 0x05] + plain.dropFirst(20)
            try injector.send(dropped)
            try await hostile.alpha.wait("inner-vlan", within: .seconds(3)) {
                try await hostile.drops(.bravo)["inner-vlan"] == 1
            }
        }

        @Test("X8: nobody claims from outside what was seen inside in the last second") func seenLocally() async throws {
            let hostile = try await HostileSite()
            let injector = try Injector(in: hostile.site["bravo"], from: "192.0.2.12", to: "192.0.2.11")
            var random = SeededRandom(seed: 6)
            let station = MACAddress(rawValue: 0x0299_0000_0001)
            let frame = Datagram.vxlan(from: station, byteCount: 100, &random)
            try Sniffer(in: hostile.site["vm1"]).send(Array(frame.dropFirst(8)))
            try await hostile.alpha.wait("the station is known here") {
                try await hostile.alpha.client.fdb().contains { $0.mac == station && $0.host == "alpha" }
            }
            try injector.send(frame)
            try await hostile.alpha.wait("source-mac-is-local", within: .seconds(1)) {
                try await hostile.drops(.bravo)["source-mac-is-local"] == 1
            }
            // Later it may have moved.
            try await Task.sleep(for: .milliseconds(1200))
            try injector.send(frame)
            try await hostile.alpha.wait("the station has moved", within: .seconds(3)) {
                try await hostile.alpha.client.fdb().contains { $0.mac == station && $0.host == "bravo" }
            }
            #expect(try await hostile.drops(.bravo)["source-mac-is-local"] == 1)
        }

        @Test("X5 X8: what is too large for the segment is dropped and counted, up to the largest datagram there is")
        func oversize() async throws {
            let hostile = try await HostileSite()
            let injector = try Injector(in: hostile.site["bravo"], from: "192.0.2.12", to: "192.0.2.11", [.fragmented])
            var random = SeededRandom(seed: 7)
            let source = Datagram.stranger(&random)
            let sizes = [1473, 1500, 9000, 32768, 65507]
            for size in sizes {
                for _ in 0..<20 {
                    try injector.send(Datagram.vxlan(to: HostileSite.vm1, from: source, byteCount: size, &random))
                    while hostile.alpha.waitingByteCount > 256 << 10 { usleep(200) }
                }
            }
            try await hostile.alpha.wait("oversize", within: .seconds(5)) {
                try await hostile.drops(.bravo)["oversize"] ?? 0 >= 20 * sizes.count
            }
            #expect(try await hostile.drops(.bravo) == ["oversize": UInt64(20 * sizes.count)])
        }

        @Test("a flood of source addresses fills the FDB to its limit and no further; who was known stays known")
        func sourceFlood() async throws {
            let hostile = try await HostileSite()
            let injector = try Injector(in: hostile.site["bravo"], from: "192.0.2.12", to: "192.0.2.11")
            let ping = try Pinger(from: hostile.site["vm1"], to: "10.1.0.12")
            let memory = hostile.alpha.residentByteCount
            var random = SeededRandom(seed: 8)
            let count = 150_000
            for index in 0..<count {
                let source = MACAddress(rawValue: 0x02AA_0000_0000 | UInt64(index))
                try injector.send(Datagram.vxlan(to: HostileSite.vm1, from: source, byteCount: 22, &random))
                if index % 64 == 63 { while hostile.alpha.waitingByteCount > 256 << 10 { usleep(200) } }
            }
            // The agent answers while it is still busy with that, and comes to an end of it.
            try await hostile.alpha.wait("the FDB is full", within: .seconds(20)) {
                let blue = try await hostile.alpha.client.segments().first { $0.name == "blue" }
                return (124_000...131_072 + 16).contains(blue?.fdbEntryCount ?? 0)
            }
            let growth = hostile.alpha.residentByteCount - memory
            #expect(growth < 96 << 20, "the agent grew by \(growth) bytes")
            let patient = AgentClient(socketPath: hostile.alpha.client.socketPath, timeout: .seconds(30))
            #expect(try await patient.fdb().contains { $0.mac == HostileSite.vm2 && $0.host == "bravo" })
            let summary = try ping.stop()
            #expect(summary.lost == 0 && summary.duplicates == 0, "\(summary)")
        }
    }
}
