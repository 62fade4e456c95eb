import Testing
import WeftTypes

@testable import WeftSimulation

@Suite struct DeterminismTests {
    @Test("G12: one seed, one trace; another seed, another") func repeats() {
        let scenario = Scenario.mixedFaults(nodeCount: 5, seconds: 10, eventCount: 12)
        let first = scenario.run(seed: 3)
        let second = scenario.run(seed: 3)
        #expect(first.traceHash == second.traceHash)
        #expect(first.eventCount == second.eventCount && first.eventCount > 500)
        #expect(first.traceHash != scenario.run(seed: 4).traceHash)
    }

    @Test("G11: nothing is lost or resurrected by mixed faults", arguments: 1...12 as ClosedRange<UInt64>)
    func mixedFaults(seed: UInt64) {
        let result = Scenario.mixedFaults(nodeCount: 5, seconds: 15, eventCount: 20).run(seed: seed)
        #expect(result.violations.isEmpty, "repeat it with this seed: \(result.violations)")
        #expect(result.agreedAfter != nil)
    }

    @Test("G1, G3, G6, G10: small fabrics reach the figures", arguments: [Figure.g1, .g3, .g6, .g10]) func figures(figure: Figure)
    {
        for row in figure.rows(FigureSize(nodeCount: 20), seeds: 1...1, clock: { .zero }) {
            #expect(row.isReached, "\(row.measured), to reach: \(row.limit)")
        }
    }

    @Test("a schedule that breaks something shrinks to what breaks it") func shrinks() {
        // Agreement can't come while one direction is cut; the other steps have no part in it.
        var scenario = Scenario()
        scenario.nodeCount = 4
        scenario.agreement = .seconds(2)
        scenario.steps = [
            Step(at: .zero, action: .start([0, 1, 2, 3], joining: [0], .kept)),
            Step(at: .seconds(3), action: .publish([1], key: 1)),
            Step(at: .seconds(4), action: .pause([2], .milliseconds(100))),
            Step(at: .seconds(5), action: .cut(Cut(from: [0, 1, 2], to: [3]))),
            Step(at: .seconds(6), action: .publish([2], key: 2)),
            Step(at: .seconds(7), action: .network(NetworkConditions())),
        ]
        #expect(!scenario.run(seed: 1).violations.isEmpty)
        let shrunk = scenario.shrunk(scenario.schedule(seed: 1), seed: 1)
        #expect(shrunk.count < scenario.steps.count)
        #expect(!scenario.run(shrunk, seed: 1).violations.isEmpty)
    }
}
