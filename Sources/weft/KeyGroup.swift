import ArgumentParser
import WeftAPI
import WeftAgent
import WeftCLI

struct KeyGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Make and change the keys that the agents of a fabric share.",
        discussion: """
            The keys of a fabric are in /var/lib/weft/<fabric>.keys, a text file that only its owner can read. Every host of
            the fabric needs the same keys: make them on one, and copy the file to the others by a safe way. A key is named by
            its fingerprint, which is no secret.

            A key is changed on a live fabric in three steps, each on every host before the next:
              weft key add --fabric office -o name          on one host; prints the new key's fingerprint, ID below
              weft key show ID --secret -o name | ssh bravo weft key add --from -      to each of the others
              weft key use ID
              weft key remove OLD
            """,
        subcommands: [Init.self, Show.self, Add.self, Use.self, Remove.self])

    /// The key ring file that is meant.
    struct Selection: ParsableArguments {
        @Option(
            help: ArgumentHelp("The fabric's name. (default: that of the only key ring there is)", valueName: "name"))
        var fabric: String?

        @Option(help: ArgumentHelp("The key ring file, instead of the fabric's.", valueName: "path"), completion: .file())
        var keyFile: String?

        @Option(help: ArgumentHelp("Where the agent keeps its state.", valueName: "folder"), completion: .directory)
        var stateDir = AgentOptions.defaultStateDirectory

        fileprivate func commands(_ global: GlobalOptions, _ console: Console) -> KeyCommands {
            KeyCommands(
                KeyFileChoice(path: keyFile, fabric: fabric, stateDirectory: stateDir), format: global.output,
                isQuiet: global.quiet, console: console)
        }
    }

    struct Init: LocalCommand {
        static let configuration = CommandConfiguration(abstract: "Make the key ring of a fabric, with one new key.")

        @Option(
            help: ArgumentHelp(
                "Take the key from this file instead, 64 hexadecimal digits; - is standard input.", valueName: "file"),
            completion: .file())
        var from: String?

        @OptionGroup var selection: Selection
        @OptionGroup var global: GlobalOptions

        func run(_ console: Console) async throws(APIError) -> ExitStatus {
            try selection.commands(global, console).initialize(from: from)
        }
    }

    struct Show: LocalCommand {
        static let configuration = CommandConfiguration(abstract: "List the keys of a ring by their fingerprints.")

        @Argument(
            help: "Only the key with this fingerprint, or the only one that begins so.",
            completion: .shellCommand("weft key show -o name 2>/dev/null"))
        var id: String?

        @Flag(help: "Print the keys themselves.")
        var secret = false

        @OptionGroup var selection: Selection
        @OptionGroup var global: GlobalOptions

        func run(_ console: Console) async throws(APIError) -> ExitStatus {
            try selection.commands(global, console).show(id, isSecretShown: secret)
        }
    }

    struct Add: LocalCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a new key that opens and does not seal yet.",
            discussion: "The first of three steps: add, use, remove. See weft key --help.")

        @Option(
            help: ArgumentHelp(
                "Take the key from this file instead, 64 hexadecimal digits; - is standard input.", valueName: "file"),
            completion: .file())
        var from: String?

        @OptionGroup var selection: Selection
        @OptionGroup var global: GlobalOptions

        func run(_ console: Console) async throws(APIError) -> ExitStatus {
            try selection.commands(global, console).add(from: from)
        }
    }

    struct Use: LocalCommand {
        static let configuration = CommandConfiguration(
            abstract: "Seal with this key from now on.",
            discussion: "First give it to every host by weft key add: a host without it refuses what is sealed with it.")

        @Argument(
            help: "The key's fingerprint, or the beginning of one.",
            completion: .shellCommand("weft key show -o name 2>/dev/null"))
        var id: String

        @OptionGroup var selection: Selection
        @OptionGroup var global: GlobalOptions

        func run(_ console: Console) async throws(APIError) -> ExitStatus {
            try selection.commands(global, console).use(id)
        }
    }

    struct Remove: LocalCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a key that does not seal.",
            discussion:
                "First let another seal on every host by weft key use: what is sealed with this one is refused afterwards.")

        @Argument(
            help: "The key's fingerprint, or the beginning of one.",
            completion: .shellCommand("weft key show -o name 2>/dev/null"))
        var id: String

        @OptionGroup var selection: Selection
        @OptionGroup var global: GlobalOptions

        func run(_ console: Console) async throws(APIError) -> ExitStatus {
            try selection.commands(global, console).remove(id)
        }
    }
}
