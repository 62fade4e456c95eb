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

/// What is wrong with the sick nodes of the grid.
private enum Anomaly: String, CaseIterable {
    /// Their processes are stopped, as by a starved host.
    case stopped
    /// They run, but what they send and what comes for them waits, as in Lifeguard's experiments.
    case blocked
}

/// False deaths over the cells of the grid.
private struct GridCount {
    var atAll = 0
    var atHealthy = 0
    var cellCount = 0
}

extension Figure {
    /// The interval experiment of Lifeguard's section V: some of the nodes are sick for a while, well for a while, and so on for two
    /// minutes. What counts is how often anybody is told of the death of a node that is never sick.
    ///
    /// Of the paper's 9 numbers of sick nodes, 8 durations and 8 intervals every other is taken about.
    func grid(_ nodeCount: Int, _ seeds: ClosedRange<UInt64>) -> [FigureRow] {
        let others: [(name: String, configuration: GossipConfiguration)] = [
            ("as fast as Weft", .plainSWIM(suspicion: GossipConfiguration().minimumSuspicion)),
            ("suspicions as long as Weft's longest", .plainSWIM(suspicion: GossipConfiguration().maximumSuspicion)),
        ]
        return Anomaly.allCases.flatMap { anomaly in
            let weft = falseDeaths(nodeCount, seeds, anomaly, GossipConfiguration())
            let basis = "\(weft.cellCount) cells of \(nodeCount) nodes × 2 minutes"
            return others.map { name, configuration in
                let plain = falseDeaths(nodeCount, seeds, anomaly, configuration)
                let share = plain.atAll > 0 ? "\(weft.atAll * 1000 / plain.atAll) ‰" : "nothing to compare"
                return row(
                    nodeCount,
                    "\(weft.atAll) to \(plain.atAll): \(share); at healthy nodes \(weft.atHealthy) to \(plain.atHealthy)",
                    limit: "≤ 10 ‰", isReached: Self.isOnePercent(weft.atAll, of: plain.atAll), basis: basis,
                    condition: "sick ones \(anomaly.rawValue), Weft to plain SWIM \(name)")
            }
        }
    }

    /// Whether a part is at most one in a hundred of a whole; of nothing no part is.
    static func isOnePercent(_ part: Int, of whole: Int) -> Bool { whole > 0 && part * 100 <= whole }

    private func falseDeaths(
        _ nodeCount: Int, _ seeds: ClosedRange<UInt64>, _ anomaly: Anomaly, _ configuration: GossipConfiguration
    ) -> GridCount {
        var result = GridCount()
        // No more than a quarter of the nodes, as in the paper's group of 128.
        let sickCounts = [1, 4, 8, 16, 32].filter { $0 <= max(1, nodeCount / 4) }
        for seed in seeds {
            for sickCount in sickCounts {
                for sick in [128, 2048, 8192, 32768] as [Int64] {
                    for well in [1, 64, 1024, 16384] as [Int64] {
                        let deaths = FalseDeaths()
                        let fabric = Fabric(count: nodeCount, seed: seed, configuration: configuration, isCold: false)
                        deaths.sick = NodeSet((0..<sickCount).map { $0 * nodeCount / sickCount })
                        fabric.simulation.observer = deaths
                        fabric.simulation.disturb(
                            deaths.sick, anomaly, for: .milliseconds(sick), every: .milliseconds(sick + well))
                        result.atAll += deaths.count
                        result.atHealthy += deaths.countAtHealthy
                        result.cellCount += 1
                    }
                }
            }
        }
        return result
    }
}

extension Simulation {
    /// Two minutes in which these nodes are sick and well again, all at the same moments as in Lifeguard's experiment, and some seconds
    /// for what they have to say in the end.
    fileprivate func disturb(_ nodes: NodeSet, _ anomaly: Anomaly, for duration: Duration, every period: Duration) {
        let end = elapsed + .seconds(120)
        while elapsed < end {
            for node in nodes {
                switch anomaly {
                case .stopped: pause(node, for: duration)
                case .blocked: block(node, for: duration)
                }
            }
            run(for: period, checkingEvery: period)
        }
        run(for: .seconds(5), checkingEvery: .seconds(5))
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
        (configuration.latenessTolerance, configuration.deafness) = (.seconds(3600), .seconds(3600))
        return configuration
    }
}
