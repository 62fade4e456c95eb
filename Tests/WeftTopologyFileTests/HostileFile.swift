import WeftTopology

@testable import WeftTopologyFile

/// A file that somebody made to do harm, and the codes of which one has to be among what is said about it.
struct HostileFile: Sendable {
    let name: String
    let bytes: [UInt8]
    let codes: Set<DiagnosticCode>

    init(_ name: String, bytes: [UInt8], _ codes: DiagnosticCode...) {
        (self.name, self.bytes, self.codes) = (name, bytes, Set(codes))
    }

    init(_ name: String, _ text: String, _ codes: DiagnosticCode...) {
        (self.name, self.bytes, self.codes) = (name, Array(text.utf8), Set(codes))
    }

    /// A good file with one line replaced, counted from 1.
    private init(_ name: String, line: Int, _ replacement: String, _ codes: DiagnosticCode...) {
        var lines = RuleCase.good
        lines[line - 1] = replacement
        (self.name, self.bytes, self.codes) = (name, Array(lines.joined(separator: "\n").utf8), Set(codes))
    }

    static let all: [HostileFile] = [
        names, devices, users, sockets, numbers, encodings, structures, bombs, duplicates, sizes,
    ].flatMap { $0 }

    // MARK: Names

    /// In double quotes each, as YAML has them.
    private static let badNames = [
        "../../etc/passwd", "/etc/passwd", "-rf", "--help", ".", "..", "$(reboot)", "`id`", "a b", "a;reboot", "%n%n%s", "a\\0b",
        "\\u202Egpj", "\\uFF41", "vm1\\n", "a//b", "*", "|sh",
    ]

    private static var names: [HostileFile] {
        badNames.flatMap { name in
            [
                HostileFile("fabric \(name)", line: 2, "name: \"\(name)\"", .invalidName),
                HostileFile(
                    "host \(name)", line: 3,
                    "hosts: { a: { underlay: 192.0.2.1 }, b: { underlay: 192.0.2.2 }, \"\(name)\": { underlay: 192.0.2.3 } }",
                    .invalidName),
                HostileFile(
                    "segment \(name)", line: 4, "segments: { blue: { vni: 100 }, \"\(name)\": { vni: 1 } }", .invalidName),
                HostileFile("port \(name)", line: 6, "  \"\(name)\": { host: a, segment: blue }", .invalidName),
            ]
        }
    }

    private static var devices: [HostileFile] {
        ["../x", "all", "default", ".", "..", "eth0/..", "-dev", "a b", "", "abcdefghijklmnop", "net\\0", "%d", "eth0\\n"].map {
            HostileFile("device \($0)", line: 6, "  vm1: { host: a, segment: blue, device: \"\($0)\" }", .invalidDevice)
        }
    }

    private static var users: [HostileFile] {
        ["../x", "-u", "root:0", "a/b", "$USER", "a\\0b", ""].flatMap {
            [
                HostileFile("owner \($0)", line: 6, "  vm1: { host: a, segment: blue, owner: \"\($0)\" }", .invalidText),
                HostileFile(
                    "netns \($0)", line: 6, "  vm1: { host: a, segment: blue, kind: veth, netns: \"\($0)\" }", .invalidText),
            ]
        }
    }

    private static var sockets: [HostileFile] {
        [
            "run/x", "/run/../etc/x", "/run/..", "", "/x\\n", "@abstract", "\\0abstract",
            "/" + String(repeating: "x", count: 107), "/",
        ]
        .map {
            HostileFile(
                "socket \($0)", line: 6, "  vm1: { kind: socket, socket: { path: \"\($0)\" }, host: a, segment: blue }",
                .invalidText)
        }
    }

    // MARK: Numbers

    private static var numbers: [HostileFile] {
        let huge = String(repeating: "9", count: 4000)
        return [
            HostileFile("huge VNI", line: 4, "segments: { blue: { vni: \(huge) } }", .vniRange),
            HostileFile("negative VNI", line: 4, "segments: { blue: { vni: -\(huge) } }", .vniRange),
            HostileFile("fraction", line: 4, "segments: { blue: { vni: 1.5 } }", .wrongType),
            HostileFile("exponent", line: 4, "segments: { blue: { vni: 1e9 } }", .wrongType),
            HostileFile("hexadecimal", line: 4, "segments: { blue: { vni: 0x10 } }", .wrongType),
            HostileFile("octal", line: 4, "segments: { blue: { vni: 0o17 } }", .wrongType),
            HostileFile("underscores", line: 4, "segments: { blue: { vni: 1_000 } }", .wrongType),
            HostileFile("not a number", line: 4, "segments: { blue: { vni: .nan } }", .wrongType),
            HostileFile("infinity", line: 4, "segments: { blue: { vni: .inf } }", .wrongType),
            HostileFile("two signs", line: 4, "segments: { blue: { vni: --1 } }", .wrongType),
            HostileFile("other digits", line: 4, "segments: { blue: { vni: \"１００\" } }", .wrongType),
            HostileFile("huge MTU", line: 4, "segments: { blue: { vni: 1, mtu: 9223372036854775808 } }", .mtuRange),
            HostileFile(
                "huge UDP port", line: 3, "hosts: { a: { underlay: 192.0.2.1, port: 65536 }, b: { underlay: 192.0.2.2 } }",
                .portNumberRange),
            HostileFile("huge queues", line: 6, "  vm1: { host: a, segment: blue, queues: 4294967297 }", .queuesRange),
            HostileFile("huge prefix", line: 4, "segments: { blue: { vni: 1, subnet: 10.0.0.0/\(huge) } }", .malformedAddress),
            HostileFile("huge version", line: 1, "weft: \(huge)", .unknownVersion),
            HostileFile(
                "long address", line: 3,
                "hosts: { a: { underlay: \"\(String(repeating: "1:", count: 2000))\" }, b: { underlay: 192.0.2.2 } }",
                .malformedAddress),
            HostileFile(
                "zone", line: 3, "hosts: { a: { underlay: \"fe80::1%eth0\" }, b: { underlay: 192.0.2.2 } }", .malformedAddress),
        ]
    }

    // MARK: Text

    private static var encodings: [HostileFile] {
        let front = Array("weft: 1\nname: ".utf8)
        return [
            HostileFile("bad byte first", bytes: [0xFF] + front, .notUTF8),
            HostileFile("bad byte last", bytes: front + [0xC3], .notUTF8),
            HostileFile("overlong slash", bytes: front + [0xC0, 0xAF], .notUTF8),
            HostileFile("surrogate", bytes: front + [0xED, 0xA0, 0x80], .notUTF8),
            HostileFile("beyond Unicode", bytes: front + [0xF4, 0x90, 0x80, 0x80], .notUTF8),
            HostileFile("UTF-16 little", bytes: [0xFF, 0xFE, 0x77, 0x00], .notUTF8),
            HostileFile("UTF-16 big", bytes: [0xFE, 0xFF, 0x00, 0x77], .notUTF8),
            HostileFile("UTF-32", bytes: [0x77, 0, 0, 0, 0x65, 0, 0, 0], .yamlSyntax),
            HostileFile("NUL", bytes: front + [0x61, 0x00, 0x62], .yamlSyntax),
            HostileFile("escape", bytes: front + [0x1B, 0x5B, 0x32, 0x4A], .yamlSyntax),
            HostileFile("only a byte order mark", bytes: [0xEF, 0xBB, 0xBF], .emptyFile),
            HostileFile(
                "a program", bytes: [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0] + Array(repeating: 0, count: 4096), .yamlSyntax),
            HostileFile("random bytes", bytes: (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 31 &+ 0x80) }, .notUTF8),
            HostileFile("only spaces", String(repeating: " ", count: 100_000), .emptyFile),
            HostileFile("only line ends", String(repeating: "\n", count: 100_000), .emptyFile),
        ]
    }

    private static var structures: [HostileFile] {
        let good = RuleCase.good.joined(separator: "\n")
        return [
            HostileFile("a list", "- weft: 1\n", .wrongType),
            HostileFile("a tab", "weft: 1\n\tname: t\n", .yamlSyntax),
            HostileFile("open quote", good + "x-a: \"", .yamlSyntax),
            HostileFile("open list", good + "x-a: [", .yamlSyntax),
            HostileFile("open map", good + "x-a: {", .yamlSyntax),
            HostileFile("another document", good + "---\nweft: 1\n", .severalDocuments),
            HostileFile("a directive", "%YAML 9.9\n---\nweft: 1\n", .yamlSyntax),
            HostileFile("an unknown tag", line: 6, "  vm1: !!python/object/apply:os.system [reboot]", .unusedYAML),
            HostileFile("a tag of ours", line: 6, "  vm1: !include /etc/shadow", .unusedYAML),
            HostileFile("an unknown alias", line: 6, "  vm1: *nobody", .yamlSyntax),
            HostileFile("an alias to itself", line: 6, "  vm1: &a { host: *a }", .yamlSyntax),
            HostileFile("a merge key", line: 6, "  vm1: { <<: { host: a }, segment: blue }", .missingKey, .unknownKey),
            HostileFile("a list as a key", line: 6, "  ? [vm1]\n  : { host: a, segment: blue }", .unusedYAML),
        ]
    }

    // MARK: Bombs

    private static var bombs: [HostileFile] {
        let merges = (1...20).map { "x-\($0): &m\($0) { <<: [*m\($0 - 1), *m\($0 - 1)] }" }.joined(separator: "\n")
        let wide = "x-0: &a [" + Array(repeating: "1", count: 1000).joined(separator: ",") + "]\n"
        return [
            HostileFile("billion laughs", LimitsTests.laughs, .aliasesMultiply),
            HostileFile("laughs as keys", LimitsTests.laughs + "? *l9\n: 1\n", .unusedYAML),
            HostileFile(
                "a thousand thousands",
                "weft: 1\n" + wide + "x-1: [" + Array(repeating: "*a", count: 1000).joined(separator: ",") + "]\n",
                .aliasesMultiply),
            HostileFile(
                "merge keys that multiply", "weft: 1\nx-0: &m0 { a: 1 }\n" + merges + "\n", .aliasesMultiply, .unusedYAML,
                .missingKey),
            HostileFile("deep lists", "x: " + String(repeating: "[", count: 100_000), .tooDeep),
            HostileFile("deep maps", String(repeating: "{a: ", count: 50_000), .tooDeep),
            HostileFile("deep dashes", String(repeating: "- ", count: 50_000), .tooDeep),
            HostileFile("deep blocks", (0..<500).map { String(repeating: " ", count: $0) + "x-a:\n" }.joined(), .tooDeep),
            HostileFile("many anchors", "weft: 1\n" + (0..<5000).map { "x-\($0): &a\($0) 1\n" }.joined(), .missingKey),
            HostileFile("many question marks", String(repeating: "? ", count: 20_000), .unusedYAML),
        ]
    }

    private static var duplicates: [HostileFile] {
        [
            HostileFile(
                "a key by its escape", line: 3,
                "hosts: { a: { underlay: 192.0.2.1 }, b: { underlay: 192.0.2.2 }, \"\\x61\": { underlay: 192.0.2.3 } }",
                .duplicateKey),
            HostileFile(
                "a key by another escape", line: 6,
                "  \"vm\\u0031\": { host: a, segment: blue }\n  vm1: { host: b, segment: blue }", .duplicateKey),
            HostileFile(
                "a key in other quotes", line: 6, "  'vm1': { host: a, segment: blue }\n  \"vm1\": { host: b, segment: blue }",
                .duplicateKey),
            HostileFile("a thousand times one key", "weft: 1\n" + String(repeating: "name: t\n", count: 1000), .duplicateKey),
            HostileFile("sections twice", RuleCase.good.joined(separator: "\n") + "hosts: {}\nports: {}\n", .duplicateKey),
            HostileFile(
                "a trunk's segment twice", line: 6, "  vm1: { host: a, trunk: { blue: 1, blue: 2 } }", .duplicateKey, .laterKey),
        ]
    }

    // MARK: Sizes

    private static var sizes: [HostileFile] {
        let room = TopologyFile.maximumByteCount - 200
        return [
            HostileFile(
                "a key of 4 MiB", "weft: 1\n" + String(repeating: "k", count: room) + ": 1\n", .yamlSyntax, .missingKey,
                .unknownKey),
            HostileFile(
                "a quoted key of 4 MiB", "weft: 1\n\"" + String(repeating: "k", count: room) + "\": 1\n", .yamlSyntax,
                .missingKey, .unknownKey),
            HostileFile(
                "a name of 4 MiB", "weft: 1\nname: " + String(repeating: "a", count: room) + "\nhosts: {}\n", .invalidName),
            HostileFile(
                "a quoted name of 4 MiB", "weft: 1\nname: \"" + String(repeating: "\\0", count: room / 2) + "\"\nhosts: {}\n",
                .invalidName),
            HostileFile("more than 4 MiB", String(repeating: "#", count: TopologyFile.maximumByteCount + 1), .tooLarge),
            HostileFile("4 MiB of comments", String(repeating: "#\n", count: room / 2), .emptyFile),
            HostileFile("4 MiB of one comment", String(repeating: "#", count: room), .emptyFile),
            HostileFile(
                "100 000 unknown keys", "weft: 1\n" + (0..<100_000).map { "k\($0): 1\n" }.joined(), .missingKey, .unknownKey),
            HostileFile(
                "50 000 hosts without an address", "weft: 1\nname: t\nhosts:\n" + (0..<50_000).map { "  h\($0):\n" }.joined(),
                .missingKey),
        ]
    }
}
