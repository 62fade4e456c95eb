import ArgumentParser
import WeftSimulation

/// Measures figures and prints the table.
struct FigureReport {
    let figures: [Figure]
    let counts: [Int]?
    let updateCount: Int?
    let seeds: ClosedRange<UInt64>

    init(name: String, counts: [Int]?, updateCount: Int?, seeds: ClosedRange<UInt64>) throws {
        if name == "all" {
            figures = Figure.allCases
        } else if let figure = Figure(rawValue: name.uppercased()) {
            figures = [figure]
        } else {
            let names = Figure.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("cannot measure \"\(name)\": there is no such figure; use \(names), or all")
        }
        (self.counts, self.updateCount, self.seeds) = (counts, updateCount, seeds)
    }

    func run() throws {
        let clock = ContinuousClock()
        let began = clock.now
        var isGood = true
        print("| Figure | Nodes | Measured | To reach | Reached | From |\n|---|---|---|---|---|---|")
        for figure in figures {
            for count in counts ?? [figure.usualNodeCount] {
                let size = FigureSize(nodeCount: count, updateCount: updateCount)
                for row in figure.rows(size, seeds: seeds, clock: { began.duration(to: clock.now) }) {
                    let title = row.condition.isEmpty ? figure.title : "\(figure.title), \(row.condition)"
                    print(
                        "| \(figure.rawValue) \(title) | \(count) | \(row.measured) | \(row.limit) | \(row.isReached ? "yes" : "NO") | \(row.basis) |"
                    )
                    isGood = isGood && row.isReached
                }
            }
        }
        print("\nseeds \(seeds.lowerBound)..\(seeds.upperBound), in \(began.duration(to: clock.now))")
        if !isGood { throw ExitCode(1) }
    }
}
