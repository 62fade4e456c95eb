import Foundation
import Logging
import ServiceLifecycle
import Testing
import WeftAPI
import WeftLinux

@testable import WeftCLI

/// The built `weft` as its users run it, against a real server on a real socket.
@Suite(.enabled(if: Binary.path != nil, "there is no weft binary; build it, or name one by WEFT_BINARY"), .serialized)
struct BinaryTests {
    @Test func listsEverything() async throws {
        try await withAgent { socket in
            for (command, first) in [
                ("ports", "vm1"), ("segments", "blue"), ("peers", "bravo"), ("fdb", "52:54:00:00:01:01"), ("hosts", "alpha"),
            ] {
                let names = try await weft([command, "-o", "name", "--socket", socket])
                #expect(names.status == 0 && names.output.hasPrefix(first + "\n"), "\(command): \(names)")
                let table = try await weft([command, "--socket", socket])
                #expect(table.status == 0 && table.output.contains(first), "\(command): \(table)")
                let json = try await weft([command, "-o", "json", "--socket", socket])
                #expect(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) is [Any])
                #expect(!table.output.contains("\u{1B}"))
            }
        }
    }

    @Test func filters() async throws {
        try await withAgent { socket in
            #expect(try await weft(["ports", "--all", "-o", "name", "--socket", socket]).output == "vm1\nvm2\nweb\n")
            #expect(try await weft(["ports", "--on", "bravo", "-o", "name", "--socket", socket]).output == "vm2\n")
            let unknown = try await weft(["ports", "--segment", "bleu", "--socket", socket])
            #expect(unknown.status == 1)
            #expect(unknown.errors.contains("no segment has that name; did you mean 'blue'?"))
        }
    }

    @Test func showsAPort() async throws {
        try await withAgent { socket in
            let page = try await weft(["port", "show", "vm1", "--socket", socket])
            #expect(page.status == 0 && page.output.contains("wft-vm1"))
            let snippet = try await weft(["port", "show", "vm1", "--as", "qemu", "--socket", socket])
            #expect(snippet.output.hasPrefix("-netdev tap,id=vm1,ifname=wft-vm1"))
            let unknown = try await weft(["port", "show", "mv1", "--socket", socket])
            #expect(unknown.status == 1)
            #expect(unknown.errors == "weft: cannot find port 'mv1' on the fabric: no port has that name; did you mean 'vm1'?\n")
            let json = try await weft(["port", "show", "vm1", "-o", "json", "--socket", socket])
            let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
            #expect(object?["mac"] as? String == "52:54:00:00:01:01")
        }
    }

    @Test func tellsTheStatus() async throws {
        try await withAgent { socket in
            let status = try await weft(["status", "--wait", "5s", "--socket", socket])
            #expect(status.status == 0 && status.output.hasPrefix("alpha  weft 0.1.0  up 3d04h"))
            #expect(try await weft(["status", "--converged", "--socket", socket]).status == 0)
            #expect(try await weft(["status", "--check", "--socket", socket]).status == 2)
            let variable = try await weft(["status"], ["WEFT_SOCKET": socket, "WEFT_OUTPUT": "name"])
            #expect(variable.output == "alpha\n")
            let early = try await weft(["-o", "name", "--socket", socket, "status"])
            #expect(early.output == "alpha\n")
        }
    }

    @Test func comparesTheNodes() async throws {
        try await withAgent(SampleAgent(answer: Sample.convergence)) { socket in
            let once = try await weft(["status", "--converged", "--socket", socket])
            #expect(once.status == 2 && once.output.contains("carol") && once.output.contains("no answer within 5 s"), "\(once)")
            let waiting = try await weft(["status", "--converged", "--wait", "300ms", "--socket", socket])
            #expect(waiting.status == 75 && waiting.output.contains("carol"), "\(waiting)")
            #expect(waiting.errors.contains("it did not converge within 0s; wait longer with --wait"), "\(waiting)")
        }
        let none = try await weft(["status", "--converged", "--socket", "/nonexistent/agent.sock"])
        #expect(none.status == 69)
        try await withAgent { socket in
            let all = try await weft(["status", "--converged", "--wait", "5s", "--socket", socket])
            #expect(all.status == 0 && all.output == "converged: there is no other node\n", "\(all)")
        }
    }

    @Test(.enabled(if: geteuid() == 0, "others may not change anything"))
    func leavesAndJoins() async throws {
        let agent = SampleAgent()
        try await withAgent(agent) { socket in
            let left = try await weft(["peer", "leave", "--socket", socket])
            #expect(left.status == 0 && left.errors.contains("to come back: weft peer join HOST"), "\(left)")
            let joined = try await weft(["peer", "join", "192.0.2.11", "bravo:7000", "--socket", socket, "-q"])
            #expect(joined.status == 0 && joined.errors.isEmpty, "\(joined)")
            #expect(agent.changes.all == ["leave", "join 192.0.2.11 bravo:7000"])
            let cleared = try await weft(["fdb", "clear", "52:54:00:00:01:01", "--segment", "blue", "--socket", socket])
            #expect(cleared.status == 0 && cleared.errors.contains("cleared: 52:54:00:00:01:01"), "\(cleared)")
            #expect(agent.changes.all.last == "clear 52:54:00:00:01:01 in blue")
            let none = try await weft(["fdb", "clear", "vm1", "--socket", socket])
            #expect(none.status == 64 && none.errors.contains("'vm1'"), "\(none)")
            let bad = try await weft(["peer", "join", "a b", "--socket", socket])
            #expect(bad.status == 64 && bad.errors.contains("'a b' is no address"), "\(bad)")
        }
    }

    @Test func followsTheEventsUntilItIsStopped() async throws {
        let agent = SampleAgent()
        for number in 1...3 { agent.events.record(.peerJoined, object: "peer\(number)", text: "joined") }
        try await withAgent(agent) { socket in
            let path = try #require(Binary.path)
            let output = "/tmp/weft-cli-\(getpid())-events"
            defer { try? FileManager.default.removeItem(atPath: output) }
            try Data().write(to: URL(fileURLWithPath: output))
            let file = try Descriptor.open(output, flags: O_WRONLY)
            var command = Command(path, ["events", "--since", "1", "-o", "jsonl", "--socket", socket])
            command.standardOutput = .descriptor(file.rawValue)
            let child = try ChildProcess(command)
            func events(_ count: Int) async throws -> [EventReport] {
                var lines: [Substring] = []
                for _ in 0..<100 where lines.count < count {
                    try await Task.sleep(for: .milliseconds(100))
                    lines = try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n")
                }
                return try lines.map { try JSONDecoder().decode(EventReport.self, from: Data($0.utf8)) }
            }
            #expect(try await events(2).map(\.object) == ["peer2", "peer3"])
            agent.events.record(.peerDead, object: "peer2", text: "is dead")
            #expect(try await events(3).map(\.kind) == [.peerJoined, .peerJoined, .peerDead])
            _ = try child.signal(SIGINT)
            #expect(try child.wait(timeout: .seconds(10)) == .exited(0))
        }
    }

    @Test func waitsForAnAgentInVain() async throws {
        let outcome = try await weft(["status", "--wait", "300ms", "--socket", "/nonexistent/agent.sock"])
        #expect(outcome.status == 75)
        #expect(outcome.errors.contains("it was not ready within"))
    }

    @Test func doctorListsFindingsOfHostAndAgent() async throws {
        try await withAgent { socket in
            let outcome = try await weft(["doctor", "--socket", socket, "-o", "json"])
            #expect(outcome.status == 2)  // the sample agent reports a failure
            let findings = try JSONDecoder().decode([Finding].self, from: Data(outcome.output.utf8))
            #expect(findings.contains { $0.code == .kernel })
            #expect(findings.contains { $0.text == "bridge wfb-blue is foreign" })
        }
    }

    @Test func watchesUntilItIsStopped() async throws {
        try await withAgent { socket in
            let path = try #require(Binary.path)
            let output = "/tmp/weft-cli-\(getpid())-watch"
            defer { try? FileManager.default.removeItem(atPath: output) }
            try Data().write(to: URL(fileURLWithPath: output))
            let file = try Descriptor.open(output, flags: O_WRONLY)
            var command = Command(path, ["ports", "-w", "-o", "name", "--socket", socket])
            command.standardOutput = .descriptor(file.rawValue)
            let child = try ChildProcess(command)
            var text = ""
            for _ in 0..<100 where text.isEmpty {
                try await Task.sleep(for: .milliseconds(100))
                text = try String(contentsOfFile: output, encoding: .utf8)
            }
            #expect(text == "vm1\nweb\n")
            _ = try child.signal(SIGINT)
            #expect(try child.wait(timeout: .seconds(10)) == .exited(0))
        }
    }

    // MARK: - Without an agent

    @Test(arguments: [
        (words: ["statsu"], status: 64, says: "did you mean 'weft status'?"),
        (words: ["capture"], status: 64, says: "the command is not in this version"),
        (words: ["plan", "/nonexistent.weft.yaml"], status: 64, says: "No such file"),
        (words: ["apply", "--keep", "x.weft.yaml"], status: 64, says: "give one of them alone, or a file"),
        (words: ["rollback", "x"], status: 64, says: "'x' is invalid"),
        (words: ["peer", "laeve"], status: 64, says: "did you mean 'weft peer leave'?"),
        (words: ["evnets"], status: 64, says: "did you mean 'weft events'?"),
        (words: ["peer", "join"], status: 64, says: "host[:port]"),
        (words: ["peer", "leave", "--socket", "/nonexistent/agent.sock"], status: 69, says: "start one with: weft agent"),
        (words: ["events", "-o", "json"], status: 64, says: "use -o jsonl"),
        (words: ["port", "detatch", "vm1"], status: 64, says: "did you mean 'weft port detach'?"),
        (words: ["port", "move", "vm1"], status: 64, says: "give --segment, --trunk or --to HOST"),
        (words: ["ports", "--al"], status: 64, says: "Did you mean '--all'?"),
        (words: ["ports", "-o", "xml"], status: 64, says: "'xml' is invalid"),
        (words: ["ports", "--socket", "/nonexistent/agent.sock"], status: 69, says: "start one with: weft agent"),
        (words: ["status", "--lab", "nope-\(getpid())"], status: 64, says: "there is no such lab"),
        (words: ["validate", "/nonexistent.weft.yaml"], status: 65, says: ""),
        (words: ["test", "/nonexistent.weft.yaml"], status: 65, says: "No such file"),
        (words: ["agent"], status: 64, says: "give --host NAME"),
        (words: ["agent", "--host", "alpha"], status: 64, says: "give --topology FILE"),
        (
            words: ["agent", "--host", "alpha", "--topology", "x", "--underlay", "not/one"], status: 64,
            says: "neither an address nor"
        ),
        (words: ["agent", "--host", "alpha", "--fabric", "x"], status: 64, says: "or --fabric NAME and --underlay ADDRESS"),
        (words: ["agent", "--host", "alpha", "--topology", "x", "--join", "a b"], status: 64, says: "'a b' is no address"),
        (words: ["agent", "--host", "alpha", "--topology", "x", "--gossip-port", "0"], status: 64, says: "give --gossip-port"),
        (words: ["agent", "--cleanup"], status: 64, says: "give one of --fabric NAME, --topology FILE and --all"),
        (words: ["agent", "--cleanup", "--all", "--fabric", "x"], status: 64, says: "said more than once"),
        (words: ["lab", "up", "/nonexistent.weft.yaml"], status: 65, says: "No such file or directory"),
        (words: ["lab", "exec", "vm1", "--lab", "nope-\(getpid())", "--", "true"], status: 64, says: "there is no such lab"),
    ])
    func saysWhatIsWrong(words: [String], status: Int32, says: String) async throws {
        let outcome = try await weft(words)
        #expect(outcome.status == status, "\(outcome)")
        #expect(says.isEmpty || outcome.errors.contains(says), "\(outcome)")
    }

    /// A fabric's key from its making to its change, on files alone.
    @Test func changesAKey() async throws {
        let folder = "/tmp/weft-cli-\(getpid())-keys-\(UInt32.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func key(_ words: String..., on host: String = "alpha") async throws -> Outcome {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            return try await weft(["key"] + words + ["--state-dir", "\(folder)/\(host)"])
        }
        let none = try await key("show")
        #expect(none.status == 64 && none.errors.contains("make one with weft key init --fabric NAME"))
        #expect(try await key("init").status == 64)
        #expect(try await key("init", "--fabric", "no name").status == 64)
        let tenant = try await key("init", "--fabric", "acme/office", on: "tenant")
        #expect(tenant.errors.contains("wrote \(folder)/tenant/acme.office.keys"), "\(tenant)")
        let first = try await key("init", "--fabric", "office", "-o", "name")
        let old = first.output.trimmingCharacters(in: .newlines)
        #expect(first.status == 0 && old.count == 8, "\(first)")
        let twice = try await key("init", "--fabric", "office")
        #expect(twice.status == 1 && twice.errors.contains("the file is there already"))

        let added = try await key("add")
        #expect(added.status == 0 && added.output.isEmpty && added.errors.contains("let it seal: weft key use"))
        let ids = try await key("show", "-o", "name").output.split(separator: "\n").map(String.init)
        #expect(ids.count == 2 && ids[0] == old)
        let shown = try await key("show")
        #expect(shown.output.hasPrefix("KEY       USE\n\(old)  seals and opens\n\(ids[1])  opens\n"))
        let secrets = try await key("show", "--secret", "-o", "name").output.split(separator: "\n").map(String.init)
        #expect(secrets.count == 2 && secrets.allSatisfy { $0.count == 64 && !shown.output.contains($0) })
        let json = try await key("show", "-o", "json")
        let objects = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
        #expect(objects.count == 2 && objects[0]["id"] as? String == old && objects[0]["primary"] as? Bool == true)
        #expect(objects.allSatisfy { $0["key"] == nil })

        #expect(try await key("remove", old).errors.contains("key \(old) is the one that seals"))
        #expect(try await key("use", "zzzz").errors.contains("the ring has \(old), \(ids[1])"))
        #expect(try await key("use", ids[1]).status == 0)
        #expect(try await key("remove", old).status == 0)
        #expect(try await key("show", "-o", "name").output == ids[1] + "\n")

        // The other host gets the key from a file.
        try Data(secrets[1].utf8).write(to: URL(fileURLWithPath: folder + "/key"))
        #expect(try await key("init", "--fabric", "office", "--from", folder + "/key", on: "bravo").status == 0)
        #expect(try await key("show", "-o", "name", on: "bravo").output == ids[1] + "\n")
        try Data("word".utf8).write(to: URL(fileURLWithPath: folder + "/key"))
        #expect(try await key("add", "--from", folder + "/key").errors.contains("it is not 64 hexadecimal digits alone"))

        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: folder + "/alpha/office.keys")
        let open = try await key("show")
        #expect(open.status == 77 && open.errors.contains("chmod 600 \(folder)/alpha/office.keys"))
    }

    @Test func writesErrorsAsJSON() async throws {
        let outcome = try await weft(["ports", "-o", "json", "--socket", "/nonexistent/agent.sock"])
        #expect(outcome.status == 69)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.hasPrefix(#"{"error":{"action":"ask the agent","cause":"no agent runs here"#))
    }

    @Test func validatesTheExamples() async throws {
        let files = Binary.topologies
        let outcome = try await weft(["validate"] + files)
        #expect(outcome.status == 0, "\(outcome)")
    }

    /// Two files that are one, piped into what reads one.
    @Test func mergesFiles() async throws {
        let path = try #require(Binary.path)
        let folder = "/tmp/weft-cli-\(getpid())-merge"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let base = "weft: 1\nname: office\nhosts: { alpha: { underlay: 192.0.2.11 } }\nsegments: { blue: { vni: 100 } }\n"
        let ports = "weft: 1\nports: { vm1: { host: alpha, segment: blue } }\n"
        for (name, text) in [("base", base), ("ports", ports), ("wrong", ports.replacingOccurrences(of: "blue", with: "red"))] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        let merged = try await run(
            Command("bash", ["-c", "'\(path)' merge '\(folder)/base' '\(folder)/ports' | '\(path)' graph -"]))
        #expect(merged.isSuccess && merged.standardOutput.contains("vm1"), "\(merged)")
        let wrong = try await weft(["merge", "\(folder)/base", "\(folder)/wrong"])
        #expect(wrong.status == 65 && wrong.output.isEmpty && wrong.errors.contains("wrong:2:39: error[E201]"), "\(wrong)")
    }

    @Test func judgesChecks() async throws {
        let good = try #require(Binary.topologies.first { $0.hasSuffix("three-hosts-two-segments.weft.yaml") })
        let passed = try await weft(["test", good])
        #expect(passed.status == 0 && passed.output.hasSuffix(": 4 checks, all as expected\n"), "\(passed)")

        let path = "/tmp/weft-cli-\(getpid())-checks.weft.yaml"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let text = try String(contentsOfFile: good, encoding: .utf8)
        try Data(text.replacingOccurrences(of: "expect: deny", with: "expect: allow").utf8).write(to: URL(fileURLWithPath: path))
        let failed = try await weft(["test", path, "-q"])
        #expect(failed.status == 2)
        #expect(failed.output.hasPrefix("FAIL  web1 → db1  icmp  allow  web1 is in blue and db1 in green; "), "\(failed)")
        #expect(failed.output.contains("ARP request of web1 for db1\n") && failed.output.contains("charlie  port-out  web4"))
        #expect(try await weft(["test", path, "-o", "name"]).output == "web1 db1 icmp\n")
        let report = try await weft(["test", path, "-o", "jsonl"]).output.split(separator: "\n")
        #expect(report.count == 4 && report.last?.contains(#""passed":false,"reached":false"#) == true, "\(report)")
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func completes(shell: String) async throws {
        let script = try await weft(["completion", shell])
        #expect(script.status == 0 && script.output.contains("segments"))
        guard shell == "bash" else { return }
        let path = "/tmp/weft-cli-\(getpid())-completion"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(script.output.utf8).write(to: URL(fileURLWithPath: path))
        let check = try Command("bash", ["-n", path]).run(timeout: .seconds(20))
        #expect(check.isSuccess, "\(check.standardError)")
    }

    @Test func tellsItsVersion() async throws {
        #expect(try await weft(["version"]).output == "weft \(WeftVersion.current)\n")
        #expect(try await weft(["--help"]).output.contains("SUBCOMMANDS"))
    }

    /// `weft ports | true`: a reader that goes away is no error.
    @Test func endsQuietlyWhenNobodyReads() async throws {
        try await withAgent { socket in
            let path = try #require(Binary.path)
            let command = "'\(path)' hosts --socket '\(socket)' | true; exit ${PIPESTATUS[0]}"
            let outcome = try await run(Command("bash", ["-c", command]))
            #expect(outcome.isSuccess, "\(outcome)")
            #expect(outcome.standardError.isEmpty)
        }
    }
}

// MARK: - Helpers

/// Where the program under test is.
enum Binary {
    private static let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
        .standardized

    /// `WEFT_BINARY`, or what `swift build` made; nil when there is none yet.
    static let path: String? = {
        let named = ProcessInfo.processInfo.environment["WEFT_BINARY"]
        let candidate = named ?? checkout.appendingPathComponent(".build/debug/weft").path
        return FileManager.default.isExecutableFile(atPath: candidate) ? candidate : nil
    }()

    /// The files that users are shown.
    static var topologies: [String] {
        let folder = checkout.appendingPathComponent("Topologies").path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".weft.yaml") }.sorted().map { "\(folder)/\($0)" }
    }
}

private struct Outcome {
    var status: Int32
    var output: String
    var errors: String
}

/// Runs `weft` with an environment that has nothing but what is given.
private func weft(_ arguments: [String], _ environment: [String: String] = [:]) async throws -> Outcome {
    var command = Command(try #require(Binary.path), arguments)
    // A machine that is busy with other tests may take its time.
    let defaults = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "WEFT_TIMEOUT": "60s"]
    command.environment = environment.merging(defaults) { given, _ in given }
    let outcome = try await run(command)
    return Outcome(status: outcome.status.shellStatus, output: outcome.standardOutput, errors: outcome.standardError)
}

/// Runs a command on a thread of its own, since waiting for it blocks and the server needs the threads of the pool.
private func run(_ command: Command) async throws -> Command.Outcome {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread {
            continuation.resume(with: Result { try command.run(timeout: .seconds(60)) })
        }
    }
}

/// Serves ``SampleAgent`` while `body` runs.
private func withAgent(_ agent: SampleAgent = SampleAgent(), _ body: @escaping @Sendable (String) async throws -> Void)
    async throws
{
    let folder = "/tmp/weft-cli-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (listening, continuation) = AsyncStream<Void>.makeStream()
    var logger = Logger(label: "weft.test")
    logger.logLevel = .error
    let server = APIServer(reporter: agent, socketPath: folder + "/agent.sock", logger: logger) { continuation.finish() }
    let group = ServiceGroup(services: [server], logger: logger)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask {
            defer { continuation.finish() }
            try await group.run()
        }
        for await _ in listening {}
        try await body(folder + "/agent.sock")
        await group.triggerGracefulShutdown()
        try await tasks.next()
    }
}
