import Foundation
import Synchronization
import Testing

@testable import WeftAPI

/// Requests that plan and apply, over real sockets.
@Suite(.serialized) struct RevisionRouteTests {
    /// An agent that notes what it is asked.
    private final class Changer: AgentReporting, TopologyChanging {
        let asked = Mutex<[String]>([])

        func note(_ text: String) { asked.withLock { $0.append(text) } }
        var all: [String] { asked.withLock { $0 } }

        func status() async -> StatusReport { Sample.status }
        func ports(_ scope: ListScope) async -> [PortReport] { [] }
        func segments(_ scope: ListScope) async -> [SegmentReport] { [] }
        func peers() async -> [PeerReport] { [] }
        func fdb() async -> [FDBEntryReport] { [] }
        func hosts() async -> [HostReport] { [] }
        func doctor() async -> [Finding] { [] }

        func plan(_ file: [UInt8], named name: String, note: String?) async throws(APIError) -> PlanReport {
            self.note("plan \(file.count) \(name) \(note ?? "-")")
            return RevisionRouteTests.plan
        }
        func plan(_ edit: PortEditRequest) async throws(APIError) -> PlanReport {
            note("edit \(edit.action) \(edit.port) \(edit.values.sorted { $0.key < $1.key })")
            return RevisionRouteTests.plan
        }
        func apply(_ request: ApplyRequest) async throws(APIError) -> ApplyReport {
            note("apply \(request.plan) \(request.isPartial) \(request.isLocal) \(request.confirmSeconds)")
            return ApplyReport(revision: 42, isNew: true, missing: ["bravo"], confirmSeconds: request.confirmSeconds)
        }
        func confirm() async throws(APIError) { note("confirm") }
        func resolve(commits: Bool) async throws(APIError) { note("resolve \(commits)") }
        func history() async -> [RevisionReport] { [RevisionRouteTests.revision] }
        func file(ofRevision number: UInt64) async throws(APIError) -> [UInt8] {
            guard number == 42 else {
                throw APIError(.notFound, cannot: "show revision \(number)", on: "this host", cause: "there are 42")
            }
            return Array("weft: 1\n".utf8)
        }
        func export() async -> String { "weft: 1\nname: é\n" }
    }

    private static let plan = PlanReport(
        fabric: "office", file: "f.weft.yaml", base: 41, revision: 42, hash: "7f3a9c00",
        changes: [],
        hosts: [
            .init(
                host: "alpha",
                changes: [.init(action: "add", kind: "port", name: "vm3", detail: "tap", reason: "new", impact: "none")])
        ])
    private static let revision = RevisionReport(
        revision: 42, id: "ab", state: .inDoubt, proposer: "alpha", timeSeconds: 1, note: "apply f")

    @Test func plansAnEdit() async throws {
        let agent = Changer()
        try await withServer(reporter: agent) { client in
            let values: [String: PortEditRequest.Value] = [
                "a": .text("1"), "b": .number(2), "c": .flag(true), "d": .list(["x"]), "e": .map(["blue": 10]), "f": .list([]),
            ]
            let plan = try await client.plan(PortEditRequest(action: "move", port: "vm1", values: values))
            #expect(plan == Self.plan)
        }
        let values = PortEditRequest(
            action: "move", port: "vm1",
            values: [
                "a": .text("1"), "b": .number(2), "c": .flag(true), "d": .list(["x"]), "e": .map(["blue": 10]), "f": .list([]),
            ]
        ).values.sorted { $0.key < $1.key }
        #expect(agent.all == ["edit move vm1 \(values)"])
    }

    @Test func plansAFile() async throws {
        let agent = Changer()
        try await withServer(reporter: agent) { client in
            let file = [UInt8](repeating: 0x20, count: 1 << 20)
            let first = try await client.plan(file, named: "a b.weft.yaml", note: "rollback 3")
            let second = try await client.plan([], named: "x")
            #expect(first == Self.plan && second == Self.plan)
            #expect(agent.all == ["plan 1048576 a b.weft.yaml rollback 3", "plan 0 x -"])
        }
    }

    @Test func refusesAFileThatIsTooLarge() async throws {
        let agent = Changer()
        try await withServer(reporter: agent) { client in
            await #expect(throws: APIError.self) { try await client.plan([UInt8](repeating: 0x20, count: 5 << 20), named: "x") }
            #expect(agent.all.isEmpty)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "others may not change anything")) func appliesAndLooksBack() async throws {
        let agent = Changer()
        try await withServer(reporter: agent) { client in
            let report = try await client.apply(ApplyRequest(plan: "7f3a9c", isPartial: true, confirmSeconds: 60))
            #expect(report == ApplyReport(revision: 42, isNew: true, missing: ["bravo"], confirmSeconds: 60))
            try await client.confirm()
            try await client.resolve(ResolveRequest(commits: false))
            let history = try await client.history()
            #expect(history == [Self.revision])
            let file = try await client.file(ofRevision: 42)
            #expect(file == Array("weft: 1\n".utf8))
            let export = try await client.export()
            #expect(String(decoding: export, as: UTF8.self) == "weft: 1\nname: é\n")
            let error = await #expect(throws: APIError.self) { try await client.file(ofRevision: 7) }
            #expect(error?.code == .notFound)
            #expect(agent.all == ["apply 7f3a9c true false 60", "confirm", "resolve false"])
        }
    }

    @Test(
        .enabled(if: geteuid() == 0, "others may not change anything"),
        arguments: ["", "{}", #"{"plan":1}"#, #"{"plan":"a","partial":true,"local":true,"confirm_seconds":0}"#])
    func refusesWhatMakesNoSense(body: String) async throws {
        let agent = Changer()
        try await withServer(reporter: agent) { client in
            let text =
                "POST /v1/apply HTTP/1.1\r\nhost: weft\r\ncontent-length: \(body.utf8.count)\r\nconnection: close\r\n\r\n\(body)"
            let answer = try await raw(text, to: client.socketPath)
            #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(answer.prefix(200))")
            #expect(agent.all.isEmpty)
        }
    }

    @Test func clientRefusesWhatMakesNoSense() async throws {
        let client = AgentClient(socketPath: "/nonexistent/agent.sock")
        for request in [ApplyRequest(plan: "a", isPartial: true, isLocal: true), ApplyRequest(plan: "a", confirmSeconds: 90_000)]
        {
            let error = await #expect(throws: APIError.self) { try await client.apply(request) }
            #expect(error?.code == .usage)
        }
    }

    @Test func jsonIsStable() throws {
        #expect(
            String(decoding: try JSON.encode(Self.revision), as: UTF8.self)
                == #"{"id":"ab","note":"apply f","proposer":"alpha","revision":42,"state":"in_doubt","time_seconds":1}"#)
        #expect(
            String(decoding: try JSON.encode(Self.plan), as: UTF8.self)
                == #"{"base":41,"changes":[],"fabric":"office","file":"f.weft.yaml","hash":"7f3a9c00","hosts":[{"changes":[{"action":"add","detail":"tap","impact":"none","kind":"port","name":"vm3","reason":"new"}],"host":"alpha"}],"revision":42,"warnings":""}"#
        )
        #expect(
            String(decoding: try JSON.encode(ApplyReport(revision: 42, isNew: true)), as: UTF8.self)
                == #"{"confirm_seconds":0,"missing":[],"new":true,"problems":[],"revision":42}"#)
    }
}
