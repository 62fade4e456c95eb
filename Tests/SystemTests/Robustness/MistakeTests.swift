import Glibc
import Testing
import WeftAPI
import WeftLinux

extension System {
    /// The mistakes of a newcomer: each has its exit code and its words.
    @Suite(.needs("setpriv", "unshare")) struct MistakeTests {
        /// A command and how it must fail.
        struct Mistake: CustomTestStringConvertible, Sendable {
            var name: String
            var words: [String]
            var exitCode: Int32
            /// What it has to say.
            var says: [String]

            var testDescription: String { name }
        }

        /// What needs no more than a file and the command line; `@` is the site's folder.
        static let onFiles: [Mistake] = [
            Mistake(
                name: "no agent", words: ["status", "--socket", "@/none.sock"], exitCode: 69,
                says: ["@/none.sock", "weft agent"]),
            Mistake(name: "mistyped command", words: ["statsu"], exitCode: 64, says: ["did you mean 'weft status'?"]),
            Mistake(
                name: "a command of a later version", words: ["capture", "vm1"], exitCode: 64, says: ["not in this version"]),
            Mistake(name: "unknown option", words: ["ports", "--segmnt", "blue"], exitCode: 64, says: ["--segmnt"]),
            Mistake(name: "no file", words: ["validate", "@/none.yaml"], exitCode: 65, says: ["@/none.yaml", "No such file"]),
            Mistake(name: "no YAML", words: ["validate", "@/broken.yaml"], exitCode: 65, says: ["broken.yaml:2:", "error[E1"]),
            Mistake(name: "not a topology", words: ["validate", "/bin/sh"], exitCode: 65, says: ["/bin/sh"]),
            Mistake(
                name: "VNI twice", words: ["validate", "@/twice.yaml"], exitCode: 65,
                says: ["twice.yaml:6:", "error[E4", "100", "blue"]),
            Mistake(
                name: "MTU too large", words: ["validate", "@/mtu.yaml"], exitCode: 65,
                says: ["mtu.yaml:5:", "error[E5", "1480", "50", "1530", "1500", "1450"]),
            Mistake(
                name: "a section of a later version", words: ["validate", "@/later.yaml"], exitCode: 65,
                says: ["later.yaml:8:", "error[E5", "not in this version"]),
            Mistake(
                name: "agent, no file", words: ["agent", "--host", "alpha", "--topology", "@/none.yaml"], exitCode: 65,
                says: ["@/none.yaml", "nothing was changed"]),
            Mistake(
                name: "agent, wrong file", words: ["agent", "--host", "alpha", "--topology", "@/twice.yaml"], exitCode: 65,
                says: ["twice.yaml:6:", "nothing was changed"]),
            Mistake(
                name: "agent, mistyped host", words: ["agent", "--host", "alhpa", "--topology", "@/good.yaml"], exitCode: 64,
                says: ["'alhpa'", "did you mean 'alpha'?"]),
            Mistake(name: "agent, no host", words: ["agent", "--topology", "@/good.yaml"], exitCode: 64, says: ["--host"]),
        ]

        static let files = [
            "broken.yaml": "weft: 1\nname: [\n",
            "twice.yaml": file("  blue: { vni: 100 }\n  green: { vni: 100 }"),
            "mtu.yaml": file("  blue: { vni: 100, mtu: 1480 }"),
            "later.yaml": file("  blue: { vni: 100 }") + "groups: { web: [vm1] }\n",
            "good.yaml": file("  blue: { vni: 100 }"),
        ]

        private static func file(_ segments: String, _ port: String = "  vm1: { host: alpha, segment: blue }") -> String {
            "weft: 1\nname: first\nhosts: { alpha: { underlay: 192.0.2.11 } }\nsegments:\n\(segments)\nports:\n\(port)\n"
        }

        @Test("each has its message and its exit code") func onFiles() throws {
            let site = try Site(hosts: ["alpha": 11], guests: [])
            for (name, text) in Self.files { try SmallFile.write(Array(text.utf8), to: site.path(name)) }
            for mistake in Self.onFiles {
                let words = mistake.words.map { $0.replacing("@", with: site.directory) }
                let outcome = try site.weft("alpha", words, timeout: .seconds(10))
                let said = outcome.standardOutput + outcome.standardError
                #expect(outcome.status == .exited(mistake.exitCode), "\(mistake.name): \(outcome)")
                for text in mistake.says.map({ $0.replacing("@", with: site.directory) }) {
                    #expect(said.contains(text), "\(mistake.name) says '\(text)': \(said)")
                }
                #expect(!said.contains("Fatal error"), "\(mistake.name)")
            }
            #expect(try CrashTests.devices(of: site["alpha"]).keys.sorted() == ["eth0", "lo"])
        }

        @Test("without root") func unprivileged() throws {
            let site = try Site(hosts: ["alpha": 11], guests: [])
            try SmallFile.write(Array((Self.files["good.yaml"] ?? "").utf8), to: site.path("good.yaml"))
            let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", WeftBinary.path ?? ""]
            for words in [
                ["agent", "--host", "alpha", "--topology", site.path("good.yaml")], ["agent", "--cleanup", "--all"],
            ] {
                let outcome = try site["alpha"].attempt(nobody + words, timeout: .seconds(10))
                #expect(outcome.status == .exited(77), "\(outcome)")
                #expect(outcome.standardError.contains("CAP_NET_ADMIN") && outcome.standardError.contains("root"), "\(outcome)")
            }
            let lab = try site["alpha"].attempt(nobody + ["lab", "up", site.path("good.yaml"), "--lab", site.name])
            #expect(lab.status == .exited(77) && lab.standardError.contains("root"), "\(lab)")
            let valid = try site["alpha"].attempt(nobody + ["validate", site.path("good.yaml")])
            #expect(valid.isSuccess, "\(valid)")
        }

        @Test("without /dev/net/tun") func noTun() throws {
            let site = try Site(hosts: ["alpha": 11], guests: [])
            try SmallFile.write(Array((Self.files["good.yaml"] ?? "").utf8), to: site.path("good.yaml"))
            let script = "mount -t tmpfs none /dev/net && exec \"$0\" \"$@\""
            let words = ["unshare", "--mount", "sh", "-c", script, WeftBinary.path ?? ""]
            let outcome = try site["alpha"].attempt(
                words + ["agent", "--host", "alpha", "--topology", site.path("good.yaml")], timeout: .seconds(10))
            #expect(outcome.status == .exited(1), "\(outcome)")
            #expect(
                outcome.standardError.contains("/dev/net/tun") && outcome.standardError.contains("modprobe tun"), "\(outcome)")
        }

        @Test("the UDP port is taken") func portTaken() throws {
            let site = try SmallSite.make()
            let taker = try GuestSocket(.udp, .v4, in: site["alpha"])
            try taker.listen(.init(address: .v4(.init(rawValue: 0xC000_020B)), udpPort: 4789), isStream: false)
            let outcome = try site.weft(
                "alpha",
                ["agent", "--host", "alpha", "--topology", site.path("site.weft.yaml"), "--socket", site.path("alpha.sock")],
                timeout: .seconds(10))
            #expect(outcome.status == .exited(1), "\(outcome)")
            for text in ["192.0.2.11:4789", "another program has the port", "nothing was changed"] {
                #expect(outcome.standardError.contains(text), "\(outcome)")
            }
            #expect(try CrashTests.devices(of: site["alpha"]).keys.sorted() == ["eth0", "lo"])
        }

        @Test("a name is taken by a foreign interface; unknown names get the nearest") func names() async throws {
            let site = try SmallSite.make()
            try site["alpha"].run("ip link add wfv-vm1 type bridge")
            let foreign = try CrashTests.devices(of: site["alpha"])["wfv-vm1"]
            let alpha = try site.start("alpha")
            try await alpha.wait("what is wrong") {
                try await alpha.client.ports().first { $0.name == "vm1" }?.detail?.contains("not Weft's") ?? false
            }
            func weft(_ words: String...) throws -> Command.Outcome {
                try site.weft("alpha", words + ["--socket", alpha.client.socketPath])
            }
            let status = try weft("status", "--check")
            #expect(status.status == .exited(2))
            #expect(status.standardOutput.contains("wfv-vm1") && status.standardOutput.contains("taken by"), "\(status)")
            #expect(try weft("status", "--wait", "200ms").status == .exited(75))
            // What is not concerned works.
            #expect(try await alpha.client.ports().first { $0.name == "vm4" }?.state == .up)
            #expect(try CrashTests.devices(of: site["alpha"])["wfv-vm1"] == foreign)

            let port = try weft("port", "show", "mv1")
            #expect(port.status == .exited(1) && port.standardError.contains("did you mean 'vm1'?"), "\(port)")
            let segment = try weft("fdb", "--segment", "bleu")
            #expect(segment.status == .exited(1) && segment.standardError.contains("did you mean 'blue'?"), "\(segment)")

            try site["alpha"].run("ip link delete wfv-vm1")
            try await alpha.isReady(within: .seconds(3))
        }
    }
}
