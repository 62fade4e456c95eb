import Glibc
import Testing
import WeftAPI
import WeftLinux
import WeftTypes

extension System {
    /// What happens to direct ports while an agent runs, and when one ends and another starts.
    @Suite(.needs("ping", "tc")) struct DirectPortTests {
        @Test("a port goes from the bridge to direct and back under traffic, the device stays and nothing is doubled")
        func reload() async throws {
            let site = try DirectSite.make(direct: [])
            let alpha = try await site.startAll("alpha", "bravo")[0]
            let before = try CrashTests.devices(of: site["alpha"])
            let pings = [try Pinger(from: site["vm1"], to: "10.1.0.12"), try Pinger(from: site["vm1"], to: "10.1.0.14")]
            try await Task.sleep(for: .milliseconds(300))
            for direct: Set<String> in [["vm1"], ["vm1", "vm4"], ["vm4"], []] {
                try site.write(DirectSite.topology(direct: direct))
                try await alpha.reload()
                try await alpha.wait("\(direct) direct") { try await alpha.client.status().isReady }
                for port in ["vm1", "vm4"] {
                    let isDirect = direct.contains(port)
                    #expect(try DirectSite.filters(of: "wfv-\(port)", in: site["alpha"]) == (isDirect ? ["0x77656674"] : []))
                    let link = try site["alpha"].run("ip -o link show dev wfv-\(port)")
                    #expect(link.contains("master wfb-blue") != isDirect)
                    #expect(try await alpha.client.ports().first { $0.name == port }?.attach == (isDirect ? "direct" : "bridge"))
                }
                let names = try CrashTests.devices(of: site["alpha"]).keys
                #expect(names.contains("wfb-blue") == (direct.count < 2) && names.contains("wfu-blue") == (direct.count < 2))
                for address in ["10.1.0.12", "10.1.0.14"] { try site["vm1"].run("ping -c3 -i0.05 -W2 \(address)") }

                // The same file again is no step at all.
                let steps = Self.stepCount(alpha)
                try await alpha.reload()
                try await Task.sleep(for: .milliseconds(200))
                #expect(Self.stepCount(alpha) == steps)
            }
            // Bridge and uplink are new ones, and their ports have new numbers in the bridge.
            let after = try CrashTests.devices(of: site["alpha"])
            #expect(after.keys.sorted() == before.keys.sorted())
            for ping in pings {
                let summary = try ping.stop()
                #expect(summary.duplicates == 0 && summary.answered > 20, "\(summary)")
            }
        }

        @Test("kill -9: the next agent writes nothing and reads on; so after SIGTERM") func restarts() async throws {
            let site = try DirectSite.make()
            let alpha = try await site.startAll("alpha", "bravo")[0]
            try site["vm1"].run("ping -c3 -i0.05 -W2 10.1.0.12")
            let before = try CrashTests.devices(of: site["alpha"])
            try alpha.kill()
            try CrashTests.expect(before, in: site["alpha"])
            #expect(try DirectSite.filters(of: "wfv-vm1", in: site["alpha"]) == ["0x77656674"])
            let next = try await Self.expectSilentStart(of: site, after: alpha)
            #expect(try next.stop() == .exited(0))
            try CrashTests.expect(before, in: site["alpha"])
            let remover = try await Self.expectSilentStart(of: site, after: next, ["--remove"])
            #expect(try remover.stop() == .exited(0))
            #expect(try CrashTests.devices(of: site["alpha"]).keys.sorted() == ["eth0", "lo"])
        }

        /// Starts an agent that finds all as it should be: its only step is to open the uplink.
        private static func expectSilentStart(
            of site: Site, after old: SiteAgent, _ arguments: [String] = []
        ) async throws -> SiteAgent {
            let lines = old.log.split(separator: "\n").count
            let agent = try site.start("alpha", arguments)
            try await agent.isReady()
            let steps = agent.log.split(separator: "\n").dropFirst(lines).filter { $0.contains("step=") }
            #expect(steps.allSatisfy { $0.contains("step=\"open 1 queues of wfu-blue\"") }, "\(steps)")
            for address in ["10.1.0.12", "10.1.0.14"] { try site["vm1"].run("ping -c3 -i0.05 -W2 \(address)") }
            return agent
        }

        @Test("what somebody does to a direct port's device or filter is undone, and traffic goes on") func mangled() async throws
        {
            let site = try DirectSite.make()
            let alpha = try await site.startAll("alpha", "bravo")[0]
            for what in [
                "tc filter del dev wfv-vm1 ingress", "tc qdisc del dev wfv-vm1 clsact",
                "tc filter replace dev wfv-vm1 ingress prio 1 handle 0x77656674 protocol all bpf da bytecode 1,6@0@0@0",
                "ip link set wfv-vm1 master wfb-blue", "ip link set wfv-vm1 down", "ip link set wfv-vm1 mtu 1400",
                "ip link delete wfv-vm1",
            ] {
                let words = what.split(separator: " ").map { String($0.map { $0 == "@" ? " " : $0 }) }
                try site["alpha"].run(words)
                try await alpha.wait("repair after \(what)", within: .seconds(3)) {
                    let link = try site["alpha"].run("ip -o link show dev wfv-vm1")
                    let filter = try site["alpha"].run("tc filter show dev wfv-vm1 ingress")
                    return link.contains("mtu 65535") && link.contains(",UP") && !link.contains("master")
                        && filter.contains("bytecode '1,6 0 0 2'")
                }
                try await alpha.wait("traffic after \(what)", within: .seconds(5)) {
                    try ["10.1.0.12", "10.1.0.14"].allSatisfy {
                        try site["vm1"].attempt(["ping", "-c1", "-W0.2", $0]).isSuccess
                    }
                }
            }
            #expect(try await alpha.client.status().isReady)
        }

        @Test("a virtual machine's TAP: its frames are read, also after it was started again, and after the device was made anew")
        func tap() async throws {
            let site = try DirectSite.make()
            try site.write(
                DirectSite.topology().replacing("netns: \"@vm1\"", with: "kind: tap, mac: \"52:54:00:00:01:01\""))
            let alpha = try await site.startAll("alpha", "bravo")[0]
            let guest = try #require(MACAddress("52:54:00:00:01:01"))
            for round in 0..<3 {
                if round == 2 { try site["alpha"].run("ip link delete wft-vm1") }
                try await alpha.wait("the TAP is there") {
                    _ = try site["alpha"].run("ip link show dev wft-vm1")
                    return try await alpha.client.status().isReady
                }
                // The VMM's end of the device.
                let machine = try site["alpha"].namespace.run {
                    try TapDevice.open(name: "wft-vm1", options: TapOptions(), existence: .adopt)
                }
                try await alpha.wait("up") { try await alpha.client.ports().first { $0.name == "vm1" }?.state == .up }
                for target in [UInt8(12), 14] {
                    try await alpha.wait("an answer of \(target)") {
                        try Self.ask(machine, from: guest, for: target)
                        usleep(20_000)
                        return try Self.hasAnswer(machine, to: guest, from: target)
                    }
                }
            }
            let port = try #require(try await alpha.client.ports().first { $0.name == "vm1" })
            #expect(port.attach == "direct" && port.kind == "tap" && port.rxFrames >= 6 && port.txFrames >= 6, "\(port)")
        }

        // MARK: Helpers

        private static func stepCount(_ agent: SiteAgent) -> Int {
            agent.log.split(separator: "\n").count { $0.contains("step=") }
        }

        /// Sends an ARP request for 10.1.0.`target` behind an empty offload header.
        private static func ask(_ machine: borrowing TapQueue, from guest: MACAddress, for target: UInt8) throws {
            let request: [UInt8] =
                [UInt8](repeating: 0, count: 10) + MACAddress.broadcast.bytes + guest.bytes
                + [0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1] + guest.bytes + [10, 1, 0, 11] + MACAddress.zero.bytes + [
                    10, 1, 0, target,
                ]
            let count = unsafe request.withUnsafeBytes { unsafe write(machine.rawValue, $0.baseAddress, $0.count) }
            try #require(count == request.count)
        }

        /// Whether an ARP reply of 10.1.0.`target` has come.
        private static func hasAnswer(_ machine: borrowing TapQueue, to guest: MACAddress, from target: UInt8) throws -> Bool {
            var bytes = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(machine.rawValue, $0.baseAddress, $0.count) }
                guard count > 0 else { return false }
                let frame = bytes[10..<count]
                guard frame.count >= 42, frame.starts(with: guest.bytes), Array(frame.dropFirst(12).prefix(2)) == [0x08, 0x06]
                else { continue }
                if Array(frame.dropFirst(20).prefix(2)) == [0, 2], frame.dropFirst(28).starts(with: [10, 1, 0, target]) {
                    return true
                }
            }
        }
    }
}
