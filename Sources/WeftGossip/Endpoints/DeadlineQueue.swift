import WeftTypes

/// What is to be done when, soonest first. Nothing is ever taken back: whoever pops one looks whether it still holds.
struct DeadlineQueue {
    enum Task: Hashable, Comparable {
        case announce(EndpointKey)
        case endLate(EndpointKey)
        case publish(EndpointKey)
        case sweep
    }

    struct Entry: Hashable {
        var at: Instant
        var task: Task

        fileprivate func isBefore(_ other: Entry) -> Bool { at == other.at ? task < other.task : at < other.at }
    }

    private var heap: [Entry] = []

    /// When the next thing is due.
    var next: Instant? { heap.first?.at }

    mutating func push(_ task: Task, at: Instant) {
        heap.append(Entry(at: at, task: task))
        var child = heap.count - 1
        while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Removes the first that is due at `now`.
    mutating func pop(due now: Instant) -> Entry? {
        guard let first = heap.first, first.at <= now else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].isBefore(heap[least]) {
                least = child
            }
            if least == parent { return first }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}

/// So many at once, then one in a while (the virtual scheduling algorithm of ITU-T I.371).
struct Pace: Hashable {
    /// When all of the burst is there again.
    private var full: Instant?

    init() {}

    /// Whether one more may go at `now`; takes it if so.
    mutating func take(burst: Int, interval: Duration, now: Instant) -> Bool {
        guard ready(burst: burst, interval: interval) <= now else { return false }
        full = max(full ?? now, now).advanced(by: interval)
        return true
    }

    /// The moment from which on one may go.
    func ready(burst: Int, interval: Duration) -> Instant {
        guard let full else { return Instant(nanoseconds: .min) }
        return full.advanced(by: interval * (1 - max(1, burst)))
    }

    /// Whether nothing is remembered any more.
    func isFull(now: Instant) -> Bool { full.map { $0 <= now } ?? true }
}
