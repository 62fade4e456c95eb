import Glibc
import Testing
import WeftLinux
import WeftTopology
import WeftTypes

@testable import WeftLab

/// How the lab treats its agents: here a shell script in the place of one, because what is tested are agents that fail.
@Suite(.enabled(if: canMakeLabs, "a lab makes network namespaces and needs root"), .serialized)
struct AgentProcessTests {
    static func topology() throws -> Topology {
        func name(_ text: String) throws -> TopologyName { try #require(TopologyName(text)) }
        return Topology(
            name: try name("lab"),
            hosts: [Host(name: try name("alpha"), underlay: .addresses([try #require(IPAddress("192.0.2.11"))]))],
            segments: [Segment(name: try name("blue"), vni: try #require(VNI(100)))],
            ports: [
                Port(
                    name: try name("vm1"), fabric: try name("lab"), host: try name("alpha"),
                    attachment: .access(try name("blue")),
                    addresses: [try #require(IPPrefix("10.1.0.1/24"))])
            ])
    }

    /// Runs `script` as the agents of a lab.
    private func withAgent(_ script: String, _ body: (Trial) async throws -> Void) async throws {
        try await Trial.run { lab in
            lab.executable = "/tmp/weft-lab-test-\(lab.name).sh"
            defer { try? Files.remove(lab.executable, attempt: "test") }
            try Files.replace(lab.executable, with: Array("#!/bin/sh\n\(script)\n".utf8), attempt: "test")
            #expect(unsafe chmod(lab.executable, 0o755) == 0)
            try await body(lab)
        }
    }

    @Test func anAgentThatEndsIsToldWithTheEndOfItsLog() async throws {
        try await withAgent("for i in $(seq 30); do echo line $i; done; sleep 0.5; exit 3") { lab in
            do {
                _ = try await lab.up(Self.topology())
                Issue.record("up succeeded")
            } catch let error as LabError {
                // It is told in other words when it ends before anybody has asked it.
                #expect(error.description.contains("the agent of host 'alpha'") && error.description.contains("ended"))
                #expect(error.description.hasSuffix("  line 29\n  line 30"))
                #expect(!error.description.contains("line 18\n"))
            }
            #expect(lab.namespaceIdentities().isEmpty)
            #expect(!Files.isAccessible(lab.root, F_OK))
        }
    }

    @Test func anAgentThatIsNeverReadyIsToldWithWhatItWaitsFor() async throws {
        try await withAgent("echo started; exec sleep 1000") { lab in
            do {
                _ = try await lab.up(Self.topology(), probe: FixedProbe(answer: .waiting(for: ["address 192.0.2.11"])))
                Issue.record("up succeeded")
            } catch let error as LabError {
                #expect(error.kind == .timedOut)
                #expect(error.description.contains("address 192.0.2.11"))
                #expect(error.description.contains("  started"))
            }
            #expect(lab.processes().isEmpty)
            #expect(lab.namespaceIdentities().isEmpty)
        }
    }

    @Test func anAgentStaysWhenUpRunsAgainAndOneThatDiedIsStartedAnew() async throws {
        try await withAgent("trap 'echo reloaded' HUP; while :; do sleep 0.05; done") { lab in
            let probe = FixedProbe(answer: .ready(portCount: 1))
            _ = try await lab.up(Self.topology(), probe: probe)
            let first = try #require(try LabRecord.load(lab.layout)?.hosts["alpha"]?.agent)
            _ = try await lab.up(Self.topology(), probe: probe)
            #expect(try LabRecord.load(lab.layout)?.hosts["alpha"]?.agent == first)
            #expect(Files.lastLines(of: lab.layout.agentLog("alpha"), count: 1).isEmpty, "nothing changed, so no SIGHUP")

            try Files.replace(lab.layout.topology, with: Array("weft: 1 # older\n".utf8), attempt: "test")
            _ = try await lab.up(Self.topology(), probe: probe)
            #expect(try LabRecord.load(lab.layout)?.hosts["alpha"]?.agent == first)
            try await Task.sleep(for: .milliseconds(300))
            #expect(Files.lastLines(of: lab.layout.agentLog("alpha"), count: 1) == ["reloaded"])

            kill(first.processID, SIGKILL)
            while first.isRunning { try await Task.sleep(for: .milliseconds(10)) }
            let before = lab.namespaceIdentities()
            _ = try await lab.up(Self.topology(), probe: probe)
            let second = try #require(try LabRecord.load(lab.layout)?.hosts["alpha"]?.agent)
            #expect(second != first && second.isRunning)
            #expect(lab.namespaceIdentities() == before)
            try lab.down()
            #expect(!second.isRunning)
        }
    }

    @Test func anAgentThatAKilledUpDidNotNoteIsReplaced() async throws {
        try await withAgent("while :; do sleep 0.05; done") { lab in
            let probe = FixedProbe(answer: .ready(portCount: 1))
            _ = try await lab.up(Self.topology(), probe: probe)
            var record = try #require(try LabRecord.load(lab.layout))
            let forgotten = try #require(record.hosts["alpha"]?.agent)
            record.hosts["alpha"]?.agent = nil
            try record.save(lab.layout)
            _ = try await lab.up(Self.topology(), probe: probe)
            #expect(!forgotten.isRunning)
            #expect(try LabRecord.load(lab.layout)?.hosts["alpha"]?.agent?.isRunning == true)
        }
    }
}

@Suite struct ProcessIdentityTests {
    @Test func tellsAProcessFromAnotherWithItsNumber() throws {
        let own = try #require(ProcessIdentity(getpid()))
        #expect(own.isRunning)
        #expect(ProcessIdentity(Int32.max) == nil)
    }

    @Test func aProcessThatEndedButWasNotWaitedForDoesNotRun() throws {
        let child = try ChildProcess(Command("sleep", ["1000"]))
        let identity = try #require(ProcessIdentity(child.processID))
        ProcessIdentity.stop([identity])
        #expect(!identity.isRunning)
        #expect(try child.wait() == .signalled(SIGTERM))
    }

    @Test func whatIgnoresTheRequestIsKilled() throws {
        let child = try ChildProcess(Command("sh", ["-c", "trap '' TERM; while :; do sleep 0.05; done"]))
        let identity = try #require(ProcessIdentity(child.processID))
        usleep(200_000)
        ProcessIdentity.stop([identity], patience: .milliseconds(300))
        #expect(try child.wait() == .signalled(SIGKILL))
    }
}
