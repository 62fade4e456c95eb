import WeftAPI
import WeftTopology

/// Prepares a command line for the parser, which knows neither of these:
/// an unknown command gets the nearest known one, options that stand before the command are moved behind it, and each
/// option that is not given is taken from `WEFT_<FLAG>`.
package struct CommandLineReader: Sendable {
    /// The program's commands.
    let tree: CommandTree
    /// The process's environment.
    let environment: [String: String]

    package init(tree: CommandTree, environment: [String: String]) {
        (self.tree, self.environment) = (tree, environment)
    }

    /// Commands that the documentation describes and that this version does not have.
    static let laterCommands = [
        "capture", "test", "top",
        "trace", "why",
    ]

    /// The arguments for the parser.
    ///
    /// - Throws: ``APIError`` `usage` for an unknown command and for a variable with a value that its flag can't have.
    package func arguments(_ words: [String]) throws(APIError) -> [String] {
        var command = tree
        var path: [String] = []
        var early: [String] = []
        var index = 0
        let known = tree.allOptions
        reading: while index < words.count {
            let word = words[index]
            if word.hasPrefix("-"), word != "-", word != "--" {
                early.append(word)
                index += 1
                if Self.wantsValue(word, among: known), index < words.count {
                    early.append(words[index])
                    index += 1
                }
                continue
            }
            guard let choices = command.subcommands, !choices.isEmpty else { break }
            guard word != "help", word != "--" else { break }
            guard let choice = choices.first(where: { $0.commandName == word }) else {
                throw unknown(word, below: path, choices: choices.map(\.commandName))
            }
            // What stood before a command in the middle belongs to the last one.
            path.append(word)
            command = choice
            index += 1
            if command.subcommands?.isEmpty ?? true { break reading }
        }
        let rest = Array(words[index...])
        if rest.first != "help", !early.contains("--help"), !early.contains("-h"), let name = command.defaultSubcommand,
            let choice = command.subcommands?.first(where: { $0.commandName == name })
        {
            path.append(name)
            command = choice
        }
        guard command.subcommands?.isEmpty ?? true, !path.isEmpty else { return path + early + rest }
        let given = early + rest.prefix { $0 != "--" }
        return path + early + (try fromEnvironment(command, given: given)) + rest
    }

    // MARK: - Unknown commands

    private func unknown(_ word: String, below path: [String], choices: [String]) -> APIError {
        let parent = (["weft"] + path).joined(separator: " ")
        if path.isEmpty, Self.laterCommands.contains(word) {
            return APIError(
                .usage, cannot: "run '\(parent) \(word)'", on: "", cause: "the command is not in this version",
                help: "see \(parent) --help for those that are")
        }
        let help =
            NearestName.nearest(to: word, in: choices).map { "did you mean '\(parent) \($0)'?" }
            ?? "see \(parent) --help"
        return APIError(.usage, cannot: "run '\(parent) \(word)'", on: "", cause: "there is no such command", help: help)
    }

    // MARK: - Environment

    private func fromEnvironment(_ command: CommandTree, given: [String]) throws(APIError) -> [String] {
        var words: [String] = []
        for option in command.options {
            guard let long = option.longName, long != "help", long != "version" else { continue }
            let variable = "WEFT_" + long.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
            guard let value = environment[variable], !value.isEmpty else { continue }
            guard !Self.isGiven(option, in: given) else { continue }
            if !option.takesValue {
                if try Self.isYes(value, variable) { words.append("--\(long)") }
            } else if option.isRepeating {
                words += value.split(separator: " ").map { "--\(long)=\($0)" }
            } else {
                words.append("--\(long)=\(value)")
            }
        }
        return words
    }

    private static func isYes(_ value: String, _ variable: String) throws(APIError) -> Bool {
        switch value.lowercased() {
        case "1", "true", "yes", "on": return true
        case "0", "false", "no", "off": return false
        default:
            throw APIError(
                .usage, cannot: "use the variable \(variable)", on: "", cause: "'\(value)' is neither yes nor no",
                help: "set it to 1 or 0")
        }
    }

    // MARK: - Options in words

    /// Whether `word` is an option whose value is the next word.
    private static func wantsValue(_ word: String, among options: [CommandTree.Option]) -> Bool {
        options.contains { option in option.takesValue && option.names?.contains { $0.text == word } ?? false }
    }

    /// Whether the option stands among the words, in any of its forms: `--name`, `--name=value`, `-n`, `-nvalue`.
    private static func isGiven(_ option: CommandTree.Option, in words: [String]) -> Bool {
        (option.names ?? []).contains { name in
            words.contains { word in
                word == name.text || word.hasPrefix(name.text + "=")
                    || name.kind == "short" && word.hasPrefix(name.text) && !word.hasPrefix("--")
            }
        }
    }
}
