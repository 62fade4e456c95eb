import Glibc
import Testing
import WeftAPI
import WeftLinux
import WeftTypes

extension System {
    /// Real agents that take on a topology together, or none of them does.
    @Suite("Revisions of a fabric", .needs("ping", "nft")) struct RevisionTests {
        @Test("a file is planned and applied to all hosts; twice is nothing; each earlier one comes back")
        func applyAndRollBack() async throws {
            let fabric = try await Self.whole(3)
            let file = fabric.site.path("all.weft.yaml")
            try fabric.site.write(Self.file(), to: "all.weft.yaml")
            // What each host has by its own file is a part of it: the first revision adds the hosts to each other.
            let plan = try Self.weft(fabric, 1, ["plan", "--exit-code", file])
            #expect(plan.status == .exited(2), "\(plan)")
            #expect(plan.standardOutput.contains("+ port g2") && plan.standardOutput.contains("revision 1, the first"), "\(plan)")
            let pinger = try Pinger(from: fabric.guest(1), to: "10.1.0.12")
            #expect(try Self.weft(fabric, 1, ["apply", file]).isSuccess)
            for number in 1...3 { #expect(try Self.revision(fabric, number) == 1) }

            let before = try await Self.effort(fabric)
            let again = try Self.weft(fabric, 2, ["apply", file])
            #expect(again.isSuccess && again.standardOutput.contains("nothing to do"), "\(again)")
            try await Task.sleep(for: .milliseconds(300))
            #expect(try await Self.effort(fabric) == before, "a second apply writes to no kernel and tells nobody anything")
            var files = [try Self.content(of: file)]
            for revision in 2...20 {
                try fabric.site.write(Self.file(mtu: 1300 + revision, label: revision), to: "all.weft.yaml")
                files.append(try Self.content(of: file))
                let applied = try Self.weft(fabric, 1 + revision % 3, ["apply", file, "-q"])
                #expect(applied.isSuccess && applied.standardOutput == "the fabric runs revision \(revision)\n", "\(applied)")
            }
            var random = SeededRandom(seed: 20)
            for (step, target) in (1...20).shuffled(using: &random).enumerated() {
                let rolled = try Self.weft(fabric, 1 + step % 3, ["rollback", "\(target)", "-q"])
                #expect(rolled.isSuccess, "\(rolled)")
                try fabric.site.write(files[target - 1], to: "all.weft.yaml")
                let number = 1 + (step + 1) % 3
                let plan = try Self.weft(fabric, number, ["plan", "--exit-code", file])
                #expect(plan.isSuccess, "revision \(target) on h\(number): \(plan)")
            }
            let export = try Self.weft(fabric, 2, ["export"])
            try fabric.site.write(export.standardOutput, to: "all.weft.yaml")
            #expect(try Self.weft(fabric, 3, ["diff", file]).isSuccess)
            let traffic = try pinger.stop()
            print("40 revisions applied; of the pings between two hosts \(traffic)")
            #expect(traffic.lost == 0)
        }

        @Test("a host that is down is named and nothing changes; without it the others go on, and it follows when it returns")
        func absence() async throws {
            let fabric = try await Self.whole(3)
            let file = fabric.site.path("all.weft.yaml")
            try fabric.site.write(Self.file(), to: "all.weft.yaml")
            #expect(try Self.weft(fabric, 1, ["apply", file]).isSuccess)
            try fabric.agent(3).kill()
            try await fabric.agent(1).wait("h3 is dead", within: .seconds(8)) {
                try await fabric.state(of: "h3", at: fabric.agent(1)) == .dead
            }
            try fabric.site.write(Self.file(mtu: 1300), to: "all.weft.yaml")
            let refused = try Self.weft(fabric, 1, ["apply", file])
            #expect(refused.status == .exited(1) && refused.standardError.contains("h3 is down"), "\(refused)")
            #expect(try Self.revision(fabric, 2) == 1)
            let partial = try Self.weft(fabric, 1, ["apply", "--partial", file])
            #expect(partial.isSuccess && partial.standardOutput.contains("without h3"), "\(partial)")
            #expect(try Self.revision(fabric, 2) == 2)
            // It starts with its own file, and goes on with what it had, then with what the others have.
            let agent = try fabric.start(3)
            try await agent.wait("it runs revision 2", within: .seconds(15)) {
                try await agent.client.history().first?.revision == 2
            }
            try await agent.wait("its segment has the new MTU") {
                try await agent.client.segments().first?.mtu == 1300
            }
            try agent.kill()
            try await fabric.start(3).isReady()
            #expect(try Self.revision(fabric, 3) == 2)
        }

        @Test("a revision that is not confirmed is taken back by every host, also by those that hear nobody")
        func confirmation() async throws {
            let fabric = try await Self.whole(3)
            let file = fabric.site.path("all.weft.yaml")
            try fabric.site.write(Self.file(), to: "all.weft.yaml")
            #expect(try Self.weft(fabric, 1, ["apply", file]).isSuccess)
            try fabric.site.write(Self.file(mtu: 1300), to: "all.weft.yaml")
            let applied = try Self.weft(fabric, 1, ["apply", "--confirm", "4s", file])
            #expect(applied.isSuccess && applied.standardOutput.contains("weft apply --keep"), "\(applied)")
            for number in 1...3 { #expect(try Self.revision(fabric, number) == 2) }
            // The operator and every host are cut off from each other.
            for number in 1...3 { try fabric.refuse(at: number, from: (1...3).filter { $0 != number }) }
            for number in 1...3 {
                let agent = try fabric.agent(number)
                try await agent.wait("it has returned to revision 1", within: .seconds(8)) {
                    try await agent.client.history().first?.revision == 1
                }
                #expect(try await agent.client.segments().first?.mtu == 1450)
            }
            fabric.heal()
            try await fabric.isWhole()
            let kept = try Self.weft(fabric, 1, ["apply", "--confirm", "3s", file])
            #expect(kept.isSuccess, "\(kept)")
            #expect(try Self.weft(fabric, 1, ["apply", "--keep"]).isSuccess)
            try await Task.sleep(for: .seconds(4))
            for number in 1...3 { #expect(try Self.revision(fabric, number) == 2) }
        }

        @Test(
            "a proposer that dies after all have promised leaves them in doubt, with the old tables; it ends that when it returns"
        )
        func doubt() async throws {
            let fabric = try await Self.whole(3)
            let file = fabric.site.path("all.weft.yaml")
            try fabric.site.write(Self.file(), to: "all.weft.yaml")
            #expect(try Self.weft(fabric, 1, ["apply", file]).isSuccess)
            try fabric.site.write(Self.file(mtu: 1300), to: "all.weft.yaml")
            // h3 does not hear h1: the votes are awaited for 10 s, in which h2 has promised and h1 dies.
            try fabric.refuse(at: 3, from: [1, 2])
            let agent = try fabric.agent(1)
            let apply = Command(
                WeftBinary.path ?? "weft", ["apply", file, "--socket", agent.client.socketPath],
                in: .named(fabric.site.namespace("h1")))
            let operation = try ChildProcess(apply)
            let second = try fabric.agent(2)
            try await second.wait("it is in doubt") { try await second.client.history().first?.state == .inDoubt }
            #expect(try await second.client.segments().first?.mtu == 1450)
            let status = try await second.client.status()
            #expect(status.alerts.contains { $0.text == "in doubt (r2 from h1)" }, "\(status.alerts)")
            try agent.kill()
            _ = try? operation.wait(timeout: .seconds(10))
            fabric.heal()
            // It objects to what others propose meanwhile.
            let refused = try Self.weft(fabric, 2, ["apply", "--partial", file])
            #expect(refused.standardError.contains("in doubt about r2 from h1"), "\(refused)")
            try await fabric.start(1).isReady()
            try await second.wait("its doubt has ended", within: .seconds(15)) {
                try await second.client.history().first?.state == .current
            }
            for number in 1...3 { #expect(try Self.revision(fabric, number) == 1) }
            try await fabric.isWhole()
            #expect(try Self.weft(fabric, 3, ["apply", file]).isSuccess)
            for number in 1...3 { #expect(try Self.revision(fabric, number) == 2) }
        }

        // MARK: The site

        private static func whole(_ count: Int) async throws -> FabricSite {
            let fabric = try FabricSite(count: count)
            for number in 1...count { try fabric.start(number) }
            for number in 1...count { try await fabric.agent(number).isReady() }
            try await fabric.isWhole()
            return fabric
        }

        /// The file of the whole fabric of three hosts.
        private static func file(mtu: Int? = nil, label: Int = 0) -> String {
            let hosts = (1...3).map { "  h\($0): { underlay: 192.0.2.\(10 + $0), labels: { n: \"\(label)\" } }\n" }.joined()
            let ports = (1...3).map {
                "  g\($0): { host: h\($0), segment: blue, address: 10.1.0.\(10 + $0), netns: \"@g\($0)\" }\n"
            }.joined()
            return """
                weft: 1
                name: mesh
                hosts:
                \(hosts)segments:
                  blue: { vni: 100, subnet: 10.1.0.0/24\(mtu.map { ", mtu: \($0)" } ?? "") }
                defaults:
                  port: { kind: veth }
                ports:
                \(ports)
                """
        }

        /// What the agents have written to their kernels and told the fabric so far, by host and metric.
        private static func effort(_ fabric: FabricSite) async throws -> [String] {
            var found: [String] = []
            for number in 1...3 {
                let metrics = try await fabric.agent(number).client.metrics().split(separator: "\n")
                let lines = metrics.filter { $0.hasPrefix("weft_host_writes_") || $0.hasPrefix("weft_gossip_records_written_") }
                #expect(lines.count == 2)
                found += lines.map { "h\(number) \($0)" }
            }
            return found
        }

        private static func content(of path: String) throws -> String {
            String(decoding: try #require(try SmallFile.read(path)), as: UTF8.self)
        }

        private static func weft(_ fabric: FabricSite, _ host: Int, _ words: [String]) throws -> Command.Outcome {
            try fabric.site.weft("h\(host)", words + ["--socket", try fabric.agent(host).client.socketPath])
        }

        private static func revision(_ fabric: FabricSite, _ host: Int) throws -> UInt64? {
            let outcome = try weft(fabric, host, ["history", "-o", "name"])
            return outcome.standardOutput.split(separator: "\n").first.flatMap { UInt64($0) }
        }
    }
}
