import WeftGossip
import WeftTypes

/// Counts how often nodes are told of the death of one that was never stopped.
final class FalseDeaths: SimulationObserver {
    /// The nodes that are stopped again and again.
    var sick = NodeSet([])
    /// At any node, and at those that are never stopped.
    private(set) var count = 0
    private(set) var countAtHealthy = 0

    func memberChanged(_ id: NodeID, _ state: MemberState, _ incarnation: Incarnation, at node: Int, in simulation: Simulation) {
        guard state == .dead, let other = simulation.node(id), !sick.contains(other) else { return }
        count += 1
        if !sick.contains(node) { countAtHealthy += 1 }
    }
}

extension Figure {
    /// The interval experiment of Lifeguard's section V: some of the nodes are stopped for a while, run for a while, and so on for two
    /// minutes. What counts is how often anybody is told of the death of a node that is never stopped.
    func grid(_ nodeCount: Int, _ seeds: ClosedRange<UInt64>) -> [FigureRow] {
        let weft = falseDeaths(nodeCount, seeds, GossipConfiguration())
        let basis = "\(weft.cells) cells of \(nodeCount) nodes × 2 minutes"
        let others: [(name: String, configuration: GossipConfiguration)] = [
            ("plain SWIM as fast as Weft", .plainSWIM(suspicion: GossipConfiguration().minimumSuspicion)),
            ("plain SWIM, suspicions as long as Weft's longest", .plainSWIM(suspicion: GossipConfiguration().maximumSuspicion)),
        ]
        return others.map { name, configuration in
            let plain = falseDeaths(nodeCount, seeds, configuration)
            return row(
                nodeCount,
                "\(weft.count) to \(plain.count), at healthy nodes \(weft.countAtHealthy) to \(plain.countAtHealthy)",
                limit: "≤ 1 %", isReached: weft.count * 100 <= plain.count, basis: basis, condition: "Weft to \(name)")
        }
    }

    private func falseDeaths(
        _ nodeCount: Int, _ seeds: ClosedRange<UInt64>, _ configuration: GossipConfiguration
    ) -> (count: Int, countAtHealthy: Int, cells: Int) {
        let deaths = FalseDeaths()
        var cells = 0
        for seed in seeds {
            for share in [32, 8, 4] {
                for stopped in [512, 2048, 8192, 32768] as [Int64] {
                    for going in [1, 4, 64, 1024] as [Int64] {
                        let simulation = Fabric(count: nodeCount, seed: seed, configuration: configuration).simulation
                        deaths.sick = NodeSet((0..<nodeCount / share).map { $0 * share + 1 })
                        simulation.observer = deaths
                        simulation.stop(deaths.sick, for: .milliseconds(stopped), every: .milliseconds(stopped + going))
                        cells += 1
                    }
                }
            }
        }
        return (deaths.count, deaths.countAtHealthy, cells)
    }
}

extension Simulation {
    /// Two minutes in which these nodes are stopped and go on, all at the same moments as in Lifeguard's experiment.
    func stop(_ nodes: NodeSet, for duration: Duration, every period: Duration) {
        let end = elapsed + .seconds(120)
        while elapsed < end {
            for node in nodes { pause(node, for: duration) }
            run(for: min(period, end - elapsed), checkingEvery: period)
        }
    }
}

extension GossipConfiguration {
    /// SWIM (Das et al., 2002) without what Lifeguard adds: no local health, suspicions of one length, and nobody is told that it is
    /// suspected except by gossip; and without Weft's own account of the time a node was stopped.
    static func plainSWIM(suspicion: Duration) -> GossipConfiguration {
        var configuration = GossipConfiguration()
        configuration.maximumLocalHealth = 0
        (configuration.minimumSuspicion, configuration.maximumSuspicion) = (suspicion, suspicion)
        configuration.secondHandGrace = .zero
        configuration.confirmationCount = 0
        configuration.tellsSuspects = false
        configuration.latenessTolerance = .seconds(3600)
        return configuration
    }
}
