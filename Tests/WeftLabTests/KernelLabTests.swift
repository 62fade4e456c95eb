import Glibc
import Testing
import WeftLinux
import WeftTopology
import WeftTypes

@testable import WeftLab

/// Labs without an agent: every host is the kernel's own VXLAN device.
@Suite(.enabled(if: canMakeLabs, "a lab makes network namespaces and needs root"), .serialized)
struct KernelLabTests {
    /// Three end points, one with both families, one with IPv6 only; two segments.
    static func topology(bravo: [String] = ["192.0.2.12", "2001:db8::12"]) throws -> Topology {
        func name(_ text: String) throws -> TopologyName { try #require(TopologyName(text)) }
        func host(_ text: String, _ addresses: [String]) throws -> Host {
            Host(name: try name(text), underlay: .addresses(try addresses.map { try #require(IPAddress($0)) }), kind: .vtep)
        }
        func port(_ text: String, on host: String, in segment: String, _ addresses: [String]) throws -> Port {
            Port(
                name: try name(text), fabric: try name("lab"), host: try name(host), attachment: .access(try name(segment)),
                addresses: try addresses.map { try #require(IPPrefix($0)) })
        }
        return Topology(
            name: try name("lab"),
            hosts: [
                try host("alpha", ["192.0.2.11", "2001:db8::11"]), try host("bravo", bravo), try host("six", ["2001:db8::6"]),
            ],
            segments: [
                Segment(name: try name("blue"), vni: try #require(VNI(100))),
                Segment(name: try name("green"), vni: try #require(VNI(16_777_215)), mtu: .bytes(1400)),
            ],
            ports: [
                try port("acme/web", on: "alpha", in: "blue", ["10.1.0.1/24", "2001:db8:1::1/64"]),
                try port("vm2", on: "bravo", in: "blue", ["10.1.0.2/24", "2001:db8:1::2/64"]),
                try port("vm3", on: "six", in: "blue", ["10.1.0.3/24", "2001:db8:1::3/64"]),
                try port("vm4", on: "alpha", in: "green", ["10.1.0.1/24"]),
                try port("vm5", on: "bravo", in: "green", ["10.1.0.2/24"]),
            ])
    }

    @Test func guestsReachEachOtherOverBothFamilies() async throws {
        try await Trial.run { lab in
            let summary = try await lab.up(Self.topology())
            #expect(summary.isComplete)
            #expect(summary.guests.map(\.state) == ["up", "up", "up", "up", "up"])
            for (from, to) in [("acme/web", "10.1.0.2"), ("vm2", "10.1.0.3"), ("vm3", "10.1.0.1"), ("vm4", "10.1.0.2")] {
                #expect(try lab.run("ping", ["-c1", "-W5", to], in: from) == .exited(0), "\(from) to \(to)")
            }
            #expect(try lab.run("ping", ["-c1", "-W5", "2001:db8:1::3"], in: "acme/web") == .exited(0))
            // The largest packet of the segment, whole: 1500 - 70 because one member has IPv6 only.
            #expect(try lab.run("ping", ["-c1", "-W5", "-Mdo", "-s1402", "10.1.0.2"], in: "acme/web") == .exited(0))
            #expect(try lab.run("ping", ["-c1", "-W1", "-Mdo", "-s1403", "10.1.0.2"], in: "acme/web") != .exited(0))
            // Segments are apart, though their addresses are the same.
            #expect(try lab.run("ping", ["-c1", "-W1", "10.1.0.3"], in: "vm4") != .exited(0))
        }
    }

    @Test func aSecondUpChangesNothing() async throws {
        try await Trial.run { lab in
            _ = try await lab.up(Self.topology())
            let before = lab.namespaceIdentities()
            _ = try await lab.up(Self.topology())
            #expect(lab.namespaceIdentities() == before)
            #expect(before.count == 9)
        }
    }

    @Test func aSecondUpChangesWhatDiffers() async throws {
        try await Trial.run { lab in
            _ = try await lab.up(Self.topology())
            let before = lab.namespaceIdentities()
            _ = try await lab.up(Self.topology(bravo: ["192.0.2.99"]))
            let after = lab.namespaceIdentities()
            #expect(after["weft-\(lab.name)-u"] == before["weft-\(lab.name)-u"])
            #expect(after["weft-\(lab.name)-h-bravo"] != before["weft-\(lab.name)-h-bravo"])
            #expect(try lab.run("ping", ["-c1", "-W5", "192.0.2.99"], in: "host:alpha") == .exited(0))
            #expect(try lab.run("ping", ["-c1", "-W5", "10.1.0.2"], in: "acme/web") == .exited(0))
        }
    }

    @Test func downLeavesNothingEvenOfWhatRunsInside() async throws {
        try await Trial.run { lab in
            _ = try await lab.up(Self.topology())
            var command = Command("sleep", ["1000"], in: .named("weft-\(lab.name)-g-vm2"))
            command.isSessionLeader = true
            let sleeper = try ChildProcess(command)
            try lab.down()
            #expect(try sleeper.wait(timeout: .seconds(5)) == .signalled(SIGTERM))
            #expect(lab.namespaceIdentities().isEmpty)
            #expect(!Files.isAccessible(lab.root, F_OK))
        }
    }

    @Test func aFailedUpCleansUpAfterItself() async throws {
        try await Trial.run { lab in
            let stranger = "weft-\(lab.name)-h-six"
            try NetworkNamespace.create(stranger)
            await #expect { _ = try await lab.up(Self.topology()) } throws: { error in
                "\(error)".contains("the namespace \(stranger) exists and is not this lab's")
            }
            #expect(Array(lab.namespaceIdentities().keys) == [stranger])
            #expect(!Files.isAccessible(lab.root, F_OK))
            try NetworkNamespace.delete(stranger)
        }
    }

    @Test func anInterruptedUpCleansUpAfterItself() async throws {
        for step in 1...12 {
            try await Trial.run { lab in
                let count = Counter()
                do {
                    _ = try await lab.up(Self.topology(), interruption: Interruption { count.next() > step })
                    Issue.record("up was not interrupted at step \(step)")
                } catch let error as LabError {
                    #expect(error.kind == .interrupted)
                }
                #expect(lab.namespaceIdentities().isEmpty)
                #expect(!Files.isAccessible(lab.root, F_OK))
            }
        }
    }

    @Test func whatAKilledUpLeftIsFinishedByTheNext() async throws {
        try await Trial.run { lab in
            _ = try await lab.up(Self.topology())
            let layout = lab.layout
            var record = try #require(try LabRecord.load(layout))
            record.hosts["bravo"]?.fingerprint = ""
            record.isComplete = false
            try record.save(layout)
            try NetworkNamespace.delete("weft-\(lab.name)-g-vm4")
            _ = try await lab.up(Self.topology())
            #expect(try lab.run("ping", ["-c1", "-W5", "10.1.0.2"], in: "vm4") == .exited(0))
            #expect(try lab.run("ping", ["-c1", "-W5", "10.1.0.2"], in: "acme/web") == .exited(0))
        }
    }

    @Test func namesWhatThereIsWhenATargetIsUnknown() async throws {
        try await Trial.run { lab in
            _ = try await lab.up(Self.topology())
            #expect {
                _ = try Lab.exec("vm9", ["true"], lab: lab.name, root: lab.root)
            } throws: { error in
                (error as? LabError)?.kind == .usage && "\(error)".contains("acme/web, vm2, vm3, vm4, vm5, host:alpha")
            }
        }
    }

    @Test func choosesTheOnlyLabAndListsSeveral() async throws {
        try await Trial.run { lab in
            #expect { try Lab.find(nil, root: lab.root) } throws: { "\($0)".contains("there is no lab") }
            _ = try await lab.up(Self.topology())
            #expect(try Lab.find(nil, root: lab.root).lab.rawValue == lab.name)
            try Files.makeFolder("\(lab.root)/other", attempt: "test")
            #expect { try Lab.find(nil, root: lab.root) } throws: {
                ($0 as? LabError)?.kind == .usage && "\($0)".contains("name one with --lab: other, \(lab.name)")
            }
        }
    }
}
