import CWeftAllocations
import Glibc
import Synchronization
import WeftDataPlane
import WeftForwarding
import WeftLinux
import WeftTypes

// What a change of the tables costs the control side, what it costs the packet path, and what tables weigh.

extension Suite {
    /// One station moves, and new tables are published, with the old ones freed: all that the control side does.
    func change(_ count: Int) -> Measurement {
        var table = Samples.fdb(count)
        var random = SeededRandom(seed: 4)
        var tables = ForwardingTables(fabric: Samples.fabric, fdb: table)
        return stopwatch.measure("change, \(count) entries", per: "change", count: 16, allocates: true) {
            var digest: UInt64 = 0
            for _ in 0..<16 {
                let number = Int(truncatingIfNeeded: random.next() >> 33) % count
                table.set(Samples.entry(of: number &+ Int(digest & 7)), for: Samples.station(number))
                tables = ForwardingTables(fabric: Samples.fabric, fdb: table)
                digest &+= UInt64(tables.fdb.count)
            }
            return digest
        }
    }

    /// Bytes that a learnt station takes, in the directory and the FDB together.
    func weight(_ count: Int) -> Figure {
        let before = weft_heap_byte_count()
        var directory = Directory(limit: count)
        for number in 0..<count { directory.handle(Self.sighting(number), now: Samples.now) }
        let byteCount = weft_heap_byte_count() - before
        precondition(directory.count == count, "\(directory.count) of \(count) stations learnt")
        return Figure(name: "memory, \(count) entries", value: Double(byteCount) / Double(count), unit: "B/entry")
    }

    private static func sighting(_ number: Int, moved: Int = 0) -> Directory.Event {
        .seen(LearnEvent(key: Samples.station(number), location: .peer(Samples.peer(of: number + moved)), seen: Samples.now))
    }

    /// A thread that looks up addresses in batches, as a worker does, while every millisecond a station moves. Its pause is the
    /// time from its look for new tables to the end of the first lookup in them.
    func swap(_ count: Int, updates: Int = 3000) throws -> [Figure] {
        var directory = Directory(limit: count)
        for number in 0..<count { directory.handle(Self.sighting(number), now: Samples.now) }
        let cell = TablesCell()
        cell.publish(ForwardingTables(fabric: Samples.fabric, fdb: directory.fdb))
        let reader = SwapReader(capacity: updates)
        let thread = try WorkerThread(name: "reader") { reader.run(cell, count: count) }
        var busy: Int64 = 0
        for update in 0..<updates {
            let start = Stopwatch.processorTime
            directory.handle(Self.sighting(update * 7919 % count, moved: 1 + update), now: Samples.now)
            cell.publish(ForwardingTables(fabric: Samples.fabric, fdb: directory.fdb))
            cell.collect()
            busy += Stopwatch.processorTime - start
            usleep(1000)
        }
        reader.isDone.store(true, ordering: .releasing)
        thread.join()
        let pauses = reader.pauses.withLock { $0 }.sorted()
        guard let longest = pauses.last else { throw Failure("the reader saw no new tables") }
        func share(_ percent: Double) -> Double { Double(pauses[Int(Double(pauses.count - 1) * percent / 100)]) / 1000 }
        return [
            Figure(name: "swap, \(count) entries, tables taken", value: Double(pauses.count), unit: "of \(updates)"),
            Figure(name: "swap, pause, median", value: share(50), unit: "µs"),
            Figure(name: "swap, pause, p99", value: share(99), unit: "µs", limit: 100),
            Figure(name: "swap, pause, longest", value: Double(longest) / 1000, unit: "µs"),
            Figure(
                name: "swap, allocations and frees of the reader", value: Double(reader.heapUse.load(ordering: .acquiring)),
                unit: "", limit: 0),
            Figure(name: "swap, control side, an update", value: Double(busy) / Double(updates) / 1000, unit: "µs"),
        ]
    }
}

/// The reading side of a swap.
private final class SwapReader: Sendable {
    let isDone = Atomic<Bool>(false)
    let pauses: Mutex<[Int64]>
    let heapUse = Atomic<UInt64>(0)
    private let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
        pauses = Mutex([])
    }

    func run(_ cell: TablesCell, count: Int) {
        var tables = ForwardingTables()
        var pauses: [Int64] = []
        pauses.reserveCapacity(capacity + 1)
        var random = SeededRandom(seed: 5)
        while !cell.take(&tables) { usleep(100) }  // the first has another fabric
        let before = weft_thread_heap_count()
        while !isDone.load(ordering: .acquiring) {
            let start = MonotonicClock.now()
            let old = ObjectIdentifier(tables)
            _ = cell.take(&tables)
            weft_consume(Self.lookUp(1, in: tables, count, &random))
            let end = MonotonicClock.now()
            if ObjectIdentifier(tables) != old && pauses.count < capacity {
                pauses.append(end.nanoseconds - start.nanoseconds)
            }
            weft_consume(Self.lookUp(64, in: tables, count, &random))
            usleep(20)
        }
        heapUse.store(weft_thread_heap_count() - before, ordering: .releasing)
        let all = pauses
        self.pauses.withLock { $0 = all }
    }

    private static func lookUp(_ times: Int, in tables: ForwardingTables, _ count: Int, _ random: inout SeededRandom) -> UInt64 {
        var digest: UInt64 = 0
        for _ in 0..<times {
            let number = Int(truncatingIfNeeded: random.next() >> 33) % count
            if tables.fdb.entry(for: Samples.station(number)) != nil { digest += 1 }
        }
        return digest
    }
}
