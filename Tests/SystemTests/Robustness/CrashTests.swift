import Glibc
import Testing
import WeftAPI
import WeftLinux

extension System {
    /// Agents that end, well or badly, and start again (`PROTOCOL.md` §5).
    @Suite(.needs("ping")) struct CrashTests {
        @Test("kill -9 during traffic: same-host guests lose nothing, the next agent adopts what is there and writes nothing")
        func killed() async throws {
            let site = try SmallSite.make()
            let alpha = try await site.startAll("alpha", "bravo")[0]
            try site["alpha"].run("ip link add wft-x type bridge")
            let local = try Pinger(from: site["vm1"], to: "10.1.0.14")
            let across = try Pinger(from: site["vm1"], to: "10.1.0.12", interval: .milliseconds(50))
            try await Task.sleep(for: .milliseconds(500))
            let before = try Self.devices(of: site["alpha"])
            try alpha.kill()
            let lines = alpha.log.split(separator: "\n").count
            try await Task.sleep(for: .milliseconds(500))
            try Self.expect(before, in: site["alpha"])

            let next = try site.start("alpha")
            try await next.isReady()
            try Self.expect(before, in: site["alpha"])
            // The one step of a new agent is to open the uplink's queue, which changes nothing about any device.
            let steps = next.log.split(separator: "\n").dropFirst(lines).filter { $0.contains("step=") }
            #expect(steps.allSatisfy { $0.contains("step=\"open 1 queues of wfu-blue\"") }, "\(steps)")
            try site["vm1"].run("ping -c5 -i0.05 -W2 10.1.0.12")
            let (localEnd, acrossEnd) = (try local.stop(), try across.stop())
            #expect(localEnd.lost == 0 && localEnd.duplicates == 0 && localEnd.sent > 20, "\(localEnd)")
            #expect(acrossEnd.answered > 10 && acrossEnd.duplicates == 0, "\(acrossEnd)")
        }

        @Test("agents killed again and again at any moment leave no orphan and end where they should") func killedEarly()
            async throws
        {
            let site = try SmallSite.make()
            try site["alpha"].run("ip link add wft-x type bridge")
            for milliseconds in stride(from: 5, to: 245, by: 20) {
                let agent = try site.start("alpha")
                try await Task.sleep(for: .milliseconds(milliseconds))
                try agent.kill()
            }
            let last = try site.start("alpha")
            try await last.isReady()
            let names = ["eth0", "lo", "wfb-blue", "wft-x", "wfu-blue", "wfv-vm1", "wfv-vm4"]
            #expect(try Self.devices(of: site["alpha"]).keys.sorted() == names)
            _ = try site.start("bravo")
            try await last.wait("guests reach each other") {
                try site["vm1"].attempt(["ping", "-c1", "-W1", "10.1.0.12"]).isSuccess
            }
        }

        @Test("SIGTERM leaves devices and local traffic; --remove takes all of ours and nothing else") func stopped() async throws
        {
            let site = try SmallSite.make()
            try site["alpha"].run("ip link add wft-x type bridge")
            try site["alpha"].run("ip link add wfb-y type bridge")
            let foreign = try Self.devices(of: site["alpha"])
            let agent = try site.start("alpha")
            try await agent.isReady()
            let ours = try Self.devices(of: site["alpha"])
            let local = try Pinger(from: site["vm1"], to: "10.1.0.14")
            #expect(try agent.stop() == .exited(0))
            #expect(unsafe access(agent.client.socketPath, F_OK) != 0, "the socket is left")
            try Self.expect(ours, in: site["alpha"])
            try await Task.sleep(for: .milliseconds(300))
            let summary = try local.stop()
            #expect(summary.lost == 0 && summary.sent > 5, "\(summary)")

            let remover = try site.start("alpha", ["--remove"])
            try await remover.isReady()
            #expect(try remover.stop() == .exited(0))
            try Self.expect(foreign, in: site["alpha"])
            #expect(try !site["vm1"].run("ip -o link").contains("eth0"))
        }

        @Test("--cleanup refuses while an agent runs, then removes what carries the mark and nothing else") func cleanup()
            async throws
        {
            let site = try SmallSite.make()
            try site["alpha"].run("ip link add wft-x type bridge")
            let foreign = try Self.devices(of: site["alpha"])
            let agent = try site.start("alpha")
            try await agent.isReady()
            let ours = try Self.devices(of: site["alpha"])
            let refused = try site.weft("alpha", ["agent", "--cleanup", "--all"])
            #expect(refused.status == .exited(1))
            #expect(refused.standardError.contains("stop the agent first; nothing was changed"), "\(refused.standardError)")
            try Self.expect(ours, in: site["alpha"])
            try agent.kill()
            let other = try site.weft("alpha", ["agent", "--cleanup", "--fabric", "other"])
            #expect(other.isSuccess && other.standardError.contains("nothing to remove"), "\(other)")
            try Self.expect(ours, in: site["alpha"])
            let done = try site.weft("alpha", ["agent", "--cleanup", "--topology", site.path("site.weft.yaml")])
            #expect(done.isSuccess, "\(done)")
            try Self.expect(foreign, in: site["alpha"])
            let again = try site.weft("alpha", ["agent", "--cleanup", "--all"])
            #expect(again.isSuccess && again.standardError.contains("nothing to remove"), "\(again)")
        }

        @Test("there is one agent per network namespace") func secondAgent() async throws {
            let site = try SmallSite.make()
            let agent = try await site.startAll("alpha")[0]
            let second = try site.weft(
                "alpha", ["agent", "--host", "alpha", "--topology", site.path("site.weft.yaml"), "--socket", site.path("2.sock")])
            #expect(second.status == .exited(1))
            #expect(second.standardError.contains("process \(agent.process.processID) is it already"), "\(second.standardError)")
            #expect(second.standardError.contains("nothing was changed"))
            #expect(try await agent.client.status().isReady)
        }

        /// Fails unless the devices of a host are what they were.
        static func expect(
            _ old: [String: String], in place: Place, sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            let new = try devices(of: place)
            for name in Set(old.keys).union(new.keys).sorted() where old[name] != new[name] {
                Issue.record("\(name): \(old[name] ?? "none") → \(new[name] ?? "none")", sourceLocation: sourceLocation)
            }
        }

        /// The devices of a host by name, with what `ip` says of them that does not change by itself.
        static func devices(of place: Place) throws -> [String: String] {
            let lines = try place.run("ip -o -d link show").split(separator: "\n")
            return Dictionary(
                lines.map { line in
                    // A persistent TAP loses its carrier with the process that has it open, and its port of the bridge its state.
                    let changing: Set<Substring> = [
                        "LOWER_UP", "NO-CARRIER", "state", "UP", "DOWN", "UNKNOWN", "forwarding", "disabled",
                    ]
                    let words = line.split { " <>,\\".contains($0) }.filter { !changing.contains($0) }
                    let kept = words.enumerated().filter { index, word in
                        let isValue = index > 0 && (words[index - 1].hasSuffix("_timer") || words[index - 1] == "numqueues")
                        return !word.hasSuffix("_timer") && !isValue
                    }
                    let name = words[1].split { $0 == ":" || $0 == "@" }.first.map(String.init) ?? ""
                    return (name, kept.map(\.element).joined(separator: " "))
                }
            ) { first, _ in first }
        }
    }
}
