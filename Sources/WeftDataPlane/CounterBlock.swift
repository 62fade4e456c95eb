import Glibc
import Synchronization
import WeftForwarding

/// The columns of a row of counters; drop reasons follow the last one.
enum CounterColumn: Int, CaseIterable {
    case receivedFrames, receivedBytes, sentFrames, sentBytes
    case delivered, encapsulated, flooded, answered
    /// Frames sent beyond the first of a flood.
    case copies
    /// Frames that we made: answers, fragments, and what was injected.
    case generated
    /// Datagrams or frames that went out for frames that came in, when a superframe is cut.
    case segments
    /// Of the flooded: those that did not reach everybody.
    case incompleteFloods
    /// Of the encapsulated: those that came by a tunnel, late for a station that has moved.
    case late
    /// Of copies: those that the path to the peer would not have taken.
    case oversizeCopies
    /// Path probes that were answered.
    case probes
}

/// One worker's counters: a row per port, per peer, one for senders that are no peer, and one for what is injected.
///
/// One thread writes, any may read: a write is a plain load and store of one word, which needs no lock and no locked
/// instruction.
@safe final class CounterBlock: @unchecked Sendable {  // every word is an atomic; the pointer never changes
    static let portLimit = 8192
    static let peerLimit = 8192
    /// The row of frames from addresses that are no peer.
    static let unknownPeer = portLimit + peerLimit
    /// The row of frames that the control side injected.
    static let injected = unknownPeer + 1
    private static let columns = 64
    private static let rows = injected + 1

    private let words: UnsafeMutablePointer<Atomic<UInt64>>

    init() {
        precondition(CounterColumn.allCases.count + DropReason.allCases.count <= Self.columns, "a row is too short")
        guard let memory = unsafe calloc(Self.rows * Self.columns, MemoryLayout<Atomic<UInt64>>.stride) else {
            preconditionFailure("no memory for counters")
        }
        // An atomic word is its value and nothing else, so zeroed memory holds zeros; untouched pages cost nothing.
        unsafe words = memory.bindMemory(to: Atomic<UInt64>.self, capacity: Self.rows * Self.columns)
    }

    deinit { unsafe free(words) }

    /// The row of a port; ports beyond the limit share the last one.
    static func row(_ port: PortIndex) -> Int { min(Int(port.rawValue), portLimit - 1) }
    /// The row of a peer; peers beyond the limit share the last one.
    static func row(_ peer: PeerIndex) -> Int { portLimit + min(Int(peer.rawValue), peerLimit - 1) }

    /// Adds to a counter; only the worker may.
    func add(_ count: Int = 1, to column: CounterColumn, row: Int) { add(UInt64(count), column: column.rawValue, row: row) }

    /// Counts dropped frames; only the worker may.
    func drop(_ reason: DropReason, count: Int = 1, row: Int) {
        add(UInt64(count), column: CounterColumn.allCases.count + Int(reason.rawValue), row: row)
    }

    private func add(_ count: UInt64, column: Int, row: Int) {
        // Rows come from the functions above, columns from the enumerations that `init` has checked.
        unsafe words[row &* Self.columns &+ column].store(
            words[row &* Self.columns &+ column].load(ordering: .relaxed) &+ count, ordering: .relaxed)
    }

    /// The value of one counter.
    func value(_ column: CounterColumn, row: Int) -> UInt64 {
        unsafe words[row * Self.columns + column.rawValue].load(ordering: .relaxed)
    }

    /// How many frames of a row were dropped for one reason.
    func dropCount(_ reason: DropReason, row: Int) -> UInt64 {
        unsafe words[row * Self.columns + CounterColumn.allCases.count + Int(reason.rawValue)].load(ordering: .relaxed)
    }

    /// Adds a row to `total`.
    func read(row: Int, into total: inout TrafficCounters) {
        func value(_ column: Int) -> UInt64 { unsafe words[row * Self.columns + column].load(ordering: .relaxed) }
        func value(_ column: CounterColumn) -> UInt64 { value(column.rawValue) }
        for reason in DropReason.allCases {
            let count = value(CounterColumn.allCases.count + Int(reason.rawValue))
            if count > 0 { total.drops[reason, default: 0] += count }
        }
        total.delivered += value(.delivered)
        total.encapsulated += value(.encapsulated)
        total.flooded += value(.flooded)
        total.answered += value(.answered)
        total.copies += value(.copies)
        total.incompleteFloods += value(.incompleteFloods)
        total.late += value(.late)
        total.oversizeCopies += value(.oversizeCopies)
        total.answeredProbes += value(.probes)
        total.generated += value(.generated)
        total.segments += value(.segments)
        total.sentFrames += value(.sentFrames)
        total.sentBytes += value(.sentBytes)
        // Last, so that a frame on its way shows as unsettled and never as one too many.
        total.receivedFrames += value(.receivedFrames)
        total.receivedBytes += value(.receivedBytes)
    }
}
