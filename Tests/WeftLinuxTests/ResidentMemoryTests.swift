import Testing
import WeftLinux

@Suite struct ResidentMemoryTests {
    @Test("code goes, comes back when it is used, and data stays") func releases() throws {
        let kept = (0..<100_000).map { $0 &* 7 }
        let before = try Self.fileKilobytes()
        ResidentMemory.release()
        let after = try Self.fileKilobytes()
        #expect(after < before)
        #expect(kept.indices.allSatisfy { kept[$0] == $0 &* 7 })
    }

    /// Resident pages of files, code for the most part.
    private static func fileKilobytes() throws -> Int {
        let status = String(decoding: try #require(try SmallFile.read("/proc/self/status")), as: UTF8.self)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssFile:") })
        return try #require(line.split(whereSeparator: { $0 == " " || $0 == "\t" }).compactMap { Int($0) }.first)
    }
}
