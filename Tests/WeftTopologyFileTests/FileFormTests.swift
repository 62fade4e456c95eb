import Foundation
import Glibc
import Testing
import WeftTopology

@testable import WeftTopologyFile

/// What a file may be on disk and how its text may be encoded.
@Suite struct FileFormTests {
    private static let good = RuleCase.good.joined(separator: "\n")

    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func load(_ bytes: [UInt8]) -> TopologyFile.LoadResult { TopologyFile.load(bytes: bytes, file: "t.weft.yaml") }

    private static let accepted: [(name: String, bytes: [UInt8])] = [
        ("byte order mark", [0xEF, 0xBB, 0xBF] + Array(good.utf8)),
        ("CR LF", Array(good.replacing("\n", with: "\r\n").utf8)),
        ("no last line end", Array((good + "x-end: 1").utf8)),
        ("document marks", Array(("---\n" + good + "...\n").utf8)),
        ("other scripts", Array((good + "x-ž: \"日本 🌍\" # ümläut\n").utf8)),
    ]

    @Test(arguments: accepted)
    func accepts(form: (name: String, bytes: [UInt8])) {
        #expect(load(form.bytes).text() == "", "\(form.name)")
        #expect(load(form.bytes).topology != nil)
    }

    private static let refused: [(bytes: [UInt8], text: String)] = [
        (bytes(""), "t.weft.yaml:1:1: error[E113]: the file is empty; a topology begins with 'weft: 1'\n"),
        (
            bytes("# only\n\n"),
            "t.weft.yaml:1:1: error[E113]: the file is empty; a topology begins with 'weft: 1'\n1 | # only\n  | ^\n"
        ),
        (
            bytes("--- ~\n"),
            "t.weft.yaml:1:5: error[E113]: the file is empty; a topology begins with 'weft: 1'\n1 | --- ~\n  |     ^\n"
        ),
        (
            bytes("name: é") + [0xFF] + bytes("\n"),
            "t.weft.yaml:1:8: error[E111]: the file is not UTF-8 text\n  = help: save it as UTF-8; if it is Latin-1: iconv -f LATIN1 -t UTF-8 t.weft.yaml\n"
        ),
        (
            [0xFF, 0xFE, 0x61, 0x00],
            "t.weft.yaml:1:1: error[E111]: the file is UTF-16\n  = help: save it as UTF-8: iconv -f UTF-16 -t UTF-8 t.weft.yaml\n"
        ),
        (
            bytes("weft: 1\nname: a\u{0}b\n"),
            "t.weft.yaml:2:8: error[E102]: the control character U+0000 is not allowed in YAML\n  = help: remove it, or write it as an escape in double quotes\n"
        ),
        (
            bytes(good + "---\nweft: 1\n"),
            "t.weft.yaml:9:1: error[E112]: a second document begins here; a file describes one fabric\n9 | weft: 1\n  | ^\n  = help: put it into a file of its own\n"
        ),
        (
            bytes("just text\n"),
            "t.weft.yaml:1:1: error[E104]: the file: expected a mapping, found 'just text'\n1 | just text\n  | ^^^^^^^^^\n"
        ),
    ]

    @Test(arguments: refused)
    func refuses(bytes: [UInt8], text: String) { #expect(load(bytes).text() == text) }

    @Test func columnsAreCharacters() {
        let text = Self.good.replacing("vm1: { host: a", with: "\"vm1\": { x-ž🌍: \"日本\", host: c")
        #expect(load(Array(text.utf8)).diagnostics.last?.place == "t.weft.yaml:6:30")
        let crlf = Self.good.replacing("host: a", with: "host: c").replacing("\n", with: "\r\n")
        #expect(load([0xEF, 0xBB, 0xBF] + Array(crlf.utf8)).diagnostics.last?.place == "t.weft.yaml:6:16")
    }

    @Test func saysWhyAFileCannotBeRead() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "weft-files-\(getpid())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let pipe = folder + "/pipe.weft.yaml"
        #expect(unsafe mkfifo(pipe, 0o600) == 0)
        func text(_ path: String) -> String { TopologyFile.load(path: path).text().replacing(folder, with: "F") }
        #expect(
            text(folder + "/no.weft.yaml")
                == "F/no.weft.yaml: error[E115]: cannot read F/no.weft.yaml: No such file or directory\n  = help: check the path; a topology file is usually called NAME.weft.yaml\n"
        )
        #expect(
            text(folder)
                == "F: error[E115]: cannot read F: it is a directory\n  = help: name the file in it, such as F/lab.weft.yaml\n")
        #expect(text(pipe) == "F/pipe.weft.yaml: error[E115]: cannot read F/pipe.weft.yaml: it is not a regular file\n")
        #expect(text("/dev/zero") == "/dev/zero: error[E115]: cannot read /dev/zero: it is not a regular file\n")
    }

    @Test func oneRunReportsAllFiles() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "weft-many-\(getpid())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Self.good.write(toFile: folder + "/good", atomically: false, encoding: .utf8)
        try "weft: 3\n".write(toFile: folder + "/bad", atomically: false, encoding: .utf8)
        let report = TopologyFile.validate(paths: ["bad", "none", "good", "bad"].map { "\(folder)/\($0)" })
        #expect(report.diagnostics.map(\.code) == [.unknownVersion, .unreadable, .unknownVersion])
        #expect(report.text().hasSuffix("4 files checked, 3 errors\n"))
        #expect(report.hasErrors)
    }

    @Test func jsonHasTheSameFieldsForAll() throws {
        let text = Self.good.replacing("host: a", with: "host: c, mac: 52:54:00:00:00:01")
        let report = ValidationReport(files: [load(Array(text.utf8)), TopologyFile.load(path: "/nowhere")])
        #expect(
            try report.json() == """
                [
                  {
                    "code" : "W603",
                    "column" : 10,
                    "file" : "t.weft.yaml",
                    "help" : null,
                    "length" : 1,
                    "line" : 3,
                    "message" : "host 'a' has no ports",
                    "severity" : "warning"
                  },
                  {
                    "code" : "E202",
                    "column" : 16,
                    "file" : "t.weft.yaml",
                    "help" : "hosts here: a, b",
                    "length" : 1,
                    "line" : 6,
                    "message" : "unknown host 'c'",
                    "severity" : "error"
                  },
                  {
                    "code" : "W601",
                    "column" : 24,
                    "file" : "t.weft.yaml",
                    "help" : "write mac: \\"52:54:00:00:00:01\\"; YAML 1.1 takes some MACs for numbers in base 60",
                    "length" : 17,
                    "line" : 6,
                    "message" : "port 'vm1': MAC without quotes",
                    "severity" : "warning"
                  },
                  {
                    "code" : "E115",
                    "column" : null,
                    "file" : "/nowhere",
                    "help" : "check the path; a topology file is usually called NAME.weft.yaml",
                    "length" : null,
                    "line" : null,
                    "message" : "cannot read /nowhere: No such file or directory",
                    "severity" : "error"
                  }
                ]

                """)
    }
}
