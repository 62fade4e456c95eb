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

    /// Agents publish some milliseconds after they began to join; the one they all know may be there last.
    @Test("ten nodes that join at one address agree within half a second", arguments: [0, 5, 60])
    func smallStart(publishingAfter milliseconds: Int64) {
        for seed in UInt64(1)...20 {
            let simulation = Simulation(seed: seed)
            for _ in 0..<10 { simulation.addNode() }
            var random = SeededRandom(seed: seed)
            var steps: [(at: Duration, node: Int, isStart: Bool)] = []
            for node in 0..<10 {
                let at = Duration.milliseconds(Int64(random.next() % 100))
                steps += [(at, node, true), (at + .milliseconds(milliseconds), node, false)]
            }
            steps.sort { ($0.at, $0.isStart ? 0 : 1, $0.node) < ($1.at, $1.isStart ? 0 : 1, $1.node) }
            for step in steps {
                simulation.run(for: step.at - simulation.elapsed)
                if step.isStart {
                    simulation.start(step.node, joining: step.node == 0 ? [] : [0])
                } else {
                    for key in [Content.key(0), Content.key(1), .node] {
                        simulation.give(.publish(key, Content.value(key, 1, node: step.node)), to: step.node)
                    }
                }
            }
            #expect(
                simulation.run(for: .milliseconds(500)) { simulation.isMembershipConverged && simulation.isStateConverged },
                "seed \(seed)")
        }
    }

    /// One cell of the grid; the whole of it is `Scripts/simulate --figure G4-GRID`.
    @Test("G4: sick nodes make many healthy ones dead with plain SWIM and none with Weft") func sickNodes() {
        func falseDeaths(_ configuration: GossipConfiguration) -> Int {
            let simulation = Fabric(count: 16, seed: 1, configuration: configuration, isCold: false).simulation
            let deaths = FalseDeaths()
            deaths.sick = [0, 4, 8, 12]
            simulation.observer = deaths
            for _ in 0..<12 {
                for node in deaths.sick { simulation.block(node, for: .seconds(8)) }
                simulation.run(for: .milliseconds(8064))
            }
            return deaths.count
        }
        let plain = falseDeaths(.plainSWIM(suspicion: GossipConfiguration().minimumSuspicion))
        #expect(plain > 10 && falseDeaths(GossipConfiguration()) == 0)
    }

    @Test("nothing is no hundredth of nothing") func noComparison() {
        #expect(!Figure.isOnePercent(0, of: 0) && Figure.isOnePercent(0, of: 1) && !Figure.isOnePercent(1, of: 99))
        #expect(Figure.isOnePercent(1, of: 100))
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
