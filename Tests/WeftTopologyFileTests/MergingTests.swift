import Foundation
import Testing
import WeftTopology
import WeftTopologyFile

/// Several files that describe one fabric together.
@Suite struct MergingTests {
    private static let base = """
        weft: 1
        name: first
        hosts:
          alpha: { underlay: 192.0.2.11 }
          bravo: { underlay: 192.0.2.12 }
        segments:
          blue: { vni: 100, subnet: 10.1.0.0/24 }
        defaults:
          port: { queues: 2 }

        """
    private static let ports = """
        weft: 1
        ports:
          vm1: { host: alpha, segment: blue, address: 10.1.0.11 }
          vm2: { host: bravo, segment: blue, address: 10.1.0.12 }
        checks:
          - { from: vm1, to: vm2, proto: icmp, expect: allow }

        """

    /// Loads texts as files that are called `a`, `b`, … in a folder of their own.
    private func load(_ texts: [String]) throws -> (result: TopologyFile.LoadResult, text: String) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("weft-merging-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let paths = try texts.enumerated().map { number, text in
            let path = folder.appendingPathComponent(["a", "b", "c"][number])
            try Data(text.utf8).write(to: path)
            return path.path
        }
        let result = TopologyFile.load(paths: paths)
        return (result, result.text().replacingOccurrences(of: folder.path + "/", with: ""))
    }

    @Test func whatIsInSeveralFilesIsOneTopology() throws {
        let split = try load([Self.base, Self.ports]).result
        let whole = try load([Self.base + Self.ports.dropFirst("weft: 1\n".count)]).result
        let topology = try #require(split.topology)
        #expect(topology == whole.topology && split.diagnostics == [])
        #expect(topology.ports.map(\.queues) == [2, 2], "defaults of one file hold for all")
        // The order of the files does not matter but for the order of checks.
        #expect(try load([Self.ports, Self.base]).result.topology == topology)
    }

    /// The file that `weft merge` writes says the same.
    @Test func theMergedFileIsReadBack() throws {
        let topology = try #require(try load([Self.base, Self.ports]).result.topology)
        #expect(try load([topology.fileText]).result.topology == topology)
    }

    @Test func whatIsWrongIsToldWithItsFile() throws {
        let wrong = Self.ports.replacingOccurrences(of: "bravo, segment: blue", with: "bravo, segment: bleu")
        let (result, text) = try load([Self.base, wrong])
        #expect(result.topology == nil)
        #expect(text.hasPrefix("b:4:32: error[E201]: unknown segment 'bleu'\n4 |   vm2: "), "\(text)")
        #expect(text.contains("It is defined at a:7:3"))
    }

    @Test func whatIsInTwoFilesIsThereTwice() throws {
        let again = "weft: 1\nname: first\nsegments:\n  blue: { vni: 101 }\ndefaults: { port: { queues: 1 } }\n"
        let (result, text) = try load([Self.base, Self.ports, again])
        #expect(result.topology == nil)
        #expect(
            text.contains("c:4:3: error[E103]: duplicate key 'blue'") && text.contains("it is first given at a:7:3"), "\(text)")
        #expect(text.contains("c:5:1: error[E103]: 'defaults' is in two of the files"), "\(text)")
    }

    @Test func filesOfTwoFabricsAreNoTopology() throws {
        let (result, text) = try load([Self.base, "weft: 1\nname: second\n", "segments: {}\n"])
        #expect(result.topology == nil)
        #expect(text.contains("b:2:1: error[E103]: 'name' is in two of the files"), "\(text)")
        #expect(text.contains("c:1:1: error[E105]: the file: missing key 'weft'"), "\(text)")
    }

    /// A part that can't be read hides nothing of what is wrong with it, and nothing is said that would not be so with it.
    @Test func aPartThatIsNoYAMLIsToldAlone() throws {
        let (result, text) = try load([Self.ports, "weft: 1\nhosts: [\n"])
        #expect(result.topology == nil && !result.diagnostics.isEmpty)
        #expect(result.diagnostics.allSatisfy { $0.file.hasSuffix("/b") }, "\(text)")
    }
}
