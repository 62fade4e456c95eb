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

// MARK: - Helpers

private func folder(of path: String) -> String { URL(fileURLWithPath: path).deletingLastPathComponent().path }

private func temporaryFolder() throws -> String {
    let path = "/tmp/weft-api-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
}

private func server(
    path: String, group: String = "weft", limits: APIServer.Limits = .init(),
    onListening: @escaping @Sendable () async -> Void = {}
) -> APIServer {
    var logger = Logger(label: "weft.test")
    logger.logLevel = .error
    return APIServer(
        reporter: SampleAgent(), socketPath: path, group: group, limits: limits, logger: logger, onListening: onListening)
}

/// Runs `body` beside a server, then shuts the server down in order and removes its folder.
@discardableResult
private func withServer<Result: Sendable>(
    path: String? = nil, group: String = "weft", limits: APIServer.Limits = .init(),
    _ body: @escaping @Sendable (AgentClient) async throws -> Result
) async throws -> Result {
    let path = try path ?? temporaryFolder() + "/agent.sock"
    defer { try? FileManager.default.removeItem(atPath: folder(of: path)) }
    let (listening, continuation) = AsyncStream<Void>.makeStream()
    let server = server(path: path, group: group, limits: limits) { continuation.finish() }
    let group = ServiceGroup(services: [server], logger: Logger(label: "weft.test"))
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask {
            defer { continuation.finish() }
            try await group.run()
        }
        for await _ in listening {}
        // A machine that is busy with other tests may take its time; what is slow on purpose has a limit of its own.
        let result = try await body(AgentClient(socketPath: path, timeout: .seconds(60)))
        await group.triggerGracefulShutdown()
        try await tasks.next()
        return result
    }
}

private func withSocketAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8.prefix(107)) }
    return unsafe withUnsafePointer(to: &address) {
        unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
}

private func connectedSocket(to path: String) throws -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    try #require(unsafe withSocketAddress(path) { unsafe connect(descriptor, $0, $1) } == 0)
    return descriptor
}

private func listeningSocket(at path: String) throws -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    try #require(unsafe withSocketAddress(path) { unsafe bind(descriptor, $0, $1) } == 0)
    try #require(listen(descriptor, 8) == 0)
    return descriptor
}

private func leaveStaleSocket(at path: String) throws { close(try listeningSocket(at: path)) }

private func raw(_ text: String, to path: String) async throws -> String {
    try await raw(Array(text.utf8), to: path)
}

/// Sends bytes as they are and returns what comes back until the server closes or three seconds pass; on a thread of its
/// own, since it blocks.
private func raw(_ bytes: [UInt8], to path: String) async throws -> String {
    let descriptor = try connectedSocket(to: path)
    return await withCheckedContinuation { continuation in
        Thread.detachNewThread {
            continuation.resume(returning: exchange(bytes, on: descriptor))
            close(descriptor)
        }
    }
}

private func exchange(_ bytes: [UInt8], on descriptor: Int32) -> String {
    var timeout = timeval(tv_sec: 3, tv_usec: 0)
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    var sent = 0
    while sent < bytes.count {
        let rest = bytes[sent...]
        let count = unsafe rest.withUnsafeBytes { unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        guard count > 0 else { break }
        sent += count
    }
    shutdown(descriptor, Int32(SHUT_WR))
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { break }
        answer += buffer.prefix(count)
    }
    return String(decoding: answer, as: UTF8.self)
}
