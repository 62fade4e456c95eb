import ArgumentParser
import WeftCLI

extension OutputFormat: ExpressibleByArgument {}
extension Paint.Mode: ExpressibleByArgument {}

extension PortSnippet.Target: ExpressibleByArgument {
    package static var allValueDescriptions: [String: String] {
        Dictionary(allCases.map { ($0.rawValue, $0.summary) }) { $1 }
    }
}

/// A duration on the command line.
struct DurationArgument: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        guard let duration = DurationText.parse(argument) else { return nil }
        self.duration = duration
    }

    init(_ duration: Duration) { self.duration = duration }

    var defaultValueDescription: String { "\(duration / .seconds(1))s" }
}

/// Options that every command has.
struct GlobalOptions: ParsableArguments {
    @Option(name: [.short, .customLong("output")], help: "How results are printed.")
    var output = OutputFormat.table

    @Flag(name: .shortAndLong, help: "Print results and errors only.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Tell more; twice for still more.")
    var verbose: Int

    @Option(help: "When to use colours; NO_COLOR is honoured.")
    var color = Paint.Mode.auto

    var console: Console { Console(mode: color, environment: CommandEnvironment.variables()) }
}

/// Which agent is asked.
struct AgentSelection: ParsableArguments {
    @Option(
        help: ArgumentHelp("The socket of the agent to ask. (default: /run/weft/agent.sock)", valueName: "path"),
        completion: .file())
    var socket: String?

    @Option(
        help: ArgumentHelp("Ask an agent of this lab.", valueName: "name"),
        completion: .shellCommand("weft lab list -o name 2>/dev/null"))
    var lab: String?

    @Option(help: ArgumentHelp("Ask the agent of this host of the lab.", valueName: "name"))
    var host: String?

    @Option(help: ArgumentHelp("How long a request may take.", valueName: "duration"))
    var timeout = DurationArgument(.seconds(5))

    var choice: AgentChoice { AgentChoice(socketPath: socket, lab: lab, host: host) }
}

/// What the lists have in common.
struct ListOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Print anew when something changes, until Ctrl-C.")
    var watch = false

    @Option(
        help: ArgumentHelp("Only what is on this host.", valueName: "host"),
        completion: .shellCommand("weft hosts -o name 2>/dev/null"))
    var on: String?

    @Option(
        help: ArgumentHelp("Only what is in this segment.", valueName: "segment"),
        completion: .shellCommand("weft segments --all -o name 2>/dev/null"))
    var segment: String?

    @Flag(help: "The whole fabric's, not only this host's.")
    var all = false
}
