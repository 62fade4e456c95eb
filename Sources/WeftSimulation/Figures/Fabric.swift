import WeftGossip
import WeftTypes

/// Nodes that found each other and published what they have, as the figures are measured on.
final class Fabric {
    let simulation: Simulation
    /// How long it took from the first start until all had one view and one state; nil if that took over a minute.
    private(set) var settledAfter: Duration?

    /// Starts `count` nodes within a second, all but the first joining it, each in the segment and with one station, and lets them settle.
    init(count: Int, seed: UInt64) {
        simulation = Simulation(seed: seed)
        for _ in 0..<count { simulation.addNode() }
        startAll()
        let isSettled = settle(within: .seconds(60))
        settledAfter = isSettled ? simulation.elapsed : nil
        simulation.run(for: .seconds(3))
    }

    private func startAll() {
        let count = simulation.nodeCount
        for node in 0..<count {
            let at = Duration.nanoseconds(1_000_000_000 * Int64(node) / Int64(count))
            if at > simulation.elapsed { simulation.run(for: at - simulation.elapsed) }
            simulation.start(node, joining: node == 0 ? [] : [0])
            for number in 0...1 { publish(number, write: 1, at: node) }
            simulation.give(.publish(.node, Content.value(.node, 1, node: node)), to: node)
        }
    }

    func publish(_ number: Int, write: UInt64, at node: Int) {
        let key = Content.key(number)
        simulation.give(.publish(key, Content.value(key, write, node: node)), to: node)
    }

    /// Whether all have one right view and one state within this time.
    func settle(within limit: Duration) -> Bool {
        simulation.run(for: limit, checkingEvery: .milliseconds(10)) { [simulation] in
            simulation.isStateConverged && simulation.isMembershipConverged
        }
    }
}

/// Notes when each node is told of one write.
final class Arrivals: SimulationObserver {
    /// The record's number and the write that are waited for.
    private var key = Content.key(0)
    private var write: UInt64 = 0
    private var began = Simulation.origin
    private var isHere: [Bool] = []
    private(set) var times = Times()
    private(set) var count = 0

    func await(_ key: RecordKey, _ write: UInt64, nodeCount: Int, now: Instant) {
        (self.key, self.write, began, count) = (key, write, now, 0)
        isHere = [Bool](repeating: false, count: nodeCount)
    }

    func recordChanged(_ origin: NodeID, _ key: RecordKey, _ value: RecordValue?, at node: Int, in simulation: Simulation) {
        guard key == self.key, origin != simulation.id(of: node), let value, !isHere[node], Content.write(key, value) == write
        else { return }
        isHere[node] = true
        count += 1
        times.add(began.duration(to: simulation.now))
    }
}

/// Notes when nodes are told of deaths.
final class Deaths: SimulationObserver {
    /// The node whose death is waited for, and when it crashed; nil while nobody should die.
    var crashed: (node: Int, at: Instant)?
    private(set) var times = Times()
    private(set) var count = 0
    /// How often a node was told of the death of one that runs.
    private(set) var falseCount = 0

    func begin(_ node: Int, at now: Instant) { (crashed, count) = ((node, now), 0) }

    func memberChanged(_ id: NodeID, _ state: MemberState, _ incarnation: Incarnation, at node: Int, in simulation: Simulation) {
        guard state == .dead, let other = simulation.node(id) else { return }
        if let crashed, crashed.node == other {
            count += 1
            times.add(crashed.at.duration(to: simulation.now))
        } else if simulation.isRunning(other) {
            falseCount += 1
        }
    }
}
