import Glibc
import WeftLinux

/// The agents of a lab: started in their hosts' namespaces, they go on when the command ends.
struct AgentProcess {
    /// Where things are.
    let layout: LabLayout
    /// The program, `weft`.
    let executable: String
    /// Whether guests are virtual machines.
    let isVirtual: Bool
    /// The fabric that the hosts gossip in.
    let fabric: String

    /// Lines of a log that an error shows.
    static var shownLineCount: Int { 12 }

    /// Starts the agent of a host, its log appended to by a new one.
    func start(_ host: String) throws(LabError) -> ProcessIdentity {
        let attempt = "start the agent of host '\(host)'"
        try Files.makeFolder(layout.agentState(host), attempt: attempt)
        try LabKeys(layout: layout, fabric: fabric).give(to: host, attempt: attempt)
        try Files.remove(layout.agentSocket(host), attempt: attempt)
        var command = Command(
            executable,
            [
                "agent", "--host", host, "--topology", layout.topology, "--socket", layout.agentSocket(host),
                "--state-dir", layout.agentState(host), "--lab", layout.lab.rawValue,
            ] + (isVirtual ? ["--vm"] : []), in: .named(layout.hostNamespace(host)))
        command.workingDirectory = "/"
        return try DetachedProcess.start(command, log: layout.agentLog(host), attempt: attempt)
    }

    /// Waits until the agents of `hosts` are ready, all together.
    ///
    /// - Parameter hosts: Each with its process and the number of ports it should have.
    func wait(
        for hosts: [(name: String, process: ProcessIdentity, portCount: Int)], probe: some AgentProbe, patience: Duration,
        interruption: Interruption
    ) async throws(LabError) {
        let attempt = "bring lab '\(layout.lab)' up"
        let deadline = MonotonicClock.now().advanced(by: patience)
        var waiting = hosts
        while let host = waiting.first {
            try interruption.check(attempt)
            let state = await probe.state(socket: layout.agentSocket(host.name))
            if case .ready(host.portCount) = state {
                waiting.removeFirst()
                continue
            }
            guard host.process.isRunning else {
                throw LabError(.failed, cannot: attempt, cause: "the agent of host '\(host.name)' ended").adding(
                    logTail(host.name))
            }
            guard MonotonicClock.now() < deadline else {
                throw LabError(
                    .timedOut, cannot: attempt,
                    cause: "the agent of host '\(host.name)' is not ready after \(patience): \(Self.text(state, host.portCount))"
                ).adding(logTail(host.name))
            }
            usleep(50_000)
        }
    }

    private static func text(_ state: AgentState, _ portCount: Int) -> String {
        switch state {
        case .ready(let count): "it has \(count) of \(portCount) ports"
        case .waiting(let missing): missing.isEmpty ? "it is not converged" : missing.joined(separator: ", ")
        case .silent(let reason): reason
        }
    }

    /// The end of an agent's log, for an error.
    private func logTail(_ host: String) -> [String] {
        let lines = Files.lastLines(of: layout.agentLog(host), count: Self.shownLineCount)
        return lines.isEmpty
            ? ["its log is empty"] : ["the last lines of its log:"] + lines.map { "  \($0)" }
    }
}

/// A process that outlives this one.
enum DetachedProcess {
    /// Starts `command` in a session of its own, its output appended to `log`.
    static func start(_ command: Command, log: String, attempt: String) throws(LabError) -> ProcessIdentity {
        try LabError.wrapping(attempt) {
            let output = try Descriptor.open(log, flags: O_WRONLY | O_CREAT | O_APPEND, mode: 0o644)
            var command = command
            command.isSessionLeader = true
            command.standardInput = .null
            command.standardOutput = .descriptor(output.rawValue)
            command.standardError = .descriptor(output.rawValue)
            let child = try ChildProcess(command)
            if let identity = ProcessIdentity(child.processID) { return identity }
            let status = try child.wait(timeout: .seconds(1))
            let end = Files.lastLines(of: log, count: AgentProcess.shownLineCount).map { "  \($0)" }
            throw LabError(
                .failed, cannot: attempt, cause: "it ended at once with \(status.map(\.description) ?? "no status")"
            ).adding(end)
        }
    }
}
