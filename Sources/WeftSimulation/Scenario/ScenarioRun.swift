import WeftGossip
import WeftTypes

/// What came of one run of a scenario.
public struct ScenarioResult: Sendable {
    public var seed: UInt64
    public var traceHash: TraceHash
    public var eventCount: Int
    /// What must not happen and did; empty for a good run.
    public var violations: [Violation]
    /// How long after the last step all agreed; nil if they never did or nobody asked.
    public var agreedAfter: Duration?
    /// How many times a node was told of the death of one that ran.
    public var falseDeathCount: Int
}

extension Scenario {
    /// How many events there may be for each node: a hundred times as many as in a minute in which much happens.
    private static var eventLimitPerNode: Int { 200_000 }

    /// Runs the schedule of a seed.
    public func run(
        seed: UInt64, configuration: GossipConfiguration = GossipConfiguration(), log: ((TraceLine) -> Void)? = nil
    ) -> ScenarioResult {
        run(schedule(seed: seed), seed: seed, configuration: configuration, log: log)
    }

    /// Runs any schedule.
    public func run(
        _ schedule: [Step], seed: UInt64, configuration: GossipConfiguration = GossipConfiguration(),
        log: ((TraceLine) -> Void)? = nil
    ) -> ScenarioResult {
        var configuration = configuration
        if let tombstoneAge { (configuration.tombstoneAge, configuration.housekeepingPeriod) = (tombstoneAge, tombstoneAge / 4) }
        let world = World(seed: seed, configuration: configuration, stationCount: stationCount)
        let simulation = world.simulation
        simulation.log = log
        simulation.eventLimit = nodeCount * Self.eventLimitPerNode
        for _ in 0..<nodeCount { simulation.addNode() }
        for step in schedule {
            if step.at > simulation.elapsed { simulation.run(for: step.at - simulation.elapsed) }
            world.perform(step.action)
        }
        var agreedAfter: Duration?
        if let agreement, !simulation.isExhausted {
            let end = simulation.elapsed
            let isAgreed = simulation.run(for: agreement, checkingEvery: .milliseconds(50)) {
                simulation.isMembershipConverged && simulation.isStateConverged && !simulation.hasUndoneInputs
            }
            let differences = world.ledger.differences(in: simulation)
            if isAgreed, differences.isEmpty {
                agreedAfter = simulation.elapsed - end
            } else if isAgreed {
                for text in differences { world.ledger.note(.diverged, text, simulation) }
            } else {
                world.ledger.note(.diverged, world.disagreement, simulation)
            }
        }
        if simulation.isExhausted {
            world.ledger.note(.traffic, "\(simulation.eventCount) events and no end of them", simulation)
        }
        if forbidden.contains(.alarm) {
            for (node, alarm) in world.ledger.alarms { world.ledger.note(.alarm, "n\(node): \(alarm)", simulation) }
        }
        let watched = forbidden.union(agreement == nil ? [.traffic] : [.traffic, .diverged])
        return ScenarioResult(
            seed: seed, traceHash: simulation.traceHash, eventCount: simulation.eventCount,
            violations: world.ledger.violations.filter { watched.contains($0.kind) }, agreedAfter: agreedAfter,
            falseDeathCount: world.ledger.falseDeaths.values.reduce(0, +))
    }

    /// A schedule with fewer steps that still breaks what the whole one breaks, found by leaving out ever smaller parts (Zeller,
    /// Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002); at most `attempts` runs.
    ///
    /// What ends a fault (starts, healing, calm) stays, for without it something else would fail.
    public func shrunk(_ schedule: [Step], seed: UInt64, attempts: Int = 400) -> [Step] {
        guard let kind = run(schedule, seed: seed).violations.first?.kind else { return schedule }
        var (steps, partCount, left) = (schedule, 2, attempts)
        while steps.count > 1, left > 0 {
            let size = max(1, steps.count / partCount)
            var hasShrunk = false
            var start = 0
            while start < steps.count, left > 0 {
                let end = min(steps.count, start + size)
                let fewer = steps[..<start] + steps[start..<end].filter(\.action.mustStay) + steps[end...]
                guard fewer.count < steps.count else {
                    start = end
                    continue
                }
                left -= 1
                if run(Array(fewer), seed: seed).violations.contains(where: { $0.kind == kind }) {
                    (steps, hasShrunk) = (Array(fewer), true)
                } else {
                    start = end
                }
            }
            if size == 1, !hasShrunk { break }
            partCount = min(max(2, steps.count), partCount * 2)
        }
        return steps
    }
}

extension Action {
    /// Whether a schedule without it could fail because of that.
    fileprivate var mustStay: Bool {
        switch self {
        case .start, .rejoin, .heal, .calm: true
        case .network(let conditions): conditions == NetworkConditions()
        case .crash, .leave, .pause, .move, .upgrade, .publish, .withdraw, .cut: false
        }
    }
}

extension World {
    /// Does what a step says; what makes no sense for a node, such as the crash of one that is down, is left out.
    func perform(_ action: Action) {
        switch action {
        case .start(let nodes, let others, let memory):
            for node in nodes { start(node, joining: others.filter { $0 != node }, memory: memory) }
        case .crash(let nodes): for node in nodes { crash(node) }
        case .leave(let nodes): for node in nodes { simulation.leave(node) }
        case .rejoin(let nodes, let others):
            for node in nodes { simulation.rejoin(node, at: others.filter { $0 != node }) }
        case .pause(let nodes, let duration): for node in nodes { simulation.pause(node, for: duration) }
        case .move(let nodes): for node in nodes { simulation.move(node) }
        case .upgrade(let nodes): for node in nodes { simulation.upgrade(node) }
        case .publish(let nodes, let key):
            for node in nodes where simulation.isRunning(node) { publish(Content.key(key), at: node) }
        case .withdraw(let nodes, let key):
            for node in nodes where simulation.isRunning(node) { withdraw(Content.key(key), at: node) }
        case .cut(let cut): simulation.cuts.append(cut)
        case .heal: simulation.cuts = []
        case .network(let conditions): simulation.conditions = conditions
        case .calm: simulation.calm()
        }
    }

    /// Who doesn't agree, in a line.
    var disagreement: String {
        let running = simulation.running
        let views = Set(running.map { simulation[$0].membershipDigest }).count
        let states = Set(running.map { simulation[$0].stateDigest }).count
        let present = running.map { "n\($0) \(simulation[$0].presentCount)" }.prefix(16).joined(separator: ", ")
        return "\(running.count) nodes run and have \(views) views and \(states) states; present in each: \(present)"
    }
}
