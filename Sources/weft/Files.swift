import ArgumentParser
import WeftAPI
import WeftCLI

struct Validate: LocalCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check topology files.", discussion: "Exits with 65 when a file has an error; warnings alone are 0.")

    @Argument(help: "The files. (default: all *.weft.yaml here)", completion: .file(extensions: ["yaml"]))
    var files: [String] = []

    @OptionGroup var global: GlobalOptions

    func run(_ console: Console) async throws(APIError) -> ExitStatus {
        try Validation.run(files, format: global.output, isQuiet: global.quiet, console: console)
    }
}

struct Test: LocalCommand {
    static let configuration = CommandConfiguration(
        abstract: "Judge the checks of a topology file, before it is applied or live.",
        discussion: """
            Each check's packets are followed from host to host by the functions that forward packets, over what each host would
            know once the file is applied; nothing is sent. With --live they are sent from the device of one guest and looked for
            at that of the other, where both are network namespaces of this machine: in a lab, or behind veth ports. Exits with
            2 when a check does not come out as expected.
            """)

    @Argument(
        help: "The file, - for the standard input. (default: the only *.weft.yaml here)", completion: .file(extensions: ["yaml"]))
    var file: String?

    @Flag(help: "Send the packets, between guests that are there.")
    var live = false

    @Option(
        help: ArgumentHelp("Of this lab. (default: the one called as the fabric, if there is one)", valueName: "name"),
        completion: .shellCommand("weft lab list -o name 2>/dev/null"))
    var lab: String?

    @OptionGroup var global: GlobalOptions

    func run(_ console: Console) async throws(APIError) -> ExitStatus {
        try TopologyTesting.run(
            file, by: live ? .live(lab: lab) : .model, format: global.output, isQuiet: global.quiet, console: console)
    }
}

struct Merge: LocalCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put topology files that describe one fabric together into one.",
        discussion: """
            Each file begins with weft: 1; the fabric is named in one at least. Hosts, segments, ports and checks are put together, and
            what is in two of the files is an error, as within one. What is wrong is told with its place in the file it is in.

                weft merge base.weft.yaml ports.weft.yaml > fabric.weft.yaml
                weft merge base.weft.yaml ports.weft.yaml | weft plan -
            """)

    @Argument(help: "The files.", completion: .file(extensions: ["yaml"]))
    var files: [String]

    @OptionGroup var global: GlobalOptions

    func run(_ console: Console) async throws(APIError) -> ExitStatus {
        try TopologyMerging.run(files, isQuiet: global.quiet, console: console)
    }
}

struct Graph: LocalCommand {
    static let configuration = CommandConfiguration(
        abstract: "Draw a topology file.",
        discussion: """
            weft graph fabric.weft.yaml --format dot | dot -Tsvg > fabric.svg
            """)

    @Argument(help: "The file, - for the standard input.", completion: .file(extensions: ["yaml"])) var file: String
    @Option(help: "text, mermaid, dot or json.") var format: GraphFormat = .text

    @OptionGroup var global: GlobalOptions

    func run(_ console: Console) async throws(APIError) -> ExitStatus {
        try GraphDrawing.run(file, format: global.output.isJSON ? .json : format, console: console)
    }
}

extension GraphFormat: ExpressibleByArgument {}

struct Completion: ParsableCommand {
    /// The shells that there are scripts for.
    enum Shell: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

    static let configuration = CommandConfiguration(
        abstract: "Print the completion script of a shell.",
        discussion: """
            bash: weft completion bash > /etc/bash_completion.d/weft
            zsh:  weft completion zsh > "${fpath[1]}/_weft"
            fish: weft completion fish > ~/.config/fish/completions/weft.fish
            """)

    @Argument(help: "The shell.") var shell: Shell

    func run() {
        let shell: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        print(Weft.completionScript(for: shell))
    }
}

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the version.")

    func run() { print("weft \(WeftVersion.current)") }
}
