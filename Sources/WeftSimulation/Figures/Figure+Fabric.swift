import WeftGossip
import WeftTypes

extension Figure {
    /// An hour of virtual time at 5 % loss for each seed.
    func falseDeaths(_ nodeCount: Int, _ seeds: ClosedRange<UInt64>) -> FigureRow {
        let deaths = Deaths()
        for seed in seeds {
            let fabric = Fabric(count: nodeCount, seed: seed)
            fabric.simulation.observer = deaths
            fabric.simulation.conditions.loss = .percent(5)
            fabric.simulation.run(for: .seconds(3600), checkingEvery: .seconds(3600))
        }
        let hours = nodeCount * seeds.count
        return row(
            nodeCount, "\(deaths.falseCount)", limit: "0 in 24000 node-hours", isReached: deaths.falseCount == 0,
            basis: "\(hours) node-hours")
    }

    /// A minute in which nobody does anything.
    func idleTraffic(_ nodeCount: Int, _ seeds: ClosedRange<UInt64>) -> FigureRow {
        var (total, most) = (0, 0)
        for seed in seeds {
            let simulation = Fabric(count: nodeCount, seed: seed).simulation
            // What the start left to be piggybacked has gone by then.
            simulation.run(for: .seconds(60))
            let before = (0..<nodeCount).map { simulation.traffic(of: $0).byteCount }
            simulation.run(for: .seconds(60))
            let sent = (0..<nodeCount).map { simulation.traffic(of: $0).byteCount - before[$0] }
            total += sent.reduce(0, +)
            most = max(most, sent.max() ?? 0)
        }
        let mean = total / 60 / nodeCount / seeds.count
        return row(
            nodeCount, "mean \(mean), most \(most / 60)", limit: "≤ 1000", isReached: most / 60 <= 1000,
            basis: "60 s of each node, IPv4 (20 more a datagram over IPv6)")
    }

    /// Two halves that don't hear each other for ten minutes, in which each writes 10 000 times.
    func partition(_ nodeCount: Int, _ seeds: ClosedRange<UInt64>) -> FigureRow {
        var times = Times()
        var failed = 0
        for seed in seeds {
            let fabric = Fabric(count: nodeCount, seed: seed)
            let simulation = fabric.simulation
            let half = NodeSet(0..<nodeCount / 2)
            let rest = half.complement(below: nodeCount)
            simulation.cuts = [Cut(from: half, to: rest), Cut(from: rest, to: half)]
            for change in 0..<10_000 {
                for side in [0, nodeCount / 2] {
                    let node = side + change * 7919 % (nodeCount / 2)
                    let number = 1 + change / (nodeCount / 2) % 8
                    if change % 5 == 4 {
                        simulation.give(.withdraw(Content.key(number)), to: node)
                    } else {
                        fabric.publish(number, write: UInt64(change + 10), at: node)
                    }
                }
                simulation.run(for: .milliseconds(60), checkingEvery: .seconds(1))
            }
            simulation.cuts = []
            let healed = simulation.now
            if fabric.settle(within: .seconds(60)) { times.add(healed.duration(to: simulation.now)) } else { failed += 1 }
        }
        return row(
            nodeCount, failed == 0 ? "longest \(text(times, 1))" : "\(failed) never", limit: "≤ 5s",
            isReached: failed == 0 && isWithin(times, 1, .seconds(5)), basis: "\(seeds.count) partitions")
    }

    /// Nodes that know one address and start within a second.
    func coldStart(_ nodeCount: Int, _ seeds: ClosedRange<UInt64>) -> FigureRow {
        var times = Times()
        var failed = 0
        for seed in seeds {
            if let time = Fabric(count: nodeCount, seed: seed, isCold: true).settledAfter { times.add(time) } else { failed += 1 }
        }
        // A handful has to agree half a second after the last start; the starts take one.
        let limit: Duration = nodeCount <= 10 ? .milliseconds(1500) : .seconds(10)
        return row(
            nodeCount, failed == 0 ? "longest \(text(times, 1))" : "\(failed) never", limit: "≤ \(limit.scenarioText)",
            isReached: failed == 0 && isWithin(times, 1, limit),
            basis: "\(seeds.count) starts, from the first; views and records")
    }

    /// A minute of everything at once, then calm.
    func mixedFaults(_ nodeCount: Int, _ seeds: ClosedRange<UInt64>) -> FigureRow {
        var failed: [UInt64] = []
        let scenario = Scenario.mixedFaults(nodeCount: nodeCount)
        for seed in seeds where !scenario.run(seed: seed).violations.isEmpty { failed.append(seed) }
        let named = failed.isEmpty ? "" : ": " + failed.prefix(8).map { "\($0)" }.joined(separator: " ")
        return row(
            nodeCount, "\(failed.count) seeds failed\(named)", limit: "0 of 100000 seeds", isReached: failed.isEmpty,
            basis: "\(seeds.count) seeds")
    }

    /// The same seed twice, and how long an idle minute takes.
    func repeatability(_ nodeCount: Int, _ seeds: ClosedRange<UInt64>, _ clock: () -> Duration) -> [FigureRow] {
        seeds.prefix(1).map { seed in
            var hashes: [TraceHash] = []
            var took: [Duration] = []
            for _ in 0..<2 {
                let simulation = Fabric(count: nodeCount, seed: seed).simulation
                let before = clock()
                simulation.run(for: .seconds(60), checkingEvery: .seconds(60))
                took.append(clock() - before)
                hashes.append(simulation.traceHash)
            }
            let time = min(took[0], took[1])
            return row(
                nodeCount, "\(time.wholeNanoseconds / 1_000_000) ms, \(hashes[0] == hashes[1] ? "same" : "OTHER") trace",
                limit: "≤ 5s with 1000 nodes", isReached: hashes[0] == hashes[1] && time <= .seconds(5),
                basis: "trace \(hashes[0])")
        }
    }
}

extension Scenario {
    /// `Tests/Scenarios/mixed-faults.scenario` with any number of nodes.
    public static func mixedFaults(nodeCount: Int, seconds: Int = 60, eventCount: Int = 60) -> Scenario {
        var scenario = Scenario()
        scenario.nodeCount = nodeCount
        scenario.steps = [
            Step(at: .zero, action: .start([0], joining: [], .kept)),
            Step(at: .milliseconds(100), action: .start(NodeSet(1..<nodeCount), joining: [0], .kept)),
        ]
        scenario.chaos = [Chaos(from: .seconds(3), to: .seconds(3 + seconds), eventCount: eventCount)]
        scenario.agreement = .seconds(60)
        return scenario
    }
}
