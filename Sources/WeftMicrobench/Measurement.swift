import CWeftAllocations
import Glibc

/// One figure of the suite: what one of something costs.
struct Measurement {
    /// What was measured.
    var name: String
    /// What it is counted by, such as "frame".
    var unit: String
    /// Processor time for one: the median of the repetitions.
    var nanoseconds: Double
    /// Bytes of one; 0 where they do not matter.
    var byteCount = 0
    /// Allocations for one; nil where some are meant to be.
    var allocations: Double?

    /// How many a processor does in a second.
    var perSecond: Double { 1e9 / nanoseconds }
    /// Bytes that a processor does in a nanosecond.
    var gigabytesPerSecond: Double? { byteCount > 0 ? Double(byteCount) / nanoseconds : nil }
}

/// Repeats something and tells what it costs.
struct Stopwatch {
    var repetitions = 9
    /// How long a repetition lasts at least.
    var nanoseconds: Int64 = 10_000_000

    /// Measures `turn`, which does `count` of what is measured and returns something that depends on all of it.
    ///
    /// Time is the thread's own on a processor, so that what else the machine does shows as little as it can.
    func measure(
        _ name: String, per unit: String = "frame", count: Int = 1, byteCount: Int = 0, allocates: Bool = false,
        _ turn: () -> UInt64
    ) -> Measurement {
        var turns = 1
        while time(turns, turn) < nanoseconds { turns *= 2 }  // which also warms everything up
        var times = [Int64](repeating: 0, count: repetitions)
        let before = weft_allocation_count()
        for index in times.indices { times[index] = time(turns, turn) }
        let allocations = weft_allocation_count() - before
        let total = Double(turns * count)
        return Measurement(
            name: name, unit: unit, nanoseconds: Double(times.sorted()[repetitions / 2]) / total, byteCount: byteCount,
            allocations: allocates ? nil : Double(allocations) / (total * Double(repetitions)))
    }

    private func time(_ turns: Int, _ turn: () -> UInt64) -> Int64 {
        let start = Self.processorTime
        var digest: UInt64 = 0
        for _ in 0..<turns { digest &+= turn() }
        weft_consume(digest)
        return Self.processorTime - start
    }

    /// Nanoseconds that the calling thread has run.
    static var processorTime: Int64 {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
