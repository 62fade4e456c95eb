import WeftGossip
import WeftTypes

/// Hosts with agents on them: a simulation, and what the agents publish in it.
///
/// An agent publishes the segment it is in, some stations and, last, its node record, which says that this is all. Started again it
/// publishes what it had once more; one in four stations was only learnt, and is not there any more.
public final class World {
    public let simulation: Simulation
    public let ledger = Ledger()
    /// How many stations a node has when it first starts.
    let stationCount: Int

    /// Creates a world without hosts.
    public init(seed: UInt64, configuration: GossipConfiguration = GossipConfiguration(), stationCount: Int = 2) {
        simulation = Simulation(seed: seed, configuration: configuration)
        simulation.observer = ledger
        self.stationCount = stationCount
    }

    /// Starts a node's agent.
    public func start(_ node: Int, joining: [Int], memory: RestartMemory = .kept) {
        guard !simulation.isRunning(node), simulation.starts(of: node) == 0 || isDown(node) else { return }
        let before = simulation.id(of: node)
        let had = ledger.records(of: before).filter { $0.key != .node }
        let isFirst = simulation.starts(of: node) == 0
        simulation.willStart = { [ledger, simulation] node, id in ledger.nodeStarted(node, id, memory, in: simulation) }
        defer { simulation.willStart = nil }
        simulation.start(node, joining: joining, memory: memory)
        let id = simulation.id(of: node)
        if id != before { for (key, _) in ledger.records(of: before) { ledger.withdraw(key, of: before) } }
        if isFirst {
            publish(Content.key(0), at: node)
            for number in 0..<stationCount { publish(Content.key(number + 1), at: node) }
            if simulation.isNewer(node) { publish(.unknown(kind: 99, [1]), at: node) }
        } else {
            for (key, number) in had {
                if id != before {
                    publish(key, at: node)
                } else if case .endpoint = key, simulation.chooses(1, in: 4, number ^ UInt64(simulation.starts(of: node))) {
                    ledger.withdraw(key, of: id)
                } else {
                    simulation.give(.publish(key, Content.value(key, number, node: node)), to: node)
                }
            }
        }
        publish(.node, at: node)
    }

    private func isDown(_ node: Int) -> Bool { !simulation.isRunning(node) && !simulation.hasLeft(node) }

    /// Ends a node without a word.
    public func crash(_ node: Int) {
        guard !isDown(node) else { return }
        ledger.nodeCrashed(simulation.id(of: node), at: simulation.now)
        simulation.crash(node)
    }

    /// A node's agent publishes a new state of a record; its number.
    @discardableResult public func publish(_ key: RecordKey, at node: Int) -> UInt64 {
        let number = ledger.write(key, of: simulation.id(of: node), at: simulation.now)
        simulation.give(.publish(key, Content.value(key, number, node: node)), to: node)
        return number
    }

    /// A node's agent withdraws a record that it has.
    public func withdraw(_ key: RecordKey, at node: Int) {
        let id = simulation.id(of: node)
        guard ledger.records(of: id).contains(where: { $0.key == key }) else { return }
        ledger.withdraw(key, of: id)
        simulation.give(.withdraw(key), to: node)
    }
}
