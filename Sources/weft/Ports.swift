import ArgumentParser
import WeftAPI
import WeftCLI

struct PortGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "port", abstract: "Look at one port, or change it.",
        subcommands: [Show.self, Attach.self, Detach.self, Move.self, Up.self, Down.self])

    struct Show: AskingCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one port, or how a guest is put on it.")

        @Argument(help: "The port's name.", completion: .shellCommand("weft ports -o name 2>/dev/null"))
        var port: String

        @Option(help: ArgumentHelp("Print what this program has to be told.", valueName: "program"))
        var `as`: PortSnippet.Target?

        @OptionGroup var agent: AgentSelection
        @OptionGroup var global: GlobalOptions

        func run(_ session: Session) async throws(APIError) -> ExitStatus { try await session.showPort(port, as: `as`) }
    }
}

/// The port that a command is about.
struct PortArgument: ParsableArguments {
    @Argument(help: "The port's name.", completion: .shellCommand("weft ports -o name 2>/dev/null"))
    var port: String
}

/// What a port is in.
struct SegmentOptions: ParsableArguments {
    @Option(help: "The segment it is in.", completion: .shellCommand("weft segments -o name 2>/dev/null"))
    var segment: String?

    @Option(
        name: .customLong("trunk"), help: ArgumentHelp("The segments of a trunk with their VLANs.", valueName: "blue:10,green:20")
    )
    var trunk: String?

    @Option(help: "The trunk's segment whose frames have no tag.")
    var native: String?

    @Option(help: "An address of the guest; may be given more than once.")
    var address: [String] = []

    /// The values by the file's keys.
    func values() throws(APIError) -> [String: PortEditRequest.Value] {
        var values: [String: PortEditRequest.Value] = [:]
        if let segment { values["segment"] = .text(segment) }
        if let native { values["native"] = .text(native) }
        if !address.isEmpty { values["address"] = .list(address) }
        guard let trunk else { return values }
        var members: [String: Int] = [:]
        for item in trunk.split(separator: ",") {
            let parts = item.split(separator: ":")
            guard parts.count == 2, let vlan = Int(parts[1]), members.updateValue(vlan, forKey: String(parts[0])) == nil else {
                throw APIError(
                    .usage, cannot: "read", on: "--trunk \(trunk)",
                    cause: "'\(item)' is not a segment with its VLAN, or is there twice",
                    help: "write it so: --trunk blue:10,green:20")
            }
        }
        values["trunk"] = .map(members)
        return values
    }
}

extension PortGroup {
    struct Attach: AskingCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a port, on this host unless told otherwise.",
            discussion: "The topology changes, as a new revision: see weft history. Needs root or the group weft-admin.")

        @OptionGroup var name: PortArgument
        @OptionGroup var place: SegmentOptions

        @Option(help: ArgumentHelp("The host it is on.", valueName: "host"))
        var on: String?

        @Option(help: ArgumentHelp("tap, veth, nic, bridge or socket. (default: tap)", valueName: "kind"))
        var kind: String?

        @Option(help: ArgumentHelp("bridge or direct. (default: bridge)", valueName: "way"))
        var attach: String?

        @Option(help: "The host's device.")
        var device: String?

        @Option(help: "The guest's MAC. (default: derived from the fabric's name and the port's)")
        var mac: String?

        @Option(help: "Queues of the TAP. (default: 1)")
        var queues: Int?

        @Option(help: "The user that may open the TAP.")
        var owner: String?

        @Option(help: "The network namespace that gets the guest's end of a veth pair.")
        var netns: String?

        @Flag(help: "Its addresses never move to another port.")
        var sticky = false

        @OptionGroup var commit: CommitOptions
        @OptionGroup var agent: AgentSelection
        @OptionGroup var global: GlobalOptions

        func run(_ session: Session) async throws(APIError) -> ExitStatus {
            var values = try place.values()
            let words = [
                "host": on, "kind": kind, "attach": attach, "device": device, "mac": mac, "owner": owner, "netns": netns,
            ]
            for case (let key, let word?) in words { values[key] = .text(word) }
            if let queues { values["queues"] = .number(queues) }
            if sticky { values["sticky"] = .flag(true) }
            return try await session.edit(PortEditRequest(action: "attach", port: name.port, values: values), commit.options())
        }
    }

    struct Detach: AskingCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a port, with its device and the checks that name it.",
            discussion: "The topology changes, as a new revision: see weft history. Needs root or the group weft-admin.")

        @OptionGroup var name: PortArgument
        @OptionGroup var commit: CommitOptions
        @OptionGroup var agent: AgentSelection
        @OptionGroup var global: GlobalOptions

        func run(_ session: Session) async throws(APIError) -> ExitStatus {
            try await session.edit(PortEditRequest(action: "detach", port: name.port), commit.options())
        }
    }

    struct Move: AskingCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put a port into another segment while its guest runs, or say that it is on another host.",
            discussion: """
                The guest's link stays up, and nothing of the former segment reaches it any more. Addresses that are not of the new
                segment have to be given anew, or left out. The topology changes, as a new revision: see weft history.
                """)

        @OptionGroup var name: PortArgument
        @OptionGroup var place: SegmentOptions

        @Flag(help: "The guest has no declared address any more.")
        var noAddress = false

        @Option(help: ArgumentHelp("The host it is on from now on.", valueName: "host"))
        var to: String?

        @OptionGroup var commit: CommitOptions
        @OptionGroup var agent: AgentSelection
        @OptionGroup var global: GlobalOptions

        func run(_ session: Session) async throws(APIError) -> ExitStatus {
            var values = try place.values()
            if noAddress { values["address"] = .list([]) }
            if let to { values["host"] = .text(to) }
            guard !values.isEmpty else {
                throw APIError(
                    .usage, cannot: "move port '\(name.port)'", on: "", cause: "it is not said where to",
                    help: "give --segment, --trunk or --to HOST")
            }
            return try await session.edit(PortEditRequest(action: "move", port: name.port, values: values), commit.options())
        }
    }

    struct Up: AskingCommand {
        static let configuration = CommandConfiguration(abstract: "Switch a port on that was switched off.")

        @OptionGroup var name: PortArgument
        @OptionGroup var commit: CommitOptions
        @OptionGroup var agent: AgentSelection
        @OptionGroup var global: GlobalOptions

        func run(_ session: Session) async throws(APIError) -> ExitStatus {
            try await session.edit(PortEditRequest(action: "up", port: name.port), commit.options())
        }
    }

    struct Down: AskingCommand {
        static let configuration = CommandConfiguration(
            abstract: "Switch a port off: its device stays, down, and its guest's addresses are nobody's.")

        @OptionGroup var name: PortArgument
        @OptionGroup var commit: CommitOptions
        @OptionGroup var agent: AgentSelection
        @OptionGroup var global: GlobalOptions

        func run(_ session: Session) async throws(APIError) -> ExitStatus {
            try await session.edit(PortEditRequest(action: "down", port: name.port), commit.options())
        }
    }
}
