import Glibc
import Testing
import WeftAPI
import WeftLinux

extension System {
    /// What changes while an agent runs: its file, its underlay, its devices under somebody else's hands.
    @Suite(.needs("ping")) struct ChangeTests {
        @Test("SIGHUP applies the differences and nothing else") func reload() async throws {
            let site = try SmallSite.make(moreGuests: ["vm5", "vm6"])
            let alpha = try await site.startAll("alpha", "bravo")[0]
            let before = try CrashTests.devices(of: site["alpha"])
            let pings = [try Pinger(from: site["vm1"], to: "10.1.0.12"), try Pinger(from: site["vm1"], to: "10.1.0.14")]
            let more = SmallSite.topology(
                ports: """
                      vm5: { host: alpha, segment: blue, address: 10.1.0.15, netns: "@vm5" }
                      vm6: { host: alpha, segment: green, address: 10.2.0.16, netns: "@vm6" }
                    """, segments: "  green: { vni: 200, subnet: 10.2.0.0/24 }")
            try site.write(more)
            try await alpha.reload()
            try await alpha.wait("the new port") {
                let (ports, status) = (try await alpha.client.ports(), try await alpha.client.status())
                return ports.count == 4 && status.isReady
            }
            try site["vm5"].run("ping -c2 -i0.1 -W2 10.1.0.12")
            let with = try CrashTests.devices(of: site["alpha"])
            #expect(Set(with.keys).subtracting(before.keys) == ["wfb-green", "wfu-green", "wfv-vm5", "wfv-vm6"])
            #expect(before.filter { with[$0.key] != $0.value } == [:])

            try site.write(SmallSite.topology())
            try await alpha.reload()
            try await alpha.wait("as before") { try CrashTests.devices(of: site["alpha"]).count == before.count }
            try CrashTests.expect(before, in: site["alpha"])
            for ping in pings {
                let summary = try ping.stop()
                #expect(summary.lost == 0 && summary.duplicates == 0 && summary.sent > 5, "\(summary)")
            }
        }

        @Test("a file that is wrong changes nothing, and status says so until it is right") func invalidReload() async throws {
            let site = try SmallSite.make()
            let alpha = try await site.startAll("alpha")[0]
            let before = try CrashTests.devices(of: site["alpha"])
            try site.write(SmallSite.topology().replacing("segment: blue", with: "segment: bleu"))
            try await alpha.reload()
            let status = try await alpha.client.status()
            #expect(status.isReady)
            #expect(status.alerts.contains { $0.text.contains("did you mean 'blue'") }, "\(status.alerts)")
            #expect(try site.weft("alpha", ["status", "--check", "--socket", alpha.client.socketPath]).status == .exited(2))
            try CrashTests.expect(before, in: site["alpha"])
            for broken in ["", "weft: 2\n", "{", "\u{0}"] {
                try site.write(broken)
                try await alpha.reload()
                #expect(try await !alpha.client.status().alerts.isEmpty)
            }
            try check(unsafe unlink(site.path("site.weft.yaml")), "remove the file")
            try await alpha.reload()
            #expect(try await !alpha.client.status().alerts.isEmpty)
            try site.write(SmallSite.topology())
            try await alpha.reload()
            #expect(try await alpha.client.status().alerts.isEmpty)
            try CrashTests.expect(before, in: site["alpha"])
        }

        @Test("a hundred reloads leave no descriptor and no memory; an idle agent is idle") func reloadsCostNothing() async throws
        {
            let site = try SmallSite.make(moreGuests: ["vm5"])
            let alpha = try await site.startAll("alpha")[0]
            let more = SmallSite.topology(
                ports: "  vm5: { host: alpha, segment: green, address: 10.2.0.15, netns: \"@vm5\" }",
                segments: "  green: { vni: 200, subnet: 10.2.0.0/24 }")
            func reloadTwice() async throws {
                for text in [more, SmallSite.topology()] {
                    try site.write(text)
                    try await alpha.reload()
                }
            }
            for _ in 0..<10 { try await reloadTwice() }
            try await Task.sleep(for: .milliseconds(500))
            let (descriptors, memory) = (alpha.descriptorCount, alpha.residentByteCount)
            for _ in 0..<50 { try await reloadTwice() }
            try await Task.sleep(for: .milliseconds(500))
            #expect(alpha.descriptorCount <= descriptors)
            #expect(alpha.residentByteCount - memory <= 2 << 20, "grew by \(alpha.residentByteCount - memory) bytes")
            #expect(try await alpha.client.status().isReady)

            let time = alpha.processorTime
            try await Task.sleep(for: .seconds(4))
            #expect(alpha.processorTime - time < .milliseconds(80))
        }

        @Test("an underlay address that is missing is waited for, and said so; one that goes and comes is used again")
        func underlayComesLater() async throws {
            let site = try SmallSite.make()
            try site["alpha"].run("ip address delete 192.0.2.11/24 dev eth0")
            let alpha = try site.start("alpha")
            let bravo = try site.start("bravo")
            try await bravo.isReady()
            try await alpha.wait("what it waits for") {
                try await alpha.client.status().waitingFor.contains { $0.contains("192.0.2.11 is on no device") }
            }
            let waited = try site.weft("alpha", ["status", "--wait", "200ms", "--socket", alpha.client.socketPath])
            #expect(waited.status == .exited(75) && waited.standardError.contains("192.0.2.11"), "\(waited)")
            try site["vm1"].run("ping -c2 -i0.1 -W2 10.1.0.14")
            try site["alpha"].run("ip address add 192.0.2.11/24 dev eth0")
            try await alpha.isReady(within: .seconds(2))
            try site["vm1"].run("ping -c2 -i0.1 -W2 10.1.0.12")

            try site["alpha"].run("ip address delete 192.0.2.11/24 dev eth0")
            try await alpha.wait("waiting again", within: .seconds(3)) { try await !alpha.client.status().isReady }
            try site["alpha"].run("ip address add 192.0.2.11/24 dev eth0")
            try await alpha.isReady(within: .seconds(2))
            try site["vm1"].run("ping -c2 -i0.1 -W2 10.1.0.12")
        }

        @Test("H6: what somebody does to a device of ours is undone within a second") func mangled() async throws {
            let site = try SmallSite.make()
            let alpha = try await site.startAll("alpha", "bravo")[0]
            let shape = try Self.shape(of: site["alpha"])
            for what in [
                "link delete wfb-blue", "link set wfb-blue down", "link set wfv-vm1 nomaster", "link set wfv-vm1 down",
                "link delete wfu-blue", "link set wfu-blue down", "link set wfu-blue nomaster", "link delete wfv-vm1",
                "address add 10.1.0.1/24 dev wfb-blue",
            ] {
                // A second is what a host needs that has something else to do as well; a crowded one gets more attempts.
                var times: [Duration] = []
                while times.count < 3, times.allSatisfy({ $0 >= .seconds(1) }) {
                    times.append(try await repairTime(after: what, shape: shape, alpha, site))
                }
                #expect(times.contains { $0 < .seconds(1) }, "\(what): \(times)")
                try await alpha.wait("traffic after \(what)", within: .seconds(5)) {
                    try ["10.1.0.12", "10.1.0.14"].allSatisfy {
                        try site["vm1"].attempt(["ping", "-c1", "-W0.2", $0]).isSuccess
                    }
                }
            }
        }

        /// Does something to alpha and waits until its devices are as before.
        private func repairTime(after what: String, shape: [String], _ alpha: SiteAgent, _ site: Site) async throws -> Duration {
            try site["alpha"].run("ip \(what)")
            let start = ContinuousClock.now
            try await alpha.wait("repair after \(what)", within: .seconds(5)) { try Self.shape(of: site["alpha"]) == shape }
            return ContinuousClock.now - start
        }

        /// The devices of a host: which there are, in what bridge, up or down, and with what addresses.
        private static func shape(of place: Place) throws -> [String] {
            let links = try place.run("ip -o link show").split(separator: "\n").map { line -> String in
                let words = line.split { " <>,".contains($0) }
                let name = words[1].split { $0 == ":" || $0 == "@" }.first ?? ""
                let master = words.firstIndex(of: "master").map { words[$0 + 1] } ?? "none"
                return "\(name) in \(master)" + (words.contains("UP") ? ", up" : "")
            }
            let addresses = try place.run("ip -o -4 address show").split(separator: "\n").map { line in
                line.split(separator: " ").dropFirst().prefix(3).joined(separator: " ")
            }
            return links.sorted() + addresses.sorted()
        }
    }
}
