import FoundationEssentials
import WeftAPI

/// The commands and their options, as the argument parser describes itself: what is needed to read a command line before
/// it is parsed.
package struct CommandTree: Hashable, Sendable, Decodable {
    /// One option or flag.
    package struct Option: Hashable, Sendable, Decodable {
        /// A way to write it.
        struct Name: Hashable, Sendable, Decodable {
            var kind: String
            var name: String
            /// With its hyphens.
            var text: String { (kind == "long" ? "--" : "-") + name }
        }

        var kind: String
        var isRepeating: Bool
        var names: [Name]?

        /// Whether a value follows.
        var takesValue: Bool { kind == "option" }
        /// The long name without hyphens.
        var longName: String? { names?.first { $0.kind == "long" }?.name }
    }

    package var commandName: String
    package var subcommands: [CommandTree]?
    /// The subcommand that is meant where none is named.
    var defaultSubcommand: String?
    var arguments: [Option]?

    /// Reads the parser's own description.
    package init(description: String) throws {
        struct Tool: Decodable { var command: CommandTree }
        self = try JSON.decode(Tool.self, from: Data(description.utf8)).command
    }

    /// Options and flags of this command.
    var options: [Option] { (arguments ?? []).filter { $0.kind != "positional" } }

    /// Options and flags of this command and of all below it.
    var allOptions: [Option] { (subcommands ?? []).reduce(options) { $0 + $1.allOptions } }
}
