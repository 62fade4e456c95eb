import WeftSimulation
import WeftTypes
@main struct WeftSimulate {
    static func main() {
        let clock = ContinuousClock()
        for count in [100, 1000] {
            let simulation = Simulation(seed: 1)
            for _ in 0..<count { simulation.addNode() }
            simulation.start(0)
            let t0 = clock.now
            for node in 1..<count { simulation.start(node, joining: [0]); simulation.run(for: .milliseconds(1000 / count)) }
            let ok = simulation.run(for: .seconds(60)) { simulation.isMembershipConverged && simulation.isStateConverged }
            print(count, ok, simulation.elapsed, t0.duration(to: clock.now), simulation.eventCount)
            simulation.run(for: .seconds(10))
            let t1 = clock.now
            let events = simulation.eventCount
            simulation.run(for: .seconds(60))
            print("idle", t1.duration(to: clock.now), simulation.eventCount - events, simulation.traceHash)
        }
    }
}
