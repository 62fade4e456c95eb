import Testing
import WeftAPI

@testable import WeftCLI

@Suite struct CommandLineReaderTests {
    /// A small part of the real tree, in the form the parser describes itself.
    static let description = """
        {"serializationVersion": 0, "command": {"commandName": "weft", "subcommands": [
          {"commandName": "status", "arguments": [
            {"kind": "option", "isRepeating": false, "names": [{"kind": "long", "name": "socket"}]},
            {"kind": "option", "isRepeating": false, "names": [{"kind": "short", "name": "o"}, {"kind": "long", "name": "output"}]},
            {"kind": "flag", "isRepeating": false, "names": [{"kind": "short", "name": "q"}, {"kind": "long", "name": "quiet"}]},
            {"kind": "flag", "isRepeating": false, "names": [{"kind": "long", "name": "help"}]}]},
          {"commandName": "agent", "arguments": [
            {"kind": "option", "isRepeating": false, "names": [{"kind": "long", "name": "state-dir"}]},
            {"kind": "option", "isRepeating": true, "names": [{"kind": "long", "name": "join"}]}]},
          {"commandName": "port", "subcommands": [{"commandName": "show", "arguments": [
            {"kind": "positional", "isRepeating": false, "valueName": "port"},
            {"kind": "option", "isRepeating": false, "names": [{"kind": "long", "name": "as"}]},
            {"kind": "option", "isRepeating": false, "names": [{"kind": "long", "name": "socket"}]}]}]},
          {"commandName": "lab", "subcommands": [{"commandName": "up"}, {"commandName": "exec", "arguments": [
            {"kind": "option", "isRepeating": false, "names": [{"kind": "long", "name": "lab"}]}]}]}
        ]}}
        """

    private func read(_ line: String, _ environment: [String: String] = [:]) throws -> String {
        let reader = CommandLineReader(tree: try CommandTree(description: Self.description), environment: environment)
        return try reader.arguments(line.split(separator: " ").map(String.init)).joined(separator: " ")
    }

    @Test(arguments: [
        ("", ""), ("--help", "--help"), ("status", "status"), ("status --socket /s -q", "status --socket /s -q"),
        ("--socket /s status", "status --socket /s"), ("-o json -q status", "status -o json -q"),
        ("--output=json status", "status --output=json"), ("port --socket /s show vm1", "port show --socket /s vm1"),
        ("help status", "help status"), ("lab exec vm1 -- ping -c1 x", "lab exec vm1 -- ping -c1 x"),
        ("lab", "lab"), ("lab --help", "lab --help"),
    ])
    func arranges(line: String, result: String) throws { #expect(try read(line) == result) }

    @Test(arguments: [
        (line: "statsu", help: "did you mean 'weft status'?"), (line: "prot show vm1", help: "did you mean 'weft port'?"),
        (line: "lab upp", help: "did you mean 'weft lab up'?"), (line: "-q stauts", help: "did you mean 'weft status'?"),
        (line: "xylophone", help: "see weft --help"),
    ])
    func suggests(line: String, help: String) throws {
        let error = #expect(throws: APIError.self) { try read(line) }
        #expect(error?.code == .usage)
        #expect(error?.cause == "there is no such command")
        #expect(error?.help == help)
    }

    @Test(arguments: CommandLineReader.laterCommands)
    func saysWhatComesLater(line: String) throws {
        let error = #expect(throws: APIError.self) { try read(line) }
        #expect(error?.code == .usage)
        #expect(error?.cause == "the command is not in this version")
    }

    @Test(arguments: [
        (line: "status", variable: "WEFT_SOCKET", value: "/s", result: "status --socket=/s"),
        (line: "status --socket /t", variable: "WEFT_SOCKET", value: "/s", result: "status --socket /t"),
        (line: "status --socket=/t", variable: "WEFT_SOCKET", value: "/s", result: "status --socket=/t"),
        (line: "--socket /t status", variable: "WEFT_SOCKET", value: "/s", result: "status --socket /t"),
        (line: "status -ojson", variable: "WEFT_OUTPUT", value: "wide", result: "status -ojson"),
        (line: "status", variable: "WEFT_SOCKET", value: "", result: "status"),
        (line: "status", variable: "WEFT_QUIET", value: "1", result: "status --quiet"),
        (line: "status", variable: "WEFT_QUIET", value: "off", result: "status"),
        (line: "status -q", variable: "WEFT_QUIET", value: "yes", result: "status -q"),
        (line: "status", variable: "WEFT_HELP", value: "1", result: "status"),
        (line: "agent", variable: "WEFT_STATE_DIR", value: "/x y", result: "agent --state-dir=/x y"),
        (line: "agent", variable: "WEFT_JOIN", value: "a:1 b", result: "agent --join=a:1 --join=b"),
        (line: "port show vm1", variable: "WEFT_AS", value: "qemu", result: "port show --as=qemu vm1"),
        (line: "lab exec vm1 -- env --lab x", variable: "WEFT_LAB", value: "l", result: "lab exec --lab=l vm1 -- env --lab x"),
    ])
    func takesOptionsFromTheEnvironment(line: String, variable: String, value: String, result: String) throws {
        #expect(try read(line, [variable: value]) == result)
    }

    @Test func refusesAVariableThatIsNeitherYesNorNo() throws {
        let error = #expect(throws: APIError.self) { try read("status", ["WEFT_QUIET": "perhaps"]) }
        #expect(error?.description == "cannot use the variable WEFT_QUIET: 'perhaps' is neither yes nor no; set it to 1 or 0")
    }
}
