import Foundation
import Testing

@testable import WeftTopology

/// The JSON Schema that editors use, beside the examples.
@Suite struct SchemaTests {
    private static var path: URL { ExamplesTests.checkout.appending(path: "Topologies/weft.schema.json") }

    private static var schema: [String: Any] {
        get throws {
            try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any])
        }
    }

    @Test(arguments: [
        ("host", ShapeReader.hostKeys), ("segment", ShapeReader.segmentKeys), ("port", ShapeReader.portKeys),
        ("hostDefaults", ShapeReader.hostKeys), ("segmentDefaults", ShapeReader.segmentKeys),
        ("portDefaults", ShapeReader.portKeys),
        ("check", ShapeReader.checkKeys),
    ])
    func knowsTheKeysThatAreRead(object: String, keys: [String]) throws {
        let definitions = try #require(try Self.schema["definitions"] as? [String: Any])
        let definition = try #require(definitions[object] as? [String: Any])
        let properties = try #require(definition["properties"] as? [String: Any])
        #expect(properties.keys.sorted() == keys.sorted())
    }

    @Test func knowsTheKeysOfTheFile() throws {
        let properties = try #require(try Self.schema["properties"] as? [String: Any])
        #expect(properties.keys.sorted() == (ShapeReader.fileKeys + ShapeReader.laterFileKeys).sorted())
        #expect(try Self.schema["$schema"] as? String == "http://json-schema.org/draft-07/schema#")
    }

    /// Judges texts by the schema and nothing else; reads the schema's path as its argument and a list of texts from standard input,
    /// prints a list of true and false. Scalars get the types that editors give them, those of YAML 1.2.
    private static let program = #"""
        import json, re, sys, yaml, jsonschema
        class Loader(yaml.SafeLoader): yaml_implicit_resolvers = {}
        for tag, pattern in (("bool", "true|false"), ("null", "~|null|"), ("int", "-?(0|[1-9][0-9]*)"),
                             ("float", r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?|\.nan|-?\.inf")):
            Loader.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile("^(" + pattern + ")$"), None)
        Loader.add_constructor(None, lambda loader, node: None)
        schema = json.load(open(sys.argv[1]))
        jsonschema.Draft7Validator.check_schema(schema)
        validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())
        def accepts(text):
            try: return validator.is_valid(yaml.load(text, Loader))
            except (yaml.YAMLError, ValueError, TypeError): return False
        json.dump([accepts(text) for text in json.load(sys.stdin)], sys.stdout)
        """#

    /// Runs the validator on texts; nil when it could not be run.
    private static func verdicts(_ texts: [String]) -> [Bool]? {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", program, path.path]
        let output = Pipe()
        let input = FileManager.default.temporaryDirectory.appending(path: "weft-schema-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: input) }
        do {
            try JSONEncoder().encode(texts).write(to: input)
            process.standardInput = try FileHandle(forReadingFrom: input)
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
        } catch {
            return nil
        }
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return try? JSONDecoder().decode([Bool].self, from: bytes)
    }

    private static let hasValidator = verdicts([]) != nil

    /// Every file of the tests of the rules, with the examples, the corpus, and what is hostile and small.
    private static var texts: [String] {
        get throws {
            let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus")
            let corpus = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }
                .sorted()
                .filter { !$0.contains("laughs") }.map { folder.appending(path: $0) }
            let examples = try ExamplesTests.examples.map { ExamplesTests.checkout.appending(path: "Topologies/\($0)") }
            let rules = [
                ShapeRuleTests.cases, ReferenceRuleTests.cases, RangeRuleTests.cases, ConflictRuleTests.cases,
                FeasibilityRuleTests.cases,
            ]
            let hostile = HostileFile.all.filter { $0.bytes.count < 16 << 10 && !$0.codes.contains(.aliasesMultiply) }
            return [WholeFormatTests.text] + rules.flatMap { $0.map(\.text) }
                + (corpus + examples).compactMap { try? String(contentsOf: $0, encoding: .utf8) }
                + hostile.compactMap { String(validating: $0.bytes, as: UTF8.self) }
        }
    }

    /// Whether a schema can say what a diagnostic says: that something has the wrong shape, where no default could mend it.
    private static func isExpressible(_ diagnostic: Diagnostic) -> Bool {
        switch diagnostic.code {
        case .unknownKey, .wrongType, .unknownVersion, .unknownWord, .malformedAddress: true
        case .missingKey:
            !["host", "segment", "vni", "underlay", "device", "socket"].contains {
                diagnostic.message.hasSuffix("missing key '\($0)'")
            }
        default: false
        }
    }

    @Test(.enabled(if: hasValidator, "needs Python's jsonschema and yaml: apt-get install python3-jsonschema python3-yaml"))
    func acceptsWhatIsAcceptedAndRefusesWrongShapes() throws {
        let texts = try Self.texts
        let verdicts = try #require(Self.verdicts(texts))
        var (acceptedCount, refusedCount) = (0, 0)
        for (text, isValid) in zip(texts, verdicts) {
            let result = WholeFormatTests.load(text)
            if result.topology != nil {
                acceptedCount += 1
                #expect(isValid, "the schema refuses:\n\(text)")
            } else if result.diagnostics.contains(where: Self.isExpressible) {
                refusedCount += 1
                #expect(!isValid, "the schema accepts:\n\(text)\n\(result.text())")
            }
        }
        #expect(verdicts.count == texts.count && acceptedCount >= 40 && refusedCount >= 50)
    }
}
