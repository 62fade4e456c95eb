import NIOCore
import NIOHTTP1
import NIOPosix

extension AgentClient {
    /// Why a stream of events is over.
    public enum EventsEnd: Hashable, Sendable {
        /// The agent stops.
        case agentStops
        /// Events were overwritten before they were fetched; the oldest that there is has this sequence.
        case overwritten(oldest: UInt64?)
    }

    /// Hands over the agent's events as they happen, in order, until the stream ends or the task is cancelled.
    ///
    /// - Parameters:
    ///   - since: first those that the agent still has after this sequence; nil for new ones only.
    ///   - onStart: called once, when the agent listens to what happens.
    ///   - body: called with each event; while it runs no more are fetched.
    /// - Throws: ``APIError`` when there is no agent, or when it ends without a word.
    public func events(
        since: UInt64? = nil, onStart: @Sendable () async -> Void = {}, _ body: @Sendable (EventReport) async -> Void
    ) async throws(APIError) -> EventsEnd {
        let target = APIRoutes.Path.events + (since.map { "?since=\($0)" } ?? "")
        do {
            let connection = try await connect()
            return try await connection.executeThenClose { inbound, outbound in
                try await outbound.write(contentsOf: Self.parts(of: target, nil, accepting: EventStream.contentType))
                return try await read(inbound, target, onStart, body)
            }
        } catch let error as APIError {
            throw error
        } catch let error as ChannelError where error == .alreadyClosed || error == .ioOnClosedChannel {
            throw self.error(.unreachable, "the agent closed the connection", "see the agent's log")
        } catch {
            throw describe(error)
        }
    }

    private typealias Connection = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    private func read(
        _ inbound: NIOAsyncChannelInboundStream<HTTPClientResponsePart>, _ target: String,
        _ onStart: @Sendable () async -> Void, _ body: @Sendable (EventReport) async -> Void
    ) async throws -> EventsEnd {
        var parser = EventStream.Parser()
        var refusal: (status: HTTPResponseStatus, bytes: [UInt8])?
        for try await part in inbound {
            switch part {
            case .head(let head): if head.status != .ok { refusal = (head.status, []) }
            case .body(let buffer) where refusal != nil: refusal?.bytes += buffer.readableBytesView.prefix(64 << 10)
            case .body(let buffer):
                for item in try parser.parse(buffer.readableBytesView) {
                    switch item {
                    case .start: await onStart()
                    case .event(let event): await body(event)
                    case .end(let end): return end.reason == .stopping ? .agentStops : .overwritten(oldest: end.oldest)
                    }
                }
            case .end: if let refusal { throw self.refusal(status: "\(refusal.status)", refusal.bytes, target) }
            }
        }
        throw error(.unreachable, "the agent closed the connection", "see the agent's log")
    }

    /// Connects; while the socket's queue is full (EAGAIN, `unix(7)`) it tries again until ``timeout``.
    private func connect() async throws -> Connection {
        let end = NIODeadline.now() + TimeAmount(timeout)
        while true {
            do {
                return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connect(unixDomainSocketPath: socketPath) { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHTTPClientHandlers()
                            return try Connection(wrappingChannelSynchronously: channel)
                        }
                    }
            } catch let error as IOError where error.errnoCode == EAGAIN && NIODeadline.now() < end {
                try await Task.sleep(for: .milliseconds(10))
            }
        }
    }
}
