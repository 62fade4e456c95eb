import Foundation
import Logging
import ServiceLifecycle
import Testing

@testable import WeftAPI

func folder(of path: String) -> String { URL(fileURLWithPath: path).deletingLastPathComponent().path }

func temporaryFolder() throws -> String {
    let path = "/tmp/weft-api-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
}

func server(
    path: String, reporter: some AgentReporting = SampleAgent(), group: String = "weft", adminGroup: String = "weft-admin",
    limits: APIServer.Limits = .init(), onListening: @escaping @Sendable () async -> Void = {}
) -> APIServer {
    var logger = Logger(label: "weft.test")
    logger.logLevel = .error
    return APIServer(
        reporter: reporter, socketPath: path, group: group, adminGroup: adminGroup, limits: limits, logger: logger,
        onListening: onListening)
}

/// Runs `body` beside a server, then shuts the server down in order and removes its folder.
@discardableResult
func withServer<Result: Sendable>(
    path: String? = nil, reporter: some AgentReporting = SampleAgent(), group: String = "weft",
    adminGroup: String = "weft-admin", limits: APIServer.Limits = .init(),
    _ body: @escaping @Sendable (AgentClient) async throws -> Result
) async throws -> Result {
    let path = try path ?? temporaryFolder() + "/agent.sock"
    defer { try? FileManager.default.removeItem(atPath: folder(of: path)) }
    let (listening, continuation) = AsyncStream<Void>.makeStream()
    let server = server(
        path: path, reporter: reporter, group: group, adminGroup: adminGroup, limits: limits
    ) { continuation.finish() }
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

func withSocketAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8.prefix(107)) }
    return unsafe withUnsafePointer(to: &address) {
        unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
}

func connectedSocket(to path: String) throws -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    try #require(unsafe withSocketAddress(path) { unsafe connect(descriptor, $0, $1) } == 0)
    return descriptor
}

func listeningSocket(at path: String) throws -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    try #require(unsafe withSocketAddress(path) { unsafe bind(descriptor, $0, $1) } == 0)
    try #require(listen(descriptor, 8) == 0)
    return descriptor
}

func leaveStaleSocket(at path: String) throws { close(try listeningSocket(at: path)) }

func raw(_ text: String, to path: String) async throws -> String {
    try await raw(Array(text.utf8), to: path)
}

/// Sends bytes as they are and returns what comes back until the server closes or three seconds pass; on a thread of its
/// own, since it blocks.
func raw(_ bytes: [UInt8], to path: String) async throws -> String {
    let descriptor = try connectedSocket(to: path)
    return await withCheckedContinuation { continuation in
        Thread.detachNewThread {
            continuation.resume(returning: exchange(bytes, on: descriptor))
            close(descriptor)
        }
    }
}

func exchange(_ bytes: [UInt8], on descriptor: Int32) -> String {
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
