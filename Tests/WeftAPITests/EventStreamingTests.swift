import Foundation
import Testing

@testable import WeftAPI

/// Events over real sockets.
@Suite(.serialized) struct EventStreamingTests {
    @Test(.timeLimit(.minutes(1))) func sendsWhatHappensInOrder() async throws {
        let agent = SampleAgent()
        agent.events.record(.peerJoined, object: "before", text: "joined")
        try await withServer(reporter: agent) { client in
            let seen = try await collect(3, of: client) {
                for name in ["one", "two", "three"] { agent.events.record(.peerSuspect, object: name, text: "is suspected") }
            }
            #expect(seen.map(\.object) == ["one", "two", "three"])
            #expect(seen.map(\.sequence) == [2, 3, 4])
            #expect(seen.map(\.kind) == [.peerSuspect, .peerSuspect, .peerSuspect])
        }
    }

    @Test(.timeLimit(.minutes(1))) func replaysWhatIsKept() async throws {
        let agent = SampleAgent()
        for number in 1...250 { agent.events.record(.stationMoved, object: "\(number)", text: "moved") }
        try await withServer(reporter: agent) { client in
            let all = try await collect(100, since: 0, of: client)
            #expect(all.map(\.sequence) == Array(151...250))
            let last = try await collect(2, since: 248, of: client)
            #expect(last.map(\.sequence) == [249, 250])
        }
    }

    @Test(.timeLimit(.minutes(1))) func tellsAListenerThatTheAgentStops() async throws {
        let agent = SampleAgent()
        let (started, continuation) = AsyncStream<Void>.makeStream()
        let end = try await withServer(reporter: agent) { client in
            let task = Task { try await client.events(onStart: { continuation.finish() }, { _ in }) }
            for await _ in started {}
            return task
        }
        #expect(try await end.value == .agentStops)
    }

    @Test(.timeLimit(.minutes(1))) func admitsOnlySoManyListeners() async throws {
        var limits = APIServer.Limits()
        limits.listenerCount = 2
        try await withServer(limits: limits) { client in
            let first = try await listener(client.socketPath)
            let second = try await listener(client.socketPath)
            let error = await #expect(throws: APIError.self) { _ = try await client.events { _ in } }
            #expect(error?.cause == "2 listeners are there already")
            // A place is free again as soon as its listener has gone.
            close(first)
            let third = try await retrying { try await listener(client.socketPath) }
            close(second)
            close(third)
        }
    }

    @Test(.timeLimit(.minutes(1))) func showsThatItIsStillThere() async throws {
        var limits = APIServer.Limits()
        limits.keepAlive = .milliseconds(50)
        try await withServer(limits: limits) { client in
            let descriptor = try await listener(client.socketPath)
            defer { close(descriptor) }
            let text = await readText(descriptor, until: "\n:")
            #expect(text.contains("\n:\n\n"), "\(text)")
        }
    }

    /// One that does not read holds up nobody, and is told at the end when it reads again.
    @Test(.timeLimit(.minutes(1))) func dropsAListenerThatIsTooSlow() async throws {
        let agent = SampleAgent()
        try await withServer(reporter: agent) { client in
            let slow = try await listener(client.socketPath)
            defer { close(slow) }
            let text = String(repeating: "x", count: 500)
            var place: UInt64 = 0
            for _ in 0..<50 {
                // The quick one fetches what there is before it is overwritten.
                let seen = try await collect(100, since: place, of: client) {
                    for _ in 0..<100 { agent.events.record(.alarm, object: "o", text: text) }
                }
                #expect(seen.map(\.sequence) == Array(place + 1...place + 100))
                place += 100
            }
            let rest = await readText(slow, until: "event: end")
            let isTold = rest.contains("event: end\ndata: {\"oldest\":4901,\"reason\":\"too-slow\"}")
            #expect(isTold, "\(rest.suffix(100))")
        }
    }

    @Test(.timeLimit(.minutes(1))) func closesTheConnectionOfAListenerThatNeverReads() async throws {
        var limits = APIServer.Limits()
        (limits.listenerCount, limits.writeTime) = (1, .milliseconds(200))
        let agent = SampleAgent()
        try await withServer(reporter: agent, limits: limits) { client in
            let silent = try await listener(client.socketPath)
            defer { close(silent) }
            let text = String(repeating: "x", count: 500)
            for _ in 0..<40 {
                for _ in 0..<50 { agent.events.record(.alarm, object: "o", text: text) }
                try await Task.sleep(for: .milliseconds(5))
            }
            let next = try await retrying { try await listener(client.socketPath) }
            close(next)
        }
    }

    @Test(arguments: ["since=-1", "since=x", "from=3"])
    func refusesAnotherQuery(query: String) async throws {
        try await withServer { client in
            let request = "GET /v1/events?\(query) HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
            let answer = try await raw(request, to: client.socketPath)
            #expect(answer.hasPrefix("HTTP/1.1 400 "))
        }
    }
}

// MARK: - Helpers

/// The first events that a client sees; `cause` runs once it listens.
private func collect(
    _ count: Int, since: UInt64? = nil, of client: AgentClient, cause: @escaping @Sendable () async -> Void = {}
) async throws -> [EventReport] {
    let (stream, continuation) = AsyncStream<EventReport>.makeStream()
    let task = Task {
        defer { continuation.finish() }
        return try await client.events(since: since, onStart: { Task { await cause() } }, { continuation.yield($0) })
    }
    var seen: [EventReport] = []
    for await event in stream {
        seen.append(event)
        if seen.count == count { break }
    }
    task.cancel()
    if seen.count < count { Issue.record("the stream ended after \(seen.count) events: \(try await task.value)") }
    return seen
}

/// A connection that has asked for events and seen that the stream has begun.
private func listener(_ path: String) async throws -> Int32 {
    let descriptor = try connectedSocket(to: path)
    let request = Array("GET /v1/events HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".utf8)
    let count = unsafe request.withUnsafeBytes { unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    try #require(count == request.count)
    let text = await readText(descriptor, until: "event: start")
    guard text.contains("event: start") else {
        close(descriptor)
        throw Refused(text: text)
    }
    return descriptor
}

private struct Refused: Error { var text: String }

/// Tries until it works, for some seconds.
private func retrying<Value>(_ body: () async throws -> Value) async throws -> Value {
    for _ in 0..<200 {
        if let value = try? await body() { return value }
        try await Task.sleep(for: .milliseconds(50))
    }
    return try await body()
}

/// What comes until `mark` has, the connection ends or five seconds pass; on a thread of its own, since it blocks.
private func readText(_ descriptor: Int32, until mark: String) async -> String {
    await withCheckedContinuation { continuation in
        Thread.detachNewThread {
            var timeout = timeval(tv_sec: 5, tv_usec: 0)
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
                guard count > 0 else { break }
                // "\r\n" is one character of a string; without "\r" lines are found as they are written.
                bytes += buffer.prefix(count).filter { $0 != UInt8(ascii: "\r") }
                // What is looked for may be cut; the rest of its event is wanted with it.
                let text = String(decoding: bytes.suffix(count + 200), as: UTF8.self)
                if text.components(separatedBy: mark).dropFirst().last?.contains("\n\n") == true { break }
            }
            continuation.resume(returning: String(decoding: bytes, as: UTF8.self))
        }
    }
}
