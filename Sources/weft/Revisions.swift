import ArgumentParser
import WeftAPI
import WeftCLI

struct Plan: AskingCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what applying a topology file would change, on every host.",
        discussion: "The agent keeps the plan for an hour; weft apply --plan carries out exactly that, or nothing.")

    @Argument(
        help: "The file, - for the standard input. (default: the only *.weft.yaml here)", completion: .file(extensions: ["yaml"]))
    var file: String?

    @Flag(help: "Exit with 2 when there is a difference.")
    var exitCode = false

    @OptionGroup var agent: AgentSelection
    @OptionGroup var global: GlobalOptions

    func run(_ session: Session) async throws(APIError) -> ExitStatus {
        try await session.plan(file, failsOnDifference: exitCode)
    }
}

struct Diff: AskingCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show in what a topology file differs from what runs.",
        discussion: "Exits with 2 when there is a difference.")

    @Argument(
        help: "The file, - for the standard input. (default: the only *.weft.yaml here)", completion: .file(extensions: ["yaml"]))
    var file: String?

    @OptionGroup var agent: AgentSelection
    @OptionGroup var global: GlobalOptions

    func run(_ session: Session) async throws(APIError) -> ExitStatus { try await session.diff(file) }
}

/// How a revision is brought to the hosts.
struct CommitOptions: ParsableArguments {
    @Flag(help: "Go on without hosts that are not there; they follow when they return.")
    var partial = false

    @Flag(help: "For this host alone.")
    var local = false

    @Option(
        help: ArgumentHelp("Take it back on every host unless it is confirmed within this time.", valueName: "duration"))
    var confirm: DurationArgument?

    func options(plan: String? = nil) -> Session.ApplyOptions {
        Session.ApplyOptions(plan: plan, isPartial: partial, isLocal: local, confirmTime: confirm?.duration)
    }
}

struct Apply: AskingCommand {
    /// What the operator knows of a revision that an agent is in doubt about.
    enum Resolution: String, ExpressibleByArgument, CaseIterable { case commit, abort }

    static let configuration = CommandConfiguration(
        abstract: "Apply a topology to all hosts of the fabric, or to none of them.",
        discussion: """
            Every host that the file or the present topology lists has to agree; one that is down or objects is named, and
            nothing is changed. Needs root or the group weft-admin.
            """)

    @Argument(
        help: "The file, - for the standard input. (default: the only *.weft.yaml here)", completion: .file(extensions: ["yaml"]))
    var file: String?

    @Option(help: ArgumentHelp("Apply this plan of weft plan, in place of a file.", valueName: "hash"))
    var plan: String?

    @OptionGroup var commit: CommitOptions

    @Flag(help: "Keep what was applied with --confirm.")
    var keep = false

    @Option(help: ArgumentHelp("Say whether the revision holds that this host is in doubt about.", valueName: "commit|abort"))
    var resolve: Resolution?

    @OptionGroup var agent: AgentSelection
    @OptionGroup var global: GlobalOptions

    func run(_ session: Session) async throws(APIError) -> ExitStatus {
        let ways = [file != nil || plan != nil, keep, resolve != nil].count { $0 }
        guard ways <= 1 else {
            throw APIError(
                .usage, cannot: "apply", on: "", cause: "--keep and --resolve are about what was applied before",
                help: "give one of them alone, or a file")
        }
        if keep { return try await session.keep() }
        if let resolve { return try await session.resolve(commits: resolve == .commit) }
        return try await session.apply(file, commit.options(plan: plan))
    }
}

struct Rollback: AskingCommand {
    static let configuration = CommandConfiguration(
        abstract: "Apply the file of an earlier revision, as a new one.",
        discussion: "weft history lists the revisions. Needs root or the group weft-admin.")

    @Argument(
        help: "The revision's number.", completion: .shellCommand("weft history -o name 2>/dev/null"))
    var revision: UInt64

    @OptionGroup var commit: CommitOptions
    @OptionGroup var agent: AgentSelection
    @OptionGroup var global: GlobalOptions

    func run(_ session: Session) async throws(APIError) -> ExitStatus {
        try await session.rollback(to: revision, commit.options())
    }
}

struct History: AskingCommand {
    static let configuration = CommandConfiguration(abstract: "List the revisions of the topology, the newest first.")

    @OptionGroup var agent: AgentSelection
    @OptionGroup var global: GlobalOptions

    func run(_ session: Session) async throws(APIError) -> ExitStatus { try await session.history() }
}

struct Export: AskingCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print what runs as a topology file; planning that file finds no difference.")

    @Option(help: ArgumentHelp("The file of this revision instead, as it was written.", valueName: "number"))
    var revision: UInt64?

    @OptionGroup var agent: AgentSelection
    @OptionGroup var global: GlobalOptions

    func run(_ session: Session) async throws(APIError) -> ExitStatus { try await session.export(revision) }
}
