import CWeftAllocations
import Glibc

/// What each stage of the packet path costs, and whether it takes from the heap: `WeftMicrobench [--json]`.
///
/// Ends with 1 when a stage that should not allocates, with 2 when it can't measure.
@main struct WeftMicrobench {
    static func main() {
        let options = CommandLine.arguments.dropFirst()
        guard options.allSatisfy({ $0 == "--json" }) else { fail("usage: WeftMicrobench [--json]") }
        let counts = [deliberately { weft_allocate_once() }, deliberately { weft_consume(UInt64(array(options.count).count)) }]
        guard counts == [1, 1] else {
            fail("cannot count allocations: C and Swift made one each, and \(counts) were counted")
        }
        do {
            let suite = Suite()
            // Weighed first, while the heap has no holes.
            var report = Report(figures: [suite.weight(100_000)])
            report.rows = suite.all() + [suite.change(100_000), suite.change(1_000_000)]
            report.figures += try suite.swap(100_000)
            report.figures += try workers()
            print(options.contains("--json") ? report.json : report.table)
            if !report.isGood { exit(1) }
        } catch {
            fail("cannot measure: \(error)")
        }
    }

    /// How many allocations are counted while `body` makes one.
    private static func deliberately(_ body: () -> Void) -> UInt64 {
        let before = weft_allocation_count()
        body()
        return weft_allocation_count() - before
    }

    /// An array on the heap, whose allocation goes through the Swift library.
    @inline(never) private static func array(_ count: Int) -> [UInt64] { Array(repeating: 1, count: count + 10) }

    private static func workers() throws -> [Figure] {
        guard WorkerRun.isPossible else {
            say("left out: the workers as a whole, which need root and /dev/net/tun")
            return []
        }
        let run = try WorkerRun()
        return [
            try run.allocations("64 bytes", of: SampleFrame(isTCP: false, payloadByteCount: 22), count: 40_000),
            try run.allocations(
                "64 KiB of TCP", of: SampleFrame(payloadByteCount: 46 * Suite.segmentSize, hasPartialChecksum: true),
                segmentSize: Suite.segmentSize, count: 2000),
            try run.answers(count: 40_000),
        ]
    }

    private static func fail(_ message: String) -> Never {
        say(message)
        exit(2)
    }

    private static func say(_ message: String) {
        let line = Array((message + "\n").utf8)
        _ = unsafe line.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
