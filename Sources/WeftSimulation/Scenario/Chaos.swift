import WeftTypes

/// Faults drawn from the seed between two moments: crashes and restarts with a disk, with an old image of it and without, pauses,
/// partitions of one or both directions, a network that gets worse and better, moves, leaves, other versions, and agents that write
/// all the while.
public struct Chaos: Hashable, Sendable {
    public var from: Duration
    public var to: Duration
    /// How many faults and writes.
    public var eventCount: Int

    /// The most events of one line.
    public static var maximumEventCount: Int { 100_000 }

    /// The steps of one seed. At the end all is calm and every node runs.
    func steps(nodeCount: Int, stationCount: Int, _ random: inout SeededRandom) -> [Step] {
        var steps: [Step] = []
        for _ in 0..<eventCount {
            let at = NetworkConditions.draw(from.wholeNanoseconds / 1_000_000, to.wholeNanoseconds / 1_000_000, &random)
            for step in draw(at: .milliseconds(at), nodeCount, stationCount, &random) { steps.append(step) }
        }
        let end = to + .milliseconds(1)
        steps.append(Step(at: end, action: .calm))
        // Whoever runs is left alone by these.
        for node in 0..<nodeCount {
            let others = NodeSet([(node + 1) % nodeCount, (node + nodeCount - 1) % nodeCount].filter { $0 != node })
            steps.append(Step(at: end, action: .start([node], joining: others, .kept)))
            steps.append(Step(at: end, action: .rejoin([node], joining: others)))
        }
        return steps
    }

    private func draw(
        at: Duration, _ nodeCount: Int, _ stationCount: Int, _ random: inout SeededRandom
    ) -> [Step] {
        let node = Int(NetworkConditions.draw(0, Int64(nodeCount - 1), &random))
        let other = Int(NetworkConditions.draw(0, Int64(nodeCount - 1), &random))
        let others = NodeSet([other, (other + 1) % nodeCount].filter { $0 != node })
        let length = Duration.milliseconds(NetworkConditions.draw(50, 15_000, &random))
        let later = min(at + length, to)
        func step(_ at: Duration, _ action: Action) -> Step { Step(at: at, action: action) }
        switch random.next() % 24 {
        case 0, 1, 2:
            let memory: RestartMemory = [.kept, .kept, .kept, .kept, .stale, .lost][Int(random.next() % 6)]
            return [step(at, .crash([node])), step(later, .start([node], joining: others, memory))]
        case 3, 4: return [step(at, .pause([node], length))]
        case 5: return [step(at, .cut(Cut(from: half(nodeCount, &random), to: half(nodeCount, &random))))]
        case 6:
            let side = half(nodeCount, &random)
            let rest = side.complement(below: nodeCount)
            return [
                step(at, .cut(Cut(from: side, to: rest))), step(at, .cut(Cut(from: rest, to: side))), step(later, .heal),
            ]
        case 7: return [step(at, .heal)]
        case 8, 9: return [step(at, .network(conditions(&random)))]
        case 10: return [step(at, .move([node]))]
        case 11: return [step(at, .leave([node])), step(later, .rejoin([node], joining: others))]
        case 12: return [step(at, .upgrade([node]))]
        case 13, 14, 15, 16: return [step(at, .withdraw([node], key: key(stationCount, &random)))]
        default: return [step(at, .publish([node], key: key(stationCount, &random)))]
        }
    }

    private func key(_ stationCount: Int, _ random: inout SeededRandom) -> Int {
        Int(NetworkConditions.draw(1, Int64(stationCount + 2), &random))
    }

    private func half(_ nodeCount: Int, _ random: inout SeededRandom) -> NodeSet {
        let chosen = NodeSet((0..<nodeCount).filter { _ in random.next() & 1 == 0 })
        return chosen.isEmpty ? [0] : chosen
    }

    private func conditions(_ random: inout SeededRandom) -> NetworkConditions {
        func chance(_ percent: Int64) -> Chance { .percent(Int(NetworkConditions.draw(0, percent, &random))) }
        var conditions = NetworkConditions()
        conditions.loss = chance(30)
        conditions.duplication = chance(10)
        conditions.reordering = chance(20)
        conditions.slowness = chance(5)
        conditions.replay = chance(50)
        return conditions
    }
}
