internal import FoundationEssentials
import Synchronization

/// The last events of an agent, for everybody who asks.
///
/// Nobody who writes waits: events beyond ``capacity`` overwrite the oldest, and a reader that has not fetched those has lost
/// them and is told so. A reader keeps nothing here but its place in the sequence.
public final class EventLog: Sendable {
    /// How many events are kept.
    public let capacity: Int

    /// What a reader finds.
    enum Finding: Hashable, Sendable {
        /// The next events in order, never none.
        case events([EventReport])
        /// The next event is no longer there; the oldest one that is has this sequence.
        case overwritten(oldest: UInt64)
        /// Nothing new.
        case nothing
    }

    /// Wakes one reader; keeps nothing but whether it was woken.
    final class Reader: Sendable {
        fileprivate enum Place { case reading, isWoken, waiting(CheckedContinuation<Void, Never>) }
        fileprivate let place = Mutex(Place.reading)

        /// Lets a wait that goes on, or the next one, return at once.
        func wake() {
            let waiting = place.withLock { place -> CheckedContinuation<Void, Never>? in
                if case .waiting(let continuation) = place {
                    place = .reading
                    return continuation
                }
                place = .isWoken
                return nil
            }
            waiting?.resume()
        }

        /// Waits until it is woken, by an event or by anybody who calls ``wake()``.
        func wait() async {
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isWoken = place.withLock { place in
                        if case .isWoken = place {
                            place = .reading
                            return true
                        }
                        place = .waiting(continuation)
                        return false
                    }
                    if isWoken { continuation.resume() }
                }
            } onCancel: {
                wake()
            }
        }
    }

    private struct State {
        /// The event with sequence `s` is at index `(s - 1) % capacity`.
        var ring: [EventReport] = []
        var lastSequence: UInt64 = 0
        var readers: [ObjectIdentifier: Reader] = [:]
    }
    private let state = Mutex(State())

    /// The longest text of an event, in characters; what is longer is cut.
    static let textLimit = 500
    /// How many details an event may have; those last by name are left out.
    static let detailLimit = 16

    /// Creates an empty log.
    public init(capacity: Int = 1024) {
        precondition(capacity > 0, "a log of \(capacity) events")
        self.capacity = capacity
    }

    /// Writes an event and wakes whoever waits for one; never waits itself.
    ///
    /// - Parameters:
    ///   - object: what it happened to.
    ///   - text: what happened, without the object.
    ///   - detail: more about it, by name.
    @discardableResult
    public func record(
        _ kind: EventReport.Kind, object: String, text: String, detail: [String: String] = [:]
    ) -> EventReport {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        let kept = detail.sorted { $0.key < $1.key }.prefix(Self.detailLimit)
        let bounded = Dictionary(kept.map { (Self.cut($0.key), Self.cut($0.value)) }) { first, _ in first }
        let time = style.format(Date())
        let (event, readers) = state.withLock { state in
            state.lastSequence += 1
            let event = EventReport(
                sequence: state.lastSequence, time: time, kind: kind, object: Self.cut(object), text: Self.cut(text),
                detail: bounded)
            if state.ring.count < capacity {
                state.ring.append(event)
            } else {
                state.ring[Int((event.sequence - 1) % UInt64(capacity))] = event
            }
            return (event, Array(state.readers.values))
        }
        for reader in readers { reader.wake() }
        return event
    }

    /// The sequence of the newest event; 0 before the first.
    public var lastSequence: UInt64 { state.withLock { $0.lastSequence } }

    // MARK: - Reading

    /// From now on events wake this reader, until ``remove(_:)``.
    func add(_ reader: Reader) { state.withLock { $0.readers[ObjectIdentifier(reader)] = reader } }

    /// Forgets a reader.
    func remove(_ reader: Reader) { _ = state.withLock { $0.readers.removeValue(forKey: ObjectIdentifier(reader)) } }

    /// At most `limit` events that come after `sequence`.
    func next(after sequence: UInt64, limit: Int = 64) -> Finding {
        state.withLock { state in
            guard sequence < state.lastSequence else { return .nothing }
            let oldest = state.lastSequence - UInt64(state.ring.count) + 1
            guard sequence + 1 >= oldest else { return .overwritten(oldest: oldest) }
            let count = min(UInt64(max(1, limit)), state.lastSequence - sequence)
            return .events((1...count).map { state.ring[Int((sequence + $0 - 1) % UInt64(capacity))] })
        }
    }

    /// Where a reader starts that has seen all up to `since`, or that wants new events only.
    ///
    /// A sequence that is not reached yet is from before the agent was restarted; then all there is is new. Of what is no longer
    /// there nothing is promised.
    func start(since: UInt64?) -> UInt64 {
        state.withLock { state in
            guard let since else { return state.lastSequence }
            let beforeOldest = state.lastSequence - UInt64(state.ring.count)
            return since > state.lastSequence ? beforeOldest : max(since, beforeOldest)
        }
    }

    private static func cut(_ text: String) -> String { String(text.prefix(textLimit)) }
}
