import Glibc
import Testing
import WeftLinux
import WeftTopology
import WeftTypes

@testable import WeftLab

/// Whether the tests run as somebody who may not make namespaces, by wish.
let isUnprivilegedRun = MachineKernel.environment("WEFT_TESTS_UNPRIVILEGED") != nil
/// Whether labs can be made.
let canMakeLabs = geteuid() == 0 && !isUnprivilegedRun

/// One lab of a test: a name of its own, a folder of its own, and nothing of it left afterwards.
final class Trial {
    let name = "t\(getpid())-\(UInt32.random(in: 0..<1_000_000))"
    let root: String
    let topologyPath: String
    /// What runs as the agents.
    var executable = "/proc/self/exe"

    /// Keeps the lab under `root`, or else in a folder of its own.
    init(root: String? = nil) {
        self.root = root ?? "/run/weft-lab-test-\(name)"
        topologyPath = "/tmp/weft-lab-test-\(name).weft.yaml"
    }

    /// Makes a trial for `body` and cleans up after it, whatever happens.
    static func run(root: String? = nil, _ body: (Trial) async throws -> Void) async throws {
        let trial = Trial(root: root)
        defer { trial.cleanUp() }
        try await body(trial)
    }

    var layout: LabLayout { LabLayout(lab: LabName(name) ?? .fallback, root: root) }

    func up(
        _ topology: Topology, probe: some AgentProbe = NoAgents(), interruption: Interruption = .never
    ) async throws -> LabSummary {
        try Files.replace(topologyPath, with: Array("weft: 1\n".utf8), attempt: "test")
        var options = Lab.UpOptions(topology: topology, path: topologyPath)
        options.name = name
        options.root = root
        options.executable = executable
        options.agentPatience = .seconds(2)
        return try await Lab.up(options, probe: probe, interruption: interruption)
    }

    func down() throws {
        try Lab.down(name, root: root)
    }

    /// Runs a program where `lab exec` would.
    func run(_ program: String, _ arguments: [String], in target: String) throws -> ChildProcess.ExitStatus? {
        let namespace =
            target.hasPrefix("host:") ? layout.hostNamespace(String(target.dropFirst(5))) : layout.guestNamespace(target)
        return try Command(program, arguments, in: .named(namespace)).run(timeout: .seconds(20)).status
    }

    /// The lab's namespaces that there are.
    func namespaceIdentities() -> [String: UInt64] {
        let names = ((try? NetworkNamespace.list()) ?? []).filter { $0.hasPrefix("weft-\(name)-") }
        return Dictionary(
            uniqueKeysWithValues: names.compactMap { name in
                (try? NetworkNamespace.named(name).identity()).map { (name, $0) }
            })
    }

    /// Processes that have the lab's name among their arguments.
    func processes() -> [String] {
        Files.names(in: "/proc").filter { Int32($0) != nil }.compactMap { number in
            guard let words = (try? Files.read("/proc/\(number)/cmdline", attempt: "test")) ?? nil else { return nil }
            let text = String(decoding: words.map { $0 == 0 ? 32 : $0 }, as: UTF8.self)
            return text.contains(name) ? text : nil
        }
    }

    func cleanUp() {
        try? down()
        for name in namespaceIdentities().keys { try? NetworkNamespace.delete(name) }
        try? Files.remove(layout.directory, attempt: "test")
        if root != LabLayout.defaultRoot { try? Files.remove(root, attempt: "test") }
        try? Files.remove(topologyPath, attempt: "test")
    }
}

/// Nobody to ask: these labs have no agents, or none that answers.
struct NoAgents: AgentProbe {
    func state(socket: String) async -> AgentState { .silent("there is none") }
}

/// An agent that says the same whatever it is asked.
struct FixedProbe: AgentProbe {
    let answer: AgentState
    func state(socket: String) async -> AgentState { answer }
}

/// Counts calls.
final class Counter: @unchecked Sendable {  // `up` asks from one task only
    private var count = 0
    func next() -> Int {
        count += 1
        return count
    }
}
