import CWeftAllocations
import Glibc

/// What each stage of the packet path costs, and whether it takes from the heap: `WeftMicrobench [--json]`.
///
/// Ends with 1 when a stage that should not allocates, with 2 when it can't measure.
@main struct WeftMicrobench {
    static func main() {
        let options = CommandLine.arguments.dropFirst()
        guard options.allSatisfy({ $0 == "--json" }) else { fail("usage: WeftMicrobench [--json]") }
        let before = weft_allocation_count()
        weft_allocate_once()
        guard weft_allocation_count() == before + 1 else {
            fail("cannot count allocations: one was made, and \(weft_allocation_count() - before) were counted")
        }
        let report = Report(rows: Suite().all())
        print(options.contains("--json") ? report.json : report.table)
        if !report.isFree { exit(1) }
    }

    static func fail(_ message: String) -> Never {
        let line = Array((message + "\n").utf8)
        _ = unsafe line.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
        exit(2)
    }
}
