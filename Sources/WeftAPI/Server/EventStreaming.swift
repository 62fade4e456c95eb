import Hummingbird
import HummingbirdCore
import NIOCore
import ServiceLifecycle
import Synchronization

/// `GET /v1/events`: what happens, as server-sent events, until the client or the agent goes.
///
/// The first event is ``EventStream/Start``, the last ``EventStream/End``; between them those of the log. A client that does not
/// read holds up nothing but its own stream: when events that it has not fetched are overwritten it is dropped with that last
/// event, and when it takes nothing for ``writeLimit`` its connection is closed.
struct EventStreaming: Sendable {
    let log: EventLog
    let places: ListenerPlaces
    /// Time between comments that show to both sides that the other is still there.
    let keepAlive: Duration
    /// How long a client may take for what is sent to it.
    let writeLimit: Duration

    /// The answer to a client that has seen all events up to `since`, or that wants only new ones.
    ///
    /// - Throws: ``APIError`` when there are as many listeners as may be.
    func response(since: UInt64?, channel: any Channel) throws(APIError) -> Response {
        let place = try places.take()
        let body = ResponseBody { writer in
            try await send(since: since, to: &writer, channel: channel)
            try await writer.finish(nil)
            // The place is free again when the server lets go of the body, however that ends.
            withExtendedLifetime(place) {}
        }
        return Response(
            status: .ok, headers: [.contentType: EventStream.contentType, .cacheControl: "no-store"], body: body)
    }

    /// Why a stream ends before its client wants it to.
    private enum Interruption { case clientIsGone, agentStops }

    private func send(since: UInt64?, to writer: inout any ResponseBodyWriter, channel: any Channel) async throws {
        let reader = EventLog.Reader()
        let interruption = Interrupted()
        log.add(reader)
        defer { log.remove(reader) }
        channel.closeFuture.whenComplete { _ in
            interruption.set(.clientIsGone)
            reader.wake()
        }
        try await withGracefulShutdownHandler {
            let end = try await pump(since: since, reader: reader, interruption, to: &writer, channel: channel)
            if let end { try await write(EventStream.text(of: end), to: &writer, channel: channel) }
        } onGracefulShutdown: {
            interruption.set(.agentStops)
            reader.wake()
            // Whoever does not read must not hold up the agent's end.
            channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
        }
    }

    /// Sends until there is a reason to end, and returns what to say about that; nil when nobody is left to hear it.
    private func pump(
        since: UInt64?, reader: EventLog.Reader, _ interruption: Interrupted, to writer: inout any ResponseBodyWriter,
        channel: any Channel
    ) async throws -> EventStream.End? {
        var place = log.start(since: since)
        try await write(EventStream.text(of: EventStream.Start(next: place + 1)), to: &writer, channel: channel)
        while true {
            try Task.checkCancellation()
            switch interruption.value {
            case .clientIsGone: return nil
            case .agentStops: return EventStream.End(reason: .stopping)
            case nil: break
            }
            switch log.next(after: place) {
            case .events(let events):
                var text = ""
                for event in events { text += try EventStream.text(of: event) }
                try await write(text, to: &writer, channel: channel)
                place = events.last?.sequence ?? place
            case .overwritten(let oldest): return EventStream.End(reason: .tooSlow, oldest: oldest)
            case .nothing:
                let alarm = channel.eventLoop.scheduleTask(in: TimeAmount(keepAlive)) { reader.wake() }
                await reader.wait()
                alarm.cancel()
                if case .nothing = log.next(after: place), interruption.value == nil {
                    try await write(EventStream.comment, to: &writer, channel: channel)
                }
            }
        }
    }

    /// Sends text, and closes the connection of a client that does not take it in time.
    private func write(_ text: String, to writer: inout any ResponseBodyWriter, channel: any Channel) async throws {
        let alarm = channel.eventLoop.scheduleTask(in: TimeAmount(writeLimit)) { channel.close(promise: nil) }
        defer { alarm.cancel() }
        try await writer.write(ByteBuffer(string: text))
    }

    /// The first reason to end that came up.
    private final class Interrupted: Sendable {
        private let state = Mutex<Interruption?>(nil)
        var value: Interruption? { state.withLock { $0 } }
        func set(_ reason: Interruption) { state.withLock { $0 = $0 ?? reason } }
    }
}

/// How many may listen at a time.
final class ListenerPlaces: Sendable {
    private let limit: Int
    private let takenCount = Mutex(0)

    init(limit: Int) { self.limit = limit }

    /// One listener's place, free again when nobody holds it.
    final class Place: Sendable {
        private let places: ListenerPlaces
        fileprivate init(_ places: ListenerPlaces) { self.places = places }
        deinit { places.takenCount.withLock { $0 -= 1 } }
    }

    /// Takes a place.
    ///
    /// - Throws: ``APIError`` when all are taken.
    func take() throws(APIError) -> Place {
        let isFree = takenCount.withLock { count in
            guard count < limit else { return false }
            count += 1
            return true
        }
        guard isFree else {
            throw APIError(
                .failed, cannot: "listen", on: "the agent's events", cause: "\(limit) listeners are there already",
                help: "end one of them first")
        }
        return Place(self)
    }
}
