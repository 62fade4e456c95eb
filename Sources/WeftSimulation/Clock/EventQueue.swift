import WeftTypes

/// What is still to happen, in the order of time; what falls on the same moment comes in the order it was put in.
///
/// A heap with four children to a parent: a simulation of thousands of nodes has some ten thousand events under way, each of which
/// enters and leaves once, so that two cache lines are touched on each of a few levels.
struct EventQueue {
    /// One event, 24 bytes without references.
    struct Entry {
        /// Nanoseconds on the virtual clock.
        var at: Int64
        /// The number of events put in before; it makes the order complete, and with it every run repeatable.
        var order: UInt64
        /// What happens, as its owner encodes it.
        var payload: UInt64
    }

    private var heap: [Entry] = []
    private var nextOrder: UInt64 = 0

    var isEmpty: Bool { heap.isEmpty }
    var count: Int { heap.count }
    /// When the next event happens, in nanoseconds.
    var nextTime: Int64? { heap.first?.at }

    mutating func push(at time: Int64, _ payload: UInt64) {
        let entry = Entry(at: time, order: nextOrder, payload: payload)
        nextOrder += 1
        heap.append(entry)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 4
            guard Self.isBefore(entry, heap[parent]) else { break }
            heap[child] = heap[parent]
            child = parent
        }
        heap[child] = entry
    }

    /// Takes out the first event; the caller knows that there is one.
    mutating func pop() -> Entry {
        let first = heap[0]
        let last = heap.removeLast()
        let count = heap.count
        guard count > 0 else { return first }
        var parent = 0
        while true {
            let firstChild = 4 * parent + 1
            guard firstChild < count else { break }
            var least = firstChild
            for child in firstChild + 1..<max(firstChild + 1, min(firstChild + 4, count))
            where Self.isBefore(heap[child], heap[least]) { least = child }
            guard Self.isBefore(heap[least], last) else { break }
            heap[parent] = heap[least]
            parent = least
        }
        heap[parent] = last
        return first
    }

    private static func isBefore(_ left: Entry, _ right: Entry) -> Bool {
        left.at != right.at ? left.at < right.at : left.order < right.order
    }
}
