import Testing
import WeftTypes

@testable import WeftSimulation

@Suite struct EventQueueTests {
    @Test("events come in the order of time, those of one moment in the order they were put in", arguments: UInt64(0)..<16)
    func order(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var queue = EventQueue()
        var expected: [(at: Int64, payload: UInt64)] = []
        var last = Int64.min
        for number in 0..<2000 as Range<UInt64> {
            if Int.random(in: 0..<3, using: &random) == 0, !expected.isEmpty {
                let least = expected.indices.min {
                    (expected[$0].at, expected[$0].payload) < (expected[$1].at, expected[$1].payload)
                }
                let event = expected.remove(at: least ?? 0)
                #expect(queue.nextTime == event.at)
                let entry = queue.pop()
                #expect(entry.at == event.at && entry.payload == event.payload)
                last = entry.at
            } else {
                let at = max(last, 0) + Int64.random(in: 0..<40, using: &random)
                queue.push(at: at, number)
                expected.append((at, number))
            }
        }
        #expect(queue.count == expected.count)
    }
}
