import Glibc
import Testing
import WeftLinux

extension System {
    /// The README is run, not believed.
    @Suite("README") struct ReadmeTests {
        private static func page() throws -> String {
            let bytes = try #require(try SmallFile.read("\(WeftBinary.checkout)/README.md"))
            return String(decoding: bytes, as: UTF8.self)
        }

        /// The fenced blocks of a language, without their fences.
        private static func blocks(_ language: String) throws -> [[String]] {
            var blocks: [[String]] = []
            var block: [String]?
            for line in try page().split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
                if line == "```\(language)" {
                    block = []
                } else if line == "```", let ended = block {
                    blocks.append(ended)
                    block = nil
                } else {
                    block?.append(line)
                }
            }
            return blocks
        }

        @Test("every command of the lab works, in the order of the page", .needs("ping", "env")) func lab() throws {
            let prefix = "sudo .build/release/weft "
            let block = try #require(try Self.blocks("sh").first { $0.contains { $0.hasPrefix(prefix + "lab up") } })
            // A name of this run's own, as WEFT_<FLAG> allows for every flag.
            let lab = "readme\(getpid())"
            defer { _ = try? WeftBinary.attempt(["lab", "down", "--lab", lab]) }
            for line in block {
                #expect(line.hasPrefix(prefix), "\(line)")
                let words = line.dropFirst(prefix.count).split(separator: " ").map(String.init)
                var command = Command("env", ["WEFT_LAB=\(lab)", try #require(WeftBinary.path)] + words)
                command.workingDirectory = WeftBinary.checkout
                let outcome = try command.run(timeout: .seconds(60))
                #expect(outcome.isSuccess, "\(line): \(outcome.status)\n\(outcome.standardError)")
            }
        }

        @Test("every command of 'Wire a VM' works", .needs("qemu-system-x86_64", "timeout")) func wiring() async throws {
            let hyper = try await HypervisorSite()
            let blocks = try Self.blocks("sh").filter {
                $0.contains { $0.contains("port show vm1 --as") || $0.contains("helper=") }
            }
            // A line that ends with a backslash goes on.
            let text = blocks.joined().joined(separator: "\n").replacing("\\\n", with: " ")
            let lines = text.split(separator: "\n").map(String.init)
            #expect(lines.count == PortSnippetCount.ofPrograms + 3)
            for line in lines {
                // A machine without a disk goes on for ever: it is right when it has to be ended.
                let isMachine = line.contains("qemu-system")
                let words = line.hasPrefix("sudo ") ? String(line.dropFirst(5)) : line
                let helper = "/usr/local/libexec/weft-qemu-helper"
                #expect(!line.contains("helper=") || line.contains(helper))
                let own = words.replacing(helper, with: hyper.site.path("weft-qemu-helper"))
                let program = try hyper.site["alpha"].start(
                    ["sh", "-c", isMachine ? "exec timeout 3 \(own)" : own], environment: hyper.environment)
                try poll("'\(line)' ends", seconds: 20) { try program.status() != nil }
                let status = try #require(try program.status())
                #expect(status.shellStatus == (isMachine ? 124 : 0), "\(line): \(status)\n\(program.said())")
            }
        }

        /// How many programs a port can be shown for.
        private enum PortSnippetCount { static let ofPrograms = 8 }

        @Test("the file for two hosts is valid", .needs()) func topology() throws {
            let text = try #require(try Self.blocks("yaml").first).joined(separator: "\n") + "\n"
            let path = "/tmp/weft-readme-\(getpid()).weft.yaml"
            try SmallFile.write(Array(text.utf8), to: path)
            defer { unsafe unlink(path) }
            try WeftBinary.run(["validate", path])
        }

        @Test("every script it names is there and can be run") func scripts() throws {
            let words = try Self.page().split { " \n`".contains($0) }
            let scripts = Set(words.filter { $0.hasPrefix("Scripts/") }.map { $0.filter { !".,:;".contains($0) } })
            #expect(scripts.count >= 4)
            for script in scripts.sorted() {
                #expect(unsafe access("\(WeftBinary.checkout)/\(script)", X_OK) == 0, "\(script)")
            }
        }
    }
}
