import ArgumentParser
import Glibc
import WeftAPI
import WeftCLI

/// The program: one name for the agent and for everything that asks it.
@main struct Weft: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weft",
        abstract: "An overlay network for virtual machines: one agent per host, no server, plain VXLAN on the wire.",
        discussion: """
            The daemon of a host is 'weft agent'; everything else asks it, or works on files. Every option can also be set
            by WEFT_<OPTION>, such as WEFT_OUTPUT=json.
            """,
        version: WeftVersion.current,
        subcommands: [
            Agent.self, LabGroup.self, Status.self, Doctor.self, Ports.self, Segments.self, Peers.self, FDB.self,
            Hosts.self, Events.self, PortGroup.self, PeerGroup.self, KeyGroup.self, Validate.self, Plan.self, Apply.self,
            Diff.self, Graph.self, Test.self, Merge.self, History.self, Rollback.self, Export.self, Completion.self, Version.self,
        ])

    static func main() async {
        let environment = CommandEnvironment.variables()
        if let status = await OtherNames.run(CommandLine.arguments, environment: environment) { Glibc.exit(status.rawValue) }
        do {
            let tree = try CommandTree(description: _dumpHelp())
            let words = try CommandLineReader(tree: tree, environment: environment)
                .arguments(Array(CommandLine.arguments.dropFirst()))
            var command = try parseAsRoot(words)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as APIError {
            // The command line itself is wrong, so its options can't say how errors are to be printed.
            let console = Console(mode: .auto, environment: environment)
            Glibc.exit(Session.report(error, format: .table, console: console).rawValue)
        } catch {
            exit(withError: error)
        }
    }
}

/// The variables of this process.
enum CommandEnvironment {
    static func variables() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = unsafe environ
        // Sound: the list ends with nil, each entry with a zero, and nobody changes either while this runs.
        while let text = unsafe entry.pointee {
            let parts = unsafe String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
            unsafe entry += 1
        }
        return variables
    }

    /// Removes every `WEFT_<OPTION>` from the environment of this process and of those it starts from now on.
    static func forgetOptions() {
        for name in variables().keys where name.hasPrefix("WEFT_") { unsafe unsetenv(name) }
    }
}
