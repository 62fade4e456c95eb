import Foundation
import Logging
import ServiceLifecycle
import Testing
import WeftTypes

@testable import WeftAPI

/// The server and its client on real sockets.
@Suite(.serialized) struct APIServerTests {
    @Test func answersEveryPath() async throws {
        try await withServer { client in
            let status = try await client.status()
            #expect(status == Sample.status)
            let ports = try await client.ports()
            #expect(ports.map(\.name) == ["vm1", "web"])
            let segments = try await client.segments()
            #expect(segments == Sample.segments)
            let peers = try await client.peers()
            #expect(peers == Sample.peers)
            let fdb = try await client.fdb()
            #expect(fdb == Sample.fdb)
            let hosts = try await client.hosts()
            #expect(hosts == Sample.hosts)
            let findings = try await client.doctor()
            #expect(findings == Sample.findings)
            let metrics = try await client.metrics()
            #expect(metrics.hasSuffix("# EOF\n"))
        }
    }

    @Test func filtersByHostAndSegment() async throws {
        try await withServer { client in
            let all = try await client.ports(ListQuery(scope: .fabric))
            #expect(all.map(\.name) == ["vm1", "vm2", "web"])
            let ofBravo = try await client.ports(ListQuery(host: "bravo"))
            #expect(ofBravo.map(\.name) == ["vm2"])
            let ofGreen = try await client.ports(ListQuery(segment: "green"))
            #expect(ofGreen.map(\.name) == ["web"])
            let entriesOfBravo = try await client.fdb(ListQuery(host: "bravo"))
            #expect(entriesOfBravo.map(\.port) == ["vm2"])
            let hostsOfGreen = try await client.hosts(ListQuery(segment: "green"))
            #expect(hostsOfGreen.map(\.name) == ["alpha"])
            let peersOfNone = try await client.peers(ListQuery(segment: "a&b=c/ö"))
            #expect(peersOfNone.isEmpty)
        }
    }

    @Test func tellsRatesFromTwoSamples() async throws {
        var meter = RateMeter()
        var port = Sample.ports[0]
        port.rxFrames = 1000
        meter.keep([port], at: .seconds(10))
        #expect(meter.rates(of: port, at: .seconds(10)) == nil)
        port.rxFrames = 3000
        let rates = try #require(meter.rates(of: port, at: .seconds(12)))
        #expect(rates == (rx: 1000, tx: 0))
        port.rxFrames = 5  // the device was made anew
        #expect(meter.rates(of: port, at: .seconds(12)) == nil)
    }

    // MARK: - The socket file

    @Test func makesTheSocketForRootAndTheGroup() async throws {
        try await withServer { client in
            var information = stat()
            #expect(unsafe stat(client.socketPath, &information) == 0)
            #expect(information.st_mode & 0o7777 == 0o660)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder(of: client.socketPath))
            #expect(names == ["agent.sock"])
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root may give a file to a group"))
    func givesTheSocketToTheGroup() async throws {
        try await withServer(group: "daemon") { client in
            var information = stat()
            #expect(unsafe stat(client.socketPath, &information) == 0)
            #expect(unsafe information.st_gid == getgrnam("daemon")?.pointee.gr_gid)
        }
        try await withServer(group: "no-such-group") { client in _ = try await client.status() }
    }

    @Test func removesTheSocketWhenItEnds() async throws {
        let path = try await withServer { $0.socketPath }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func replacesTheSocketOfAKilledAgent() async throws {
        let path = try temporaryFolder() + "/agent.sock"
        try leaveStaleSocket(at: path)
        let before = await #expect(throws: APIError.self) { try await AgentClient(socketPath: path).status() }
        #expect(before?.code == .unreachable)
        #expect(before?.cause.contains("left over") == true)
        try await withServer(path: path) { client in _ = try await client.status() }
    }

    @Test func leavesTheSocketOfALivingAgentAlone() async throws {
        try await withServer { client in
            let second = server(path: client.socketPath)
            let error = await #expect(throws: APIError.self) { try await second.run() }
            #expect(error?.cause == "another agent answers there")
            _ = try await client.status()
        }
    }

    @Test func leavesAFileOfAnotherKindAlone() async throws {
        let path = try temporaryFolder() + "/agent.sock"
        try Data("mine".utf8).write(to: URL(fileURLWithPath: path))
        let error = await #expect(throws: APIError.self) { try await server(path: path).run() }
        #expect(error?.cause == "a file that is no socket is in its place")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "mine")
        try FileManager.default.removeItem(atPath: folder(of: path))
    }

    @Test func refusesAPathThatFitsNoSocketAddress() async throws {
        let path = "/tmp/" + String(repeating: "x", count: 120) + "/agent.sock"
        let error = await #expect(throws: APIError.self) { try await server(path: path).run() }
        #expect(error?.description.contains("give a shorter one by --socket") == true)
    }

    // MARK: - Bad clients

    /// A request and the status it must get; empty where the server may as well just close.
    struct BadRequest: Sendable, CustomTestStringConvertible {
        var send: String
        var status: String
        var testDescription: String { "\(send.prefix(40).debugDescription) \(status)" }
    }

    static let badRequests: [BadRequest] = [
        BadRequest(send: "GET /v1/nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", status: "404"),
        BadRequest(send: "POST /v1/ports HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", status: "404"),
        BadRequest(send: "GET /v1/ports?scope=all HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", status: "400"),
        BadRequest(send: "GET /v1/ports?colour=red HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", status: "400"),
        BadRequest(send: "\u{1}\u{2}garbage\r\n\r\n", status: "400"),
        BadRequest(send: "GET /v1/status HTTP/1.1\r\nx: " + String(repeating: "y", count: 100_000) + "\r\n\r\n", status: "400"),
        BadRequest(send: "GET /" + String(repeating: "y", count: 1_000_000) + " HTTP/1.1\r\nhost: x\r\n\r\n", status: "400"),
        BadRequest(send: "POST /v1/status HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n", status: "413"),
        BadRequest(
            send: "GET /v1/status HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
                + String(repeating: "2000\r\n" + String(repeating: "z", count: 0x2000) + "\r\n", count: 40), status: ""),
    ]

    @Test(arguments: badRequests)
    func survivesABadRequest(request: BadRequest) async throws {
        let (send, status) = (request.send, request.status)
        try await withServer { client in
            let answer = try await raw(send, to: client.socketPath)
            if !status.isEmpty { #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer.prefix(300))") }
            if status == "404" || answer.hasPrefix("HTTP/1.1 400 Bad Request\r\nContent-Type") {
                #expect(answer.contains(#"{"error":{"#))
            }
            let status = try await client.status()
            #expect(status == Sample.status)
        }
    }

    @Test(arguments: UInt64(0)..<8)
    func survivesRandomBytes(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let bytes = (0..<20_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        try await withServer { client in
            _ = try await raw(bytes, to: client.socketPath)
            let status = try await client.status()
            #expect(status == Sample.status)
        }
    }

    @Test func servesManyClientsAtOnce() async throws {
        try await withServer { client in
            try await withThrowingTaskGroup(of: StatusReport.self) { tasks in
                for _ in 0..<300 { tasks.addTask { try await client.status() } }
                for try await status in tasks { #expect(status == Sample.status) }
            }
        }
    }

    @Test func closesSilentConnectionsSoThatOthersGetTheirTurn() async throws {
        var limits = APIServer.Limits()
        (limits.connectionCount, limits.idleTime) = (4, .milliseconds(300))
        try await withServer(limits: limits) { client in
            let silent = try (0..<4).map { _ in try connectedSocket(to: client.socketPath) }
            defer { silent.forEach { close($0) } }
            let status = try await client.status()
            #expect(status == Sample.status)
        }
    }

    @Test func clientGivesUpInTime() async throws {
        let path = try temporaryFolder() + "/agent.sock"
        let listener = try listeningSocket(at: path)  // accepts into its queue, never answers
        defer { close(listener) }
        let error = await #expect(throws: APIError.self) {
            try await AgentClient(socketPath: path, timeout: .milliseconds(200)).status()
        }
        #expect(error?.code == .timedOut)
        #expect(error?.cause == "no answer within 0.2 s")
        try FileManager.default.removeItem(atPath: folder(of: path))
    }

    @Test func clientSaysThatNoAgentRuns() async throws {
        let error = await #expect(throws: APIError.self) {
            try await AgentClient(socketPath: "/nonexistent/agent.sock").status()
        }
        #expect(
            error?.description
                == "cannot ask the agent on /nonexistent/agent.sock: no agent runs here (there is no such socket); "
                + "start one with: weft agent --host NAME --topology FILE")
    }
}
