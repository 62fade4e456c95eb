import ArgumentParser
import Glibc
import WeftSimulation

/// Runs a scenario for each seed and tells what came of it.
struct ScenarioReport {
    let path: String
    let seeds: ClosedRange<UInt64>
    let isTracing: Bool
    let isShrinking: Bool
    /// Whether the first seed that fails is the last.
    let endsWithFirst: Bool

    func run() throws {
        guard let text = contents(of: path) else {
            throw ValidationError("cannot read \(path): it is no file that can be opened; check the path")
        }
        let scenario: Scenario
        do throws(ScenarioError) {
            scenario = try Scenario(parsing: text)
        } catch {
            throw ValidationError("\(path): \(error)")
        }
        let clock = ContinuousClock()
        let began = clock.now
        var (events, failed, falseDeaths) = (0, 0, 0)
        var agreements = Times()
        var hash: TraceHash?
        for (index, seed) in seeds.enumerated() {
            if index > 0, index % Self.reportInterval == 0 { say("\(path): \(index) seeds so far, \(failed) failed") }
            let log: ((TraceLine) -> Void)? = isTracing && seed == seeds.lowerBound ? { say("\($0)") } : nil
            let result = scenario.run(seed: seed, log: log)
            events += result.eventCount
            falseDeaths += result.falseDeathCount
            if let time = result.agreedAfter { agreements.add(time) }
            hash = result.traceHash
            if !result.violations.isEmpty {
                failed += 1
                if failed <= 10 { tell(result, of: scenario, shrinks: failed == 1) }
                if endsWithFirst { throw ExitCode(1) }
            }
        }
        say("\(path): \(seeds.count) seeds, \(failed) failed; \(events) events in \(began.duration(to: clock.now))")
        let shares = agreements.percentiles([0.5, 0.99, 1]).map { $0.map { "\($0.secondsText) s" } ?? "never" }
        if agreements.count > 0 { say("agreed after: p50 \(shares[0]), p99 \(shares[1]), longest \(shares[2])") }
        say("told of a death that was none: \(falseDeaths) times")
        if seeds.count == 1, let hash { say("trace hash \(hash)") }
        if failed > 0 { throw ExitCode(1) }
    }

    /// After how many seeds a run of many says how far it is.
    private static var reportInterval: Int { 1000 }

    private func tell(_ result: ScenarioResult, of scenario: Scenario, shrinks: Bool) {
        say("seed \(result.seed) FAILED; repeat it: Scripts/simulate \(path) --seeds \(result.seed)..\(result.seed)")
        for violation in result.violations.prefix(4) { say("  \(violation)") }
        guard shrinks, isShrinking else { return }
        let schedule = scenario.schedule(seed: result.seed)
        let shrunk = scenario.shrunk(schedule, seed: result.seed)
        say("  \(shrunk.count) of its \(schedule.count) steps suffice with that seed:")
        for line in scenario.text(schedule: shrunk).split(separator: "\n") { say("    \(line)") }
    }

    /// Prints a line at once, whatever it is printed to: a run of many seeds takes hours, and its first failure is wanted now.
    private func say(_ line: String) {
        print(line)
        // Null stands for all open streams; `stdout` itself is a global that anybody may change.
        fflush(nil)
    }

    private func contents(of path: String) -> String? {
        guard let file = unsafe fopen(path, "r") else { return nil }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            // The buffer is `buffer.count` bytes long, and no more are asked for.
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe fread($0.baseAddress, 1, $0.count, file) }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
            guard bytes.count <= 1 << 22 else { return nil }
        }
    }
}
