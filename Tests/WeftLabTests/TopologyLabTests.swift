import Glibc
import Testing
import WeftLinux
import WeftTypes

@testable import WeftLab

/// Every file of `Topologies/` as a lab, by the built binary with real agents.
@Suite(
    .enabled(if: canMakeLabs, "a lab makes network namespaces and needs root"),
    .enabled(if: WeftBinary.path != nil, "there is no weft binary; build it, or name one by WEFT_BINARY"), .serialized)
struct TopologyLabTests {
    @Test(arguments: WeftBinary.topologies)
    func comesUpCarriesTrafficAndGoesDown(file: String) async throws {
        try await Trial.run(root: LabLayout.defaultRoot) { lab in
            try WeftBinary.run(["lab", "up", WeftBinary.topology(file), "--lab", lab.name])
            let summary = try #require(try Lab.list(lab.name).first)
            #expect(summary.hosts.allSatisfy { $0.state == "up" } && summary.guests.allSatisfy { $0.state == "up" })
            try expectReachability(summary, lab)
            let checks = try WeftBinary.run(["test", "--live", WeftBinary.topology(file), "--lab", lab.name])
            #expect(checks.contains("all as expected"), "\(checks)")

            let (namespaces, agents) = (lab.namespaceIdentities(), try agents(lab))
            try WeftBinary.run(["lab", "up", WeftBinary.topology(file), "--lab", lab.name])
            #expect(lab.namespaceIdentities() == namespaces)
            #expect(try self.agents(lab) == agents)
            try expectReachability(summary, lab)

            try WeftBinary.run(["lab", "down", "--lab", lab.name])
            #expect(lab.namespaceIdentities().isEmpty)
            #expect(lab.processes().isEmpty)
            #expect(!Files.isAccessible(lab.layout.directory, F_OK))
        }
    }

    /// What is really so counts, and not what the file says: an underlay that is down, for one.
    @Test func checksAreJudgedLive() async throws {
        try await Trial.run(root: LabLayout.defaultRoot) { lab in
            let topology = """
                weft: 1
                name: first
                hosts: { alpha: { underlay: 192.0.2.11 }, bravo: { underlay: 192.0.2.12 } }
                segments: { blue: { vni: 100, subnet: 10.1.0.0/24 }, green: { vni: 200 } }
                ports:
                  fw: { host: alpha, attach: direct, trunk: { blue: 10, green: 20 } }
                  vm1: { host: alpha, segment: blue, address: 10.1.0.11 }
                  vm2: { host: bravo, segment: blue, address: 10.1.0.12 }
                  vm3: { host: bravo, segment: green, attach: direct }
                checks:
                  - { from: vm1, to: vm2, proto: tcp, port: 80 }
                  - { from: fw, to: vm3, proto: udp, port: 53 }
                  - { from: vm2, to: fw, proto: icmp }
                  - { from: vm1, to: vm3, proto: arp, expect: deny }

                """
            try Files.replace(lab.topologyPath, with: Array(topology.utf8), attempt: "test")
            try WeftBinary.run(["lab", "up", lab.topologyPath, "--lab", lab.name])
            let good = try WeftBinary.run(["test", "--live", lab.topologyPath, "--lab", lab.name])
            #expect(good.hasSuffix("4 checks, all as expected\n"), "\(good)")
            // The same by the model, of which the lab is the proof.
            #expect(try WeftBinary.run(["test", lab.topologyPath]).hasSuffix("4 checks, all as expected\n"))

            try WeftBinary.run(["lab", "exec", "--lab", lab.name, "host:bravo", "--", "ip", "link", "set", "eth0", "down"])
            let bad = try WeftBinary.status(["test", "--live", lab.topologyPath, "--lab", lab.name])
            #expect(bad.status == .exited(2), "\(bad)")
            #expect(bad.standardOutput.contains("does not arrive at vm"), "\(bad)")
            #expect(bad.standardOutput.hasSuffix("4 checks, 1 as expected\n"), "\(bad)")
        }
    }

    @Test func followsItsFile() async throws {
        try await Trial.run(root: LabLayout.defaultRoot) { lab in
            let before = """
                weft: 1
                name: first
                hosts:
                  alpha: { underlay: 192.0.2.11 }
                  bravo: { underlay: 192.0.2.12 }
                segments:
                  blue: { vni: 100, subnet: 10.1.0.0/24 }
                ports:
                  vm1: { host: alpha, segment: blue, address: 10.1.0.11 }
                  vm2: { host: bravo, segment: blue, address: 10.1.0.12 }

                """
            try Files.replace(lab.topologyPath, with: Array(before.utf8), attempt: "test")
            try WeftBinary.run(["lab", "up", lab.topologyPath, "--lab", lab.name])
            let (namespaces, agents) = (lab.namespaceIdentities(), try agents(lab))

            let after = before + "  vm3: { host: bravo, segment: blue, address: 10.1.0.13 }\n"
            try Files.replace(lab.topologyPath, with: Array(after.utf8), attempt: "test")
            try WeftBinary.run(["lab", "up", lab.topologyPath, "--lab", lab.name])
            #expect(try self.agents(lab) == agents)
            #expect(namespaces.allSatisfy { lab.namespaceIdentities()[$0.key] == $0.value })
            try expectReachability(try #require(try Lab.list(lab.name).first), lab)

            try Files.replace(lab.topologyPath, with: Array(before.utf8), attempt: "test")
            try WeftBinary.run(["lab", "up", lab.topologyPath, "--lab", lab.name])
            #expect(lab.namespaceIdentities() == namespaces)
        }
    }

    @Test func execGivesTheCommandsOwnInputOutputAndExitCode() async throws {
        try await Trial.run(root: LabLayout.defaultRoot) { lab in
            try WeftBinary.run(["lab", "up", WeftBinary.topology("two-hosts.weft.yaml"), "--lab", lab.name])
            try expectFaithfulExec(in: "vm1", lab)
            let hosts = try WeftBinary.run(["lab", "exec", "--lab", lab.name, "host:alpha", "--", "ls", "/sys/class/net"])
            #expect(hosts.split(separator: "\n").contains("wft-vm1"))
            #expect(try WeftBinary.status(["lab", "exec", "--lab", lab.name, "vm9", "--", "true"]).status == .exited(64))
        }
    }

    @Test(.enabled(if: (try? MachineKernel.find(nil)) != nil, "there is no kernel for virtual machines; run Scripts/vm-kernel"))
    func virtualMachinesShareASegment() async throws {
        try await Trial.run(root: LabLayout.defaultRoot) { lab in
            let file = WeftBinary.topology("two-hosts.weft.yaml")
            try WeftBinary.run(["lab", "up", file, "--vm", "--lab", lab.name], timeout: .seconds(300))
            for (guest, address) in [("vm1", "10.1.0.12"), ("vm2", "10.1.0.11")] {
                try WeftBinary.run(["lab", "exec", "--lab", lab.name, guest, "--", "ping", "-c", "3", address])
            }
            try expectFaithfulExec(in: "vm1", lab)
            let mtu = try WeftBinary.run(["lab", "exec", "--lab", lab.name, "vm1", "--", "cat", "/sys/class/net/eth0/mtu"])
            #expect(mtu == "1450\n")

            let machines = try #require(try LabRecord.load(lab.layout)).guests
            try WeftBinary.run(["lab", "up", file, "--vm", "--lab", lab.name])
            #expect(try LabRecord.load(lab.layout)?.guests == machines)

            // The machine goes on while its TAP leaves the bridge for the agent's own hands.
            let bytes = try #require(try SmallFile.read(file))
            let direct = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
                .map { $0.hasPrefix("  vm1:") ? $0.split(separator: "}")[0] + ", attach: direct }" : $0 }
            try Files.replace(lab.topologyPath, with: Array(direct.joined(separator: "\n").utf8), attempt: "test")
            try WeftBinary.run(["lab", "up", lab.topologyPath, "--vm", "--lab", lab.name])
            #expect(try LabRecord.load(lab.layout)?.guests == machines)
            try WeftBinary.run(["lab", "exec", "--lab", lab.name, "vm1", "--", "ping", "-c", "3", "10.1.0.12"])
            try WeftBinary.run(["lab", "down", "--lab", lab.name])
            #expect(lab.processes().isEmpty && lab.namespaceIdentities().isEmpty)
        }
    }

    // MARK: Expectations

    /// Every guest reaches every other one of its segment at each of its addresses. A wire has none, and asks nobody.
    private func expectReachability(_ summary: LabSummary, _ lab: Trial) throws {
        for source in summary.guests where !source.addresses.isEmpty {
            for target in summary.guests where target.segment == source.segment && target.name != source.name {
                for address in target.addresses.compactMap({ IPPrefix($0)?.address }) {
                    let outcome = try WeftBinary.status(
                        ["lab", "exec", "--lab", lab.name, source.name, "--", "ping", "-c", "1", "-W", "5", address.description])
                    #expect(outcome.isSuccess, "\(source.name) does not reach \(target.name) at \(address)")
                }
            }
        }
    }

    /// Input and output byte by byte, both outputs apart, the exit code, an end by signal.
    private func expectFaithfulExec(in guest: String, _ lab: Trial) throws {
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
        let path = "/tmp/weft-lab-test-\(lab.name).bytes"
        try Files.replace(path, with: bytes, attempt: "test")
        defer { try? Files.remove(path, attempt: "test") }
        let input = try Descriptor.open(path, flags: O_RDONLY)
        var command = Command(try #require(WeftBinary.path), ["lab", "exec", "--lab", lab.name, guest, "--", "sha256sum"])
        command.standardInput = .descriptor(input.rawValue)
        let digest = SHA256.digest(of: bytes).map { String(Int($0) + 256, radix: 16).dropFirst() }.joined()
        #expect(try command.run(timeout: .seconds(60)).standardOutput == digest + "  -\n")

        let outcome = try WeftBinary.status([
            "lab", "exec", "--lab", lab.name, guest, "--", "sh", "-c", "echo out; echo err >&2; exit 7",
        ])
        #expect(outcome.status == .exited(7))
        #expect(outcome.standardOutput == "out\n" && outcome.standardError == "err\n")
    }

    /// The processes of the lab's agents, by host.
    private func agents(_ lab: Trial) throws -> [String: ProcessIdentity] {
        try #require(try LabRecord.load(lab.layout)).hosts.compactMapValues(\.agent)
    }
}
