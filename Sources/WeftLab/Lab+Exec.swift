import Glibc
import WeftLinux
import WeftTopology

extension Lab {
    /// Runs a command in a guest (`vm1`), in a host (`host:alpha`) or in the router between the hosts (`underlay`).
    ///
    /// In a namespace this process becomes the command, so the function does not return; in a virtual machine the command's
    /// exit code is returned.
    public static func exec(
        _ target: String, _ words: [String], lab name: String?, root: String = LabLayout.defaultRoot
    ) throws(LabError) -> Int32 {
        let layout = try find(name, root: root)
        let attempt = "run '\(words.joined(separator: " "))' in '\(target)' of lab '\(layout.lab)'"
        guard let program = words.first else {
            throw LabError(.usage, cannot: attempt, cause: "there is no command", remedy: "weft lab exec \(target) -- COMMAND")
        }
        switch try place(target, layout) {
        case .machine(let port):
            try requireRoot(attempt)
            return try MachineCommand(layout: layout, port: port).run(words)
        case .namespace(let namespace):
            try requireRoot(attempt)
            try become(program, Array(words.dropFirst()), in: namespace, attempt)
        }
    }

    /// Gives the user a shell in a guest, a host or the router: in a virtual machine its console, until Ctrl-] is typed.
    public static func shell(_ target: String, lab name: String?, root: String = LabLayout.defaultRoot) throws(LabError) -> Int32
    {
        let layout = try find(name, root: root)
        let attempt = "get a shell in '\(target)' of lab '\(layout.lab)'"
        switch try place(target, layout) {
        case .machine(let port):
            try requireRoot(attempt)
            try MachineConsole(layout: layout, port: port).attach()
            return 0
        case .namespace(let namespace):
            try requireRoot(attempt)
            let shell = MachineKernel.environment("SHELL") ?? "/bin/sh"
            try become(Files.isAccessible(shell, X_OK) ? shell : "/bin/sh", [], in: namespace, attempt)
        }
    }

    /// Where a target's commands run.
    private enum Place {
        case namespace(String)
        case machine(port: String)
    }

    private static func place(_ target: String, _ layout: LabLayout) throws(LabError) -> Place {
        let record = try requireRecord(layout)
        if let guest = record.guests[target] { return guest.namespace.map { .namespace($0) } ?? .machine(port: target) }
        if target.hasPrefix("host:"), let host = record.hosts[String(target.dropFirst(5))] { return .namespace(host.namespace) }
        if target == "underlay", let underlay = record.underlayNamespace { return .namespace(underlay) }
        let targets = record.guests.keys.sorted() + record.hosts.keys.sorted().map { "host:\($0)" } + ["underlay"]
        throw LabError(
            .usage, cannot: "find '\(target)' in lab '\(layout.lab)'", cause: "there is no such guest or host",
            remedy: Suggestion.text(for: target, among: targets))
    }

    private static func become(_ program: String, _ arguments: [String], in namespace: String, _ attempt: String) throws(LabError)
        -> Never
    {
        var command = Command(program, arguments, in: .named(namespace))
        command.remountsSysfs = true
        do {
            try command.replaceSelf()
        } catch {
            throw LabError(error, cannot: attempt)
        }
    }
}
