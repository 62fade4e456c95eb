import ArgumentParser
import WeftSimulation

/// Runs scenarios and the figures that the gossip has to reach: what `Scripts/simulate` runs.
@main struct WeftSimulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "Scripts/simulate",
        abstract: "Runs scenarios over many seeds, or measures a figure, in virtual time.",
        discussion: """
            A scenario runs once for each seed; a seed that fails is printed with the command that repeats it and the shortest \
            schedule found that still fails. Ends with 1 if a seed failed or a figure was missed.

              Scripts/simulate Tests/Scenarios/mixed-faults.scenario --seeds 1..1000
              Scripts/simulate --figure G1 --nodes 100,1000 --seeds 3
              Scripts/simulate --figure G2 --nodes 20 --updates 1000000
            """)

    @Argument(help: "The scenario to run.") var scenario: String?
    @Option(help: "The seeds: A..B for a scenario or a figure, or how many.") var seeds = SeedRange(1...1)
    @Option(help: "The figure to measure: \(Figure.allCases.map(\.rawValue).joined(separator: ", ")), or all.")
    var figure: String?
    @Option(help: "How many nodes a figure is measured with, one or several between commas.") var nodes: NodeCounts?
    @Option(help: "How many updates G1 and G2 make, a thousand a second, each of a record of its own; else 20, one by one.")
    var updates: Int?
    @Flag(help: "Print each event of a scenario's first seed.") var trace = false
    @Flag(help: "End with the first seed that fails.") var first = false
    @Flag(help: "Don't look for a shorter schedule that still fails.") var noShrinking = false

    func validate() throws {
        guard (scenario == nil) != (figure == nil) else {
            throw ValidationError("cannot tell what to run: give either a scenario or --figure")
        }
        if let updates, !(1...10_000_000).contains(updates) {
            throw ValidationError("cannot make \(updates) updates; use 1…10000000")
        }
    }

    func run() throws {
        if let scenario {
            try ScenarioReport(
                path: scenario, seeds: seeds.range, isTracing: trace, isShrinking: !noShrinking, endsWithFirst: first
            ).run()
        } else if let figure {
            try FigureReport(name: figure, counts: nodes?.counts, updateCount: updates, seeds: seeds.range).run()
        }
    }
}

/// `A..B`, or a number of seeds from 1 on.
struct SeedRange: ExpressibleByArgument {
    var range: ClosedRange<UInt64>

    init(_ range: ClosedRange<UInt64>) { self.range = range }

    init?(argument: String) {
        let ends = argument.split(separator: ".").compactMap { UInt64($0) }
        if ends.count == 2, argument == "\(ends[0])..\(ends[1])", ends[0] <= ends[1] {
            range = ends[0]...ends[1]
        } else if let count = UInt64(argument), count > 0 {
            range = 1...count
        } else {
            return nil
        }
    }

    var defaultValueDescription: String { "\(range.lowerBound)..\(range.upperBound)" }
}

/// Numbers between commas.
struct NodeCounts: ExpressibleByArgument {
    var counts: [Int]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        counts = parts.compactMap { Int($0) }
        guard counts.count == parts.count, counts.allSatisfy({ (2...Scenario.maximumNodeCount).contains($0) }) else { return nil }
    }
}
