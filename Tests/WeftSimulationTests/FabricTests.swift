import Testing
import WeftGossip
import WeftTypes

@testable import WeftSimulation

/// What the figures are measured on.
@Suite struct FabricTests {
    @Test("a fabric that is made settled stays so, follows writes and notices a crash") func madeSettled() {
        let fabric = Fabric(count: 60, seed: 5, isCold: false)
        let simulation = fabric.simulation
        let deaths = Deaths()
        simulation.observer = deaths
        #expect(fabric.settledAfter == nil)
        #expect(simulation.isMembershipConverged && simulation.isStateConverged)
        simulation.run(for: .seconds(30))
        #expect(simulation.isMembershipConverged && simulation.isStateConverged && deaths.falseCount == 0)

        let arrivals = Arrivals(from: 100, nodeCount: 60)
        simulation.observer = arrivals
        for node in [0, 17, 59] { fabric.publish(1, write: arrivals.next(now: simulation.now), at: node) }
        #expect(arrivals.expectedCount == 3 * 59)
        #expect(simulation.run(for: .milliseconds(50)) { arrivals.count == 3 * 59 })

        simulation.observer = deaths
        simulation.crash(31)
        deaths.begin(31, at: simulation.now)
        #expect(simulation.run(for: .seconds(10)) { deaths.count == 59 })
        #expect(deaths.falseCount == 0)
    }

    @Test("G1, G2: many updates at once reach all, each counted once") func manyUpdates() {
        for figure in [Figure.g1, .g2] {
            let rows = figure.rows(FigureSize(nodeCount: 10, updateCount: 300), seeds: 1...2, clock: { .zero })
            for row in rows {
                #expect(row.isReached, "\(row)")
                #expect(row.basis == "\(2 * 300 * 9) deliveries, 0 missed after 30 s")
            }
        }
    }
}
