import Glibc
import Testing
import WeftTypes

@testable import WeftGossip

/// How many nodes the figures are asked for.
private let askedNodeCount: Int? = unsafe getenv("WEFT_FIGURES").flatMap { unsafe Int(String(cString: $0)) }

/// The figures of state at a size that takes minutes in a debug build: with `WEFT_FIGURES=1000` (nodes) in the environment, in a
/// release build, they are measured and printed. `Scripts/simulate` measures them over many seeds.
@Suite(.enabled(if: askedNodeCount != nil)) struct StateFigureTests {
    static var count: Int { askedNodeCount ?? 100 }

    static func milliseconds(_ duration: Duration) -> String {
        let microseconds = duration.wholeNanoseconds / 1000
        return "\(microseconds / 1000).\(String(microseconds % 1000 + 1000).dropFirst()) ms"
    }

    /// All nodes of one segment, joined within a second.
    static func fabric(_ count: Int, seed: UInt64) -> TestFabric {
        var fabric = TestFabric(seed: seed)
        fabric.add()
        for index in 1..<count {
            fabric.add(joining: [0])
            fabric.give(.publish(.segment(StateFabricTests.blue), StateFabricTests.value(0)), to: index)
            fabric.run(for: .milliseconds(1000 / count))
        }
        fabric.give(.publish(.segment(StateFabricTests.blue), StateFabricTests.value(0)), to: 0)
        return fabric
    }

    static func report(_ title: String, _ fabric: TestFabric, since bytes: Int) {
        var sums: [(String, UInt64)] = []
        for reason in GossipCounters.Reason.allCases {
            let sum = fabric.nodes.reduce(0) { $0 + $1.counters[reason] }
            if sum > 0 { sums.append(("\(reason)", sum)) }
        }
        print(title, "bytes sent:", fabric.sentBytes.reduce(0, +) - bytes)
        print("   ", sums.map { "\($0.0) \($0.1)" }.joined(separator: ", "))
    }

    @Test func figures() {
        let count = Self.count
        var fabric = Self.fabric(count, seed: 1)
        let began = fabric.now
        fabric.run(for: .seconds(60)) { $0.isConverged && $0.isStateConverged }
        print("G10: \(count) nodes identical after \(Self.milliseconds(began.duration(to: fabric.now))) more")
        Self.report("G10", fabric, since: 0)
        #expect(fabric.isConverged && fabric.isStateConverged)
        fabric.run(for: .seconds(5))
        for loss in [0, 1, 5, 30] {
            fabric.lossPercent = loss
            let bytes = fabric.sentBytes.reduce(0, +)
            var latencies: [Duration] = []
            var missed = 0
            for number in 0..<20 {
                let began = fabric.now
                let box = StateFabricTests.Arrivals()
                let key = StateFabricTests.endpoint(loss * 100 + number)
                fabric.onRecord = { index, _, told, _, now in if key == told { box.times[index] = now } }
                fabric.give(.publish(key, StateFabricTests.value(number)), to: number * 7 % count)
                fabric.run(for: .seconds(loss == 0 ? 1 : 6))
                missed += count - box.times.count
                latencies += box.times.values.map { began.duration(to: $0) }
            }
            latencies.sort()
            func percentile(_ share: Double) -> String {
                Self.milliseconds(latencies[Int(Double(latencies.count - 1) * share)])
            }
            print(
                "G1/G2: \(count) members, \(loss) % loss: p50 \(percentile(0.5)) p99 \(percentile(0.99)) p99.9 \(percentile(0.999))",
                "max \(percentile(1)), missed after the wait \(missed)")
            Self.report("G2", fabric, since: bytes)
        }
        fabric.lossPercent = 0
        fabric.onRecord = { _, _, _, _, _ in }
        fabric.run(for: .seconds(10)) { $0.isConverged && $0.isStateConverged }
        #expect(fabric.isConverged && fabric.isStateConverged)
    }

    @Test func partition() {
        let count = Self.count
        var fabric = Self.fabric(count, seed: 2)
        fabric.run(for: .seconds(60)) { $0.isConverged && $0.isStateConverged }
        let half = count / 2
        fabric.passes = { ($0 < half) == ($1 < half) }
        fabric.run(for: .seconds(15))
        for number in 0..<20_000 {
            fabric.give(.publish(StateFabricTests.endpoint(number % 5000), StateFabricTests.value(number)), to: number % count)
            if number % 50 == 0 { fabric.run(for: .milliseconds(10)) }
        }
        fabric.run(for: .seconds(30))
        Self.report("before healing", fabric, since: 0)
        fabric.passes = { _, _ in true }
        let bytes = fabric.sentBytes.reduce(0, +)
        let began = fabric.now
        fabric.run(for: .seconds(30)) { $0.isStateConverged }
        print("G8: \(half)/\(half), 10 000 changes a side: same state after \(Self.milliseconds(began.duration(to: fabric.now)))")
        fabric.run(for: .seconds(30)) { $0.isConverged && $0.isStateConverged }
        print("G8: and same members after \(Self.milliseconds(began.duration(to: fabric.now)))")
        Self.report("G8", fabric, since: bytes)
        #expect(fabric.isConverged && fabric.isStateConverged)
    }
}
