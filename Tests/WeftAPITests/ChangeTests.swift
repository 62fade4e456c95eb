import Foundation
import Testing
import WeftLinux

@testable import WeftAPI

/// Requests that change something, over real sockets.
@Suite(.serialized) struct ChangeTests {
    @Test func comparesTheNodes() async throws {
        let agent = SampleAgent(answer: Sample.convergence)
        try await withServer(reporter: agent) { client in
            let report = try await AgentClient(socketPath: client.socketPath, timeout: .milliseconds(7500)).convergence()
            #expect(report == Sample.convergence)
            #expect(agent.changes.all == ["compare within 7.5 seconds"])
        }
    }

    @Test(.enabled(if: geteuid() == 0, "others may not change anything"))
    func leavesAndJoins() async throws {
        let agent = SampleAgent()
        try await withServer(reporter: agent) { client in
            try await client.leave()
            try await client.join(["192.0.2.11", "[2001:db8::b]:7948", "bravo.example:7000"])
            #expect(agent.changes.all == ["leave", "join 192.0.2.11 [2001:db8::b]:7948 bravo.example:7000"])
        }
    }

    @Test(.enabled(if: geteuid() == 0, "others may not change anything"))
    func clearsDuplicates() async throws {
        let agent = SampleAgent()
        try await withServer(reporter: agent) { client in
            try await client.clearDuplicate(ClearRequest(address: "52:54:00:00:01:01"))
            try await client.clearDuplicate(ClearRequest(address: "2001:db8::1", segment: "blue"))
            for body in ["", "{}", "[]", #"{"address":"vm1"}"#, #"{"address":7}"#, #"{"segment":"blue"}"#] {
                let answer = try await raw(post("/v1/fdb/clear", body), to: client.socketPath)
                #expect(answer.hasPrefix("HTTP/1.1 400 ") && answer.contains(#"{"error":{"#), "\(body): \(answer.prefix(200))")
            }
            let error = await #expect(throws: APIError.self) { try await client.clearDuplicate(ClearRequest(address: "vm1")) }
            #expect(error?.code == .usage)
            #expect(agent.changes.all == ["clear 52:54:00:00:01:01 in all", "clear 2001:db8::1 in blue"])
        }
    }

    static let bodies: [String] = [
        "", "{}", "[]", #"{"addresses":[]}"#, #"{"addresses":["a b"]}"#, #"{"addresses":[""]}"#, #"{"addresses":["a\u0000"]}"#,
        #"{"addresses":["\#(String(repeating: "x", count: 262))"]}"#,
        #"{"addresses":[\#(Array(repeating: #""a""#, count: 65).joined(separator: ","))]}"#,
    ]

    @Test(.enabled(if: geteuid() == 0, "others may not change anything"), arguments: bodies)
    func refusesAddressesThatAreNone(body: String) async throws {
        let agent = SampleAgent()
        try await withServer(reporter: agent) { client in
            let answer = try await raw(post("/v1/peer/join", body), to: client.socketPath)
            #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(answer.prefix(200))")
            #expect(answer.contains(#"{"error":{"#))
            #expect(agent.changes.all.isEmpty)
        }
    }

    @Test func clientRefusesTooManyAddresses() async throws {
        let client = AgentClient(socketPath: "/nonexistent/agent.sock")
        let error = await #expect(throws: APIError.self) { try await client.join(Array(repeating: "a", count: 65)) }
        #expect(error?.code == .usage)
    }

    @Test func saysThatAnAgentWithoutAKeyHasNothingToLeave() async throws {
        struct Static: AgentReporting {
            func status() async -> StatusReport { Sample.status }
            func ports(_ scope: ListScope) async -> [PortReport] { [] }
            func segments(_ scope: ListScope) async -> [SegmentReport] { [] }
            func peers() async -> [PeerReport] { [] }
            func fdb() async -> [FDBEntryReport] { [] }
            func hosts() async -> [HostReport] { [] }
            func doctor() async -> [Finding] { [] }
        }
        let error = await #expect(throws: APIError.self) { try await Static().leave() }
        #expect(
            error?.description
                == "cannot leave on the fabric: this agent has no key and does not gossip; "
                + "make a key ring with weft key init and restart the agent")
        let report = try await Static().convergence(timeout: .seconds(1))
        #expect(report.isConverged && report.nodes.isEmpty)
    }

    // MARK: - Who may

    @Test func letsRootAndTheGroup() {
        let root = PeerCredentials(userID: 0, groupIDs: [0])
        let member = PeerCredentials(userID: 1000, groupIDs: [1000, 27])
        #expect(ChangePermission.allows(root, groupID: nil) && ChangePermission.allows(root, groupID: 27))
        #expect(ChangePermission.allows(member, groupID: 27))
        #expect(!ChangePermission.allows(member, groupID: 28))
        #expect(!ChangePermission.allows(member, groupID: nil))
        // The group with the number 0 is nobody's who is not in it.
        #expect(!ChangePermission.allows(member, groupID: 0))
    }

    /// Groups of the other process and whether it may change something; `mail` is the group that may.
    @Test(
        .enabled(if: geteuid() == 0, "only root may become another user"),
        arguments: [
            (user: "0", group: "0", groups: "", isAllowed: true),
            (user: "65534", group: "daemon", groups: "", isAllowed: false),
            (user: "65534", group: "daemon", groups: "daemon,games", isAllowed: false),
            (user: "65534", group: "daemon", groups: "games,mail", isAllowed: true),
            (user: "65534", group: "mail", groups: "daemon", isAllowed: true),
        ])
    func asksTheKernelWhoConnects(user: String, group: String, groups: String, isAllowed: Bool) async throws {
        let agent = SampleAgent()
        try await withServer(reporter: agent, group: "daemon", adminGroup: "mail") { client in
            // Everybody may open the socket here: what is tested is not the file's mode.
            try #require(unsafe chmod(client.socketPath, 0o666) == 0)
            try #require(unsafe chmod(folder(of: client.socketPath), 0o755) == 0)
            let path = client.socketPath
            let identity =
                ["--reuid=\(user)", "--regid=\(group)"] + (groups.isEmpty ? ["--clear-groups"] : ["--groups=\(groups)"])
            let ask = { (arguments: [String]) in
                try await run(Command("setpriv", identity + ["curl", "-s", "--unix-socket", path] + arguments))
            }
            let status = try await ask(["http://weft/v1/status"])
            #expect(status.standardOutput.hasPrefix(#"{"alerts":"#), "\(status)")
            let leaving = try await ask(["-X", "POST", "http://weft/v1/peer/leave"])
            let joining = try await ask(["-d", #"{"addresses":["a"]}"#, "http://weft/v1/peer/join"])
            let clearing = try await ask(["-d", #"{"address":"192.0.2.1"}"#, "http://weft/v1/fdb/clear"])
            if isAllowed {
                #expect([leaving, joining, clearing].allSatisfy { $0.standardOutput == "{}" }, "\(leaving)")
                #expect(agent.changes.all == ["leave", "join a", "clear 192.0.2.1 in all"])
            } else {
                for answer in [leaving, joining, clearing] {
                    #expect(answer.standardOutput.contains(#""code":"not_permitted""#), "\(answer)")
                    #expect(answer.standardOutput.contains("user 65534 is neither root nor in the group mail"))
                }
                #expect(agent.changes.all.isEmpty)
            }
        }
    }

    private func post(_ path: String, _ body: String) -> String {
        "POST \(path) HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// Runs a command on a thread of its own, since waiting for it blocks.
    private func run(_ command: Command) async throws -> Command.Outcome {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try command.run(timeout: .seconds(60)) }) }
        }
    }
}
