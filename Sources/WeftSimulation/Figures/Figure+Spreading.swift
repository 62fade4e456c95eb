import WeftTypes

extension Figure {
    /// Measures it at a size, over these seeds; `clock` tells real time, for ``g12`` alone.
    public func rows(_ size: FigureSize, seeds: ClosedRange<UInt64>, clock: () -> Duration) -> [FigureRow] {
        let nodeCount = size.nodeCount
        return switch self {
        case .g1: [spreading(size, seeds, loss: .never)]
        case .g2: [1, 5, 30].map { spreading(size, seeds, loss: .percent($0)) }
        case .g3: [crashes(nodeCount, seeds)]
        case .g4: [falseDeaths(nodeCount, seeds)]
        case .g4Grid: grid(nodeCount, seeds)
        case .g6: [idleTraffic(nodeCount, seeds)]
        case .g8: [partition(nodeCount, seeds)]
        case .g10: [coldStart(nodeCount, seeds)]
        case .g11: [mixedFaults(nodeCount, seeds)]
        case .g12: repeatability(nodeCount, seeds, clock)
        case .m1: [moves(nodeCount, seeds)]
        }
    }

    func row(
        _ nodeCount: Int, _ measured: String, limit: String, isReached: Bool, basis: String, condition: String = ""
    ) -> FigureRow {
        FigureRow(
            figure: self, nodeCount: nodeCount, condition: condition, measured: measured, limit: limit, isReached: isReached,
            basis: basis)
    }

    /// Updates of different nodes: one after the other, or, if their number is given, a thousand a second, each of a record of its own.
    private func spreading(_ size: FigureSize, _ seeds: ClosedRange<UInt64>, loss: Chance) -> FigureRow {
        let nodeCount = size.nodeCount
        var times = Times()
        var (missed, expected) = (0, 0)
        for seed in seeds {
            let fabric = Fabric(count: nodeCount, seed: seed)
            let simulation = fabric.simulation
            simulation.conditions.loss = loss
            let arrivals = Arrivals(from: 100, nodeCount: nodeCount)
            simulation.observer = arrivals
            let updateCount = size.updateCount ?? 20
            for number in 0..<updateCount {
                let write = arrivals.next(now: simulation.now)
                let key = size.updateCount == nil ? 1 : 2 + number / nodeCount
                fabric.publish(key, write: write, at: number * 7919 % nodeCount)
                if size.updateCount == nil {
                    simulation.run(for: .seconds(30)) { arrivals.count == arrivals.expectedCount }
                } else {
                    simulation.run(for: .milliseconds(1))
                }
            }
            simulation.run(for: .seconds(30)) { arrivals.count == arrivals.expectedCount }
            expected += arrivals.expectedCount
            missed += arrivals.expectedCount - arrivals.count
            times.add(arrivals.times)
        }
        let basis = "\(expected) deliveries, \(missed) missed after 30 s"
        if loss == .never {
            let limit: Duration = .milliseconds(nodeCount <= 100 ? 10 : nodeCount <= 1000 ? 25 : 50)
            return row(
                nodeCount, "p99 \(text(times, 0.99)), longest \(text(times, 1))", limit: "p99 ≤ \(limit.scenarioText)",
                isReached: missed == 0 && isWithin(times, 0.99, limit), basis: basis)
        }
        let limit: Duration = loss <= .percent(1) ? .milliseconds(300) : loss <= .percent(5) ? .seconds(1) : .seconds(5)
        return row(
            nodeCount, "p99.9 \(text(times, 0.999)), longest \(text(times, 1))", limit: "p99.9 ≤ \(limit.scenarioText), 0 missed",
            isReached: missed == 0 && isWithin(times, 0.999, limit), basis: basis, condition: "loss \(loss)")
    }

    /// Nodes that crash one after the other.
    private func crashes(_ nodeCount: Int, _ seeds: ClosedRange<UInt64>) -> FigureRow {
        let deaths = Deaths()
        var (expected, missed) = (0, 0)
        for seed in seeds {
            let fabric = Fabric(count: nodeCount, seed: seed)
            let simulation = fabric.simulation
            simulation.observer = deaths
            let crashCount = min(10, nodeCount / 4 + 1)
            for number in 1...crashCount {
                let node = number * 7919 % nodeCount
                guard simulation.isRunning(node) else { continue }
                // At any moment of its neighbours' rounds.
                simulation.run(for: .milliseconds(Int64(seed &* 131 % 500) + Int64(number) * 37))
                simulation.crash(node)
                deaths.begin(node, at: simulation.now)
                let others = simulation.running.count
                simulation.run(for: .seconds(20)) { deaths.count == others }
                expected += others
                missed += others - deaths.count
            }
        }
        let limit: Duration = .seconds(nodeCount <= 100 ? 4 : nodeCount <= 1000 ? 5 : 7)
        return row(
            nodeCount, "p50 \(text(deaths.times, 0.5)), p99 \(text(deaths.times, 0.99))", limit: "p99 ≤ \(limit.scenarioText)",
            isReached: missed == 0 && isWithin(deaths.times, 0.99, limit),
            basis: "\(expected) nodes told, \(missed) not told within 20 s")
    }

    func text(_ times: Times, _ share: Double) -> String {
        guard let time = times.percentile(share) else { return "none" }
        let microseconds = time.wholeNanoseconds / 1000
        return microseconds < 100_000
            ? "\(microseconds / 1000).\(microseconds % 1000 / 100) ms"
            : "\(microseconds / 1_000_000).\(microseconds % 1_000_000 / 100_000) s"
    }

    func isWithin(_ times: Times, _ share: Double, _ limit: Duration) -> Bool {
        times.percentile(share).map { $0 <= limit } ?? false
    }
}
