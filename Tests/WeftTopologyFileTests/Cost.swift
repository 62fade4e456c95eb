import Foundation

/// What some work takes of time and memory, for tests that set limits.
struct Cost {
    let time: Duration
    /// How far the resident memory rose above what it was before, in bytes; nil where the kernel does not tell.
    let byteCount: Int?

    /// Runs `work`; nothing else may run in this process meanwhile.
    static func measure(_ work: () -> Void) -> Cost {
        // Sets the highest mark back to what is resident now (proc(5), clear_refs).
        let isReset = (try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)) != nil
        let before = peakByteCount
        let time = ContinuousClock().measure(work)
        guard isReset, let before, let after = peakByteCount else { return Cost(time: time, byteCount: nil) }
        return Cost(time: time, byteCount: after - before)
    }

    private static var peakByteCount: Int? {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") })
        else { return nil }
        return line.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
    }
}
