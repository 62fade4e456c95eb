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

    /// Runs a program of Python's; its exit code.
    private static func python(_ program: String, _ arguments: [String]) -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", program] + arguments
        process.standardError = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            return -1
        }
        process.waitUntilExit()
        return process.terminationStatus
    }

    private static let hasValidator = python("import jsonschema, yaml", []) == 0

    @Test(.enabled(if: hasValidator, "needs Python's jsonschema and yaml: apt-get install python3-jsonschema python3-yaml"))
    func acceptsTheExamplesAndRefusesMistakes() throws {
        let program = """
            import json, sys, yaml, jsonschema
            schema = json.load(open(sys.argv[1]))
            jsonschema.Draft7Validator.check_schema(schema)
            validator = jsonschema.Draft7Validator(schema)
            sys.exit(3 if any(list(validator.iter_errors(yaml.safe_load(open(name)))) for name in sys.argv[2:]) else 0)
            """
        let examples = try ExamplesTests.examples.map { ExamplesTests.checkout.appending(path: "Topologies/\($0)").path }
        #expect(Self.python(program, [Self.path.path] + examples) == 0)
        let corpus = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus")
        #expect(Self.python(program, [Self.path.path, corpus.appending(path: "vlan-gateway.yaml").path]) == 0)
        for mistake in ["a-mistake-of-each-class", "scalars-everywhere", "version-from-the-future"] {
            #expect(Self.python(program, [Self.path.path, corpus.appending(path: mistake + ".yaml").path]) == 3, "\(mistake)")
        }
    }
}
