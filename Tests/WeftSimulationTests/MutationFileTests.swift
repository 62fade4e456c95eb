import Foundation
import Testing

/// The breakages that `Scripts/mutate` makes: what each replaces is in the sources, exactly once, so that no change of the core
/// takes one away unnoticed.
@Suite struct MutationFileTests {
    @Test("each mutation applies to the sources, and its scenarios are there") func apply() throws {
        let folder = Self.root.appending(path: "Tests/Mutations")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".mutation") }.sorted()
        #expect(names.count >= 10)
        for name in names {
            let mutation = try Self.read(folder.appending(path: name))
            #expect(!mutation.changes.isEmpty && !mutation.scenarios.isEmpty, "\(name)")
            for change in mutation.changes {
                let source = try String(contentsOf: Self.root.appending(path: change.file), encoding: .utf8)
                let count = source.components(separatedBy: change.old).count - 1
                #expect(count == 1, "\(name): what it replaces is \(count) times in \(change.file); adapt it")
                #expect(change.old != change.new, "\(name)")
            }
            for scenario in mutation.scenarios {
                #expect(FileManager.default.fileExists(atPath: Self.root.appending(path: scenario).path), "\(name): \(scenario)")
            }
        }
    }

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private struct Mutation {
        var changes: [(file: String, old: String, new: String)] = []
        var scenarios: [String] = []
    }

    /// Reads a file as `Scripts/mutate` does.
    private static func read(_ url: URL) throws -> Mutation {
        var (mutation, file, block) = (Mutation(), "", "")
        var texts: [String: [String]] = [:]
        func end() {
            guard let old = texts["replace"], let new = texts["by"] else { return }
            mutation.changes.append((file, old.joined(separator: "\n"), new.joined(separator: "\n")))
            (texts, block) = ([:], "")
        }
        for line in try String(contentsOf: url, encoding: .utf8).components(separatedBy: "\n") {
            if line.hasPrefix("run ") {
                end()
                mutation.scenarios.append(line.components(separatedBy: " ")[1])
            } else if line.hasPrefix("file ") {
                end()
                file = String(line.dropFirst(5))
            } else if line == "replace" || line == "by" {
                if line == "replace" { end() }
                block = line
                texts[block] = []
            } else if !block.isEmpty {
                texts[block, default: []].append(line)
            }
        }
        return mutation
    }
}
