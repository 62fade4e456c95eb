import ArgumentParser
import WeftAPI
import WeftCLI
import WeftLab

struct LabGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab", abstract: "Run a whole topology on this machine, in network namespaces.",
        subcommands: [Up.self, Down.self, List.self, Exec.self, Shell.self, Guest.self])

    /// The lab that is meant.
    struct Selection: ParsableArguments {
        @Option(
            help: ArgumentHelp("The lab; the only one if there is one.", valueName: "name"),
            completion: .shellCommand("weft lab list -o name 2>/dev/null"))
        var lab: String?
    }

    struct Up: LocalCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a lab of a topology file, or change it to what the file says now.")

        @Argument(help: "The topology file.", completion: .file(extensions: ["yaml"]))
        var file: String

        @Option(help: ArgumentHelp("The lab's name. (default: the fabric's)", valueName: "name"))
        var lab: String?

        @Option(help: ArgumentHelp("The MTU of the underlay.", valueName: "bytes"))
        var underlayMtu = 1500

        @Flag(help: "Make the guests QEMU virtual machines on the real TAPs.")
        var vm = false

        @Option(help: ArgumentHelp("The folder with the virtual machines' kernel.", valueName: "folder"), completion: .directory)
        var kernelFolder: String?

        @OptionGroup var global: GlobalOptions

        func run(_ console: Console) async throws(APIError) -> ExitStatus {
            var options = Lab.UpOptions(topology: try TopologyLoading.load(file), path: file)
            options.name = lab
            options.underlayMTUByteCount = underlayMtu
            options.isVirtual = vm
            options.kernelFolder = kernelFolder
            // What was meant for this command must not steer the agents that it starts.
            CommandEnvironment.forgetOptions()
            let progress = Progress(console, isQuiet: global.quiet)
            let summary: LabSummary
            do throws(LabError) {
                summary = try await Lab.up(
                    options, probe: LabAgentProbe(), interruption: .bySignals(), progress: { progress.tell($0) })
            } catch {
                throw APIError(error)
            }
            progress.end()
            console.write(try LabView.text(summary, format: global.output, paint: console.paint))
            return .done
        }
    }

    struct Down: LocalCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a lab; nothing of it stays.")

        @OptionGroup var selection: Selection
        @OptionGroup var global: GlobalOptions

        func run(_ console: Console) async throws(APIError) -> ExitStatus {
            let progress = Progress(console, isQuiet: global.quiet)
            do throws(LabError) {
                try Lab.down(selection.lab, interruption: .bySignals(), progress: { progress.tell($0) })
            } catch {
                throw APIError(error)
            }
            progress.end()
            return .done
        }
    }

    struct List: LocalCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the labs of this machine, or with --lab the guests of one.")

        @OptionGroup var selection: Selection
        @OptionGroup var global: GlobalOptions

        func run(_ console: Console) async throws(APIError) -> ExitStatus {
            let labs: [LabSummary]
            do throws(LabError) { labs = try Lab.list(selection.lab) } catch { throw APIError(error) }
            if selection.lab != nil, let lab = labs.first {
                console.write(try LabView.text(lab, format: global.output, paint: console.paint))
            } else if labs.isEmpty, !global.output.isJSON {
                if !global.quiet { console.note("no labs; make one with: weft lab up FILE") }
            } else {
                console.write(try LabView.list(labs, format: global.output, paint: console.paint))
            }
            return .done
        }
    }

    struct Exec: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run a command in a guest or a host of a lab.",
            discussion: """
                With the command's own input, output and exit code:
                  weft lab exec vm1 -- ping -c3 10.1.0.12
                  weft lab exec host:alpha -- ip link
                """)

        @OptionGroup var selection: Selection

        @Argument(help: "A guest's name, host:NAME, or underlay for the router between the hosts.")
        var target: String

        @Argument(parsing: .postTerminator, help: "The command and its arguments.")
        var command: [String] = []

        func run() async throws {
            try Self.become { () throws(LabError) in try Lab.exec(target, command, lab: selection.lab) }
        }

        /// Ends with the exit code of what ran there; an error of the lab's own is told in words.
        static func become(_ run: () throws(LabError) -> Int32) throws {
            let code: Int32
            do throws(LabError) {
                code = try run()
            } catch {
                let console = Console(mode: .auto, environment: CommandEnvironment.variables())
                code = Session.report(APIError(error), format: .table, console: console).rawValue
            }
            throw ExitCode(code)
        }
    }

    struct Shell: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Open a shell in a guest or a host of a lab; in a virtual machine its console.")

        @OptionGroup var selection: Selection

        @Argument(help: "A guest's name, host:NAME, or underlay for the router between the hosts.")
        var target: String

        func run() async throws {
            try Exec.become { () throws(LabError) in try Lab.shell(target, lab: selection.lab) }
        }
    }

    /// What a lab's virtual machine runs inside, so that `exec` works in it.
    struct Guest: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Serve a lab's commands.", shouldDisplay: false)

        func run() async throws {
            try Exec.become { () throws(LabError) in try GuestServer.run() }
        }
    }
}
