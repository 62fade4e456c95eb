import WeftGossip
import WeftTypes

/// Nodes that found each other and published what they have, as the figures are measured on.
final class Fabric {
    let simulation: Simulation
    /// How long it took from the first start until all had one view and one state; nil if that took over a minute.
    private(set) var settledAfter: Duration?

    /// The most nodes that are started one after the other, unless that is what is looked at: it takes time and memory with the
    /// square of their number.
    static var largestStarted: Int { 2000 }

    /// Starts `count` nodes within a second, all but the first joining it, each in the segment and with one station, and lets them
    /// settle; if there are more than ``largestStarted``, or as `isCold` says, they are made settled.
    init(
        count: Int, seed: UInt64, configuration: GossipConfiguration = GossipConfiguration(), isCold: Bool? = nil
    ) {
        simulation = Simulation(seed: seed, configuration: configuration)
        for _ in 0..<count { simulation.addNode() }
        if isCold ?? (count <= Self.largestStarted) {
            startAll()
            let isSettled = settle(within: .seconds(60))
            settledAfter = isSettled ? simulation.elapsed : nil
        } else {
            simulation.startSettled { node in
                [Content.key(0), Content.key(1), .node].map { ($0, Content.value($0, 1, node: node)) }
            }
        }
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

/// Notes when each node is told of the writes of one run.
final class Arrivals: SimulationObserver {
    /// The number of the first write that counts.
    let firstWrite: UInt64
    private let nodeCount: Int
    /// When each was made.
    private var began: [Instant] = []
    /// A bit for each write and node.
    private var isHere: [UInt64] = []
    private(set) var times = Times()

    init(from firstWrite: UInt64, nodeCount: Int) { (self.firstWrite, self.nodeCount) = (firstWrite, nodeCount) }

    /// How many deliveries there were.
    var count: Int { times.count }
    /// How many there have to be, once all know of the writes made so far.
    var expectedCount: Int { began.count * (nodeCount - 1) }

    /// The number of a write that is going to be made now.
    func next(now: Instant) -> UInt64 {
        began.append(now)
        let wordCount = (began.count * nodeCount + 63) / 64
        isHere += repeatElement(0, count: wordCount - isHere.count)
        return firstWrite + UInt64(began.count - 1)
    }

    func recordChanged(_ origin: NodeID, _ key: RecordKey, _ value: RecordValue?, at node: Int, in simulation: Simulation) {
        guard let value, let write = Content.write(key, value), write >= firstWrite, origin != simulation.id(of: node) else {
            return
        }
        let number = Int(write - firstWrite)
        let bit = number * nodeCount + node
        guard number < began.count, isHere[bit / 64] >> UInt64(bit % 64) & 1 == 0 else { return }
        isHere[bit / 64] |= 1 << UInt64(bit % 64)
        times.add(began[number].duration(to: simulation.now))
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
