import Synchronization

/// A bounded queue of events from one worker to the control side; neither ever waits.
///
/// `@unchecked` because one thread writes and one reads: the two indices order their accesses.
@safe final class EventRing<Event: Sendable>: @unchecked Sendable {
    private static var capacity: Int { 1024 }
    private let slots: UnsafeMutablePointer<Event?>
    /// Events written and read so far; both only grow.
    private let written = Atomic<UInt64>(0)
    private let taken = Atomic<UInt64>(0)
    private let lost = Atomic<UInt64>(0)

    init() {
        unsafe slots = .allocate(capacity: Self.capacity)
        unsafe slots.initialize(repeating: nil, count: Self.capacity)
    }

    deinit { unsafe slots.deallocate() }

    /// Adds an event, or counts it as lost when the ring is full; only the worker may.
    func push(_ event: Event) {
        let index = written.load(ordering: .relaxed)
        guard index &- taken.load(ordering: .acquiring) < UInt64(Self.capacity) else {
            lost.wrappingAdd(1, ordering: .relaxed)
            return
        }
        // The slot is free: the reader has taken what was in it, and won't look before the store below.
        unsafe slots[Int(index % UInt64(Self.capacity))] = event
        written.store(index &+ 1, ordering: .releasing)
    }

    /// Takes the oldest event; only one thread at a time may.
    func pop() -> Event? {
        let index = taken.load(ordering: .relaxed)
        guard index != written.load(ordering: .acquiring) else { return nil }
        // The slot is written: the load above saw the store that followed.
        let event = unsafe slots[Int(index % UInt64(Self.capacity))]
        taken.store(index &+ 1, ordering: .releasing)
        return event
    }

    /// Events that found the ring full.
    var lostCount: UInt64 { lost.load(ordering: .relaxed) }
}
