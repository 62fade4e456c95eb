import WeftTypes

/// A schedule for a few nodes, and what must hold in it. <doc:Simulator> tells how one is written.
public struct Scenario: Hashable, Sendable {
    /// How many nodes there are; they are numbered from 0.
    public var nodeCount = 0
    /// How many stations each has when it starts.
    public var stationCount = 2
    /// How long tombstones are kept, to be looked through four times as often; nil for as long as agents keep them, a day.
    public var tombstoneAge: Duration?
    /// The schedule as it is written.
    public var steps: [Step] = []
    /// Faults that are drawn from the seed.
    public var chaos: [Chaos] = []
    /// How long after the last step all must agree; nil if they need not.
    public var agreement: Duration?
    /// What must not happen; what contradicts the protocol must never.
    public var forbidden: Set<Violation.Kind> = Scenario.alwaysForbidden

    /// What no scenario allows.
    public static var alwaysForbidden: Set<Violation.Kind> { [.resurrected, .lost, .invented, .incarnation] }
    /// The most nodes of a scenario.
    public static var maximumNodeCount: Int { 20_000 }

    /// The schedule of one seed: what is written and what is drawn, in order of time.
    public func schedule(seed: UInt64) -> [Step] {
        var all = steps
        for (number, chaos) in chaos.enumerated() {
            var random = SeededRandom(seed: seed &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(number) << 56 ^ 0xC4A0_5CA0)
            all += chaos.steps(nodeCount: nodeCount, stationCount: stationCount, &random)
        }
        return Self.ordered(all)
    }

    /// In order of time; those of one moment as they were.
    static func ordered(_ steps: [Step]) -> [Step] {
        steps.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
    }

    /// The scenario with this schedule written out in place of its own, as a file has it.
    public func text(schedule: [Step]) -> String {
        var lines = ["nodes \(nodeCount)", "stations \(stationCount)"]
        if let tombstoneAge { lines.append("tombstones \(tombstoneAge.scenarioText)") }
        lines += schedule.map(\.description)
        for kind in Violation.Kind.allCases where forbidden.contains(kind) && !Self.alwaysForbidden.contains(kind) {
            lines.append("expect no \(kind.rawValue)")
        }
        if let agreement { lines.append("expect agreement within \(agreement.scenarioText)") }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// One thing that happens in a scenario.
public struct Step: Hashable, Sendable, CustomStringConvertible {
    /// Since the beginning.
    public var at: Duration
    public var action: Action

    /// The line of a scenario file that says it.
    public var description: String { "at \(at.scenarioText) \(action)" }
}

/// What happens to nodes or to the network.
public enum Action: Hashable, Sendable, CustomStringConvertible {
    case start(NodeSet, joining: NodeSet, RestartMemory)
    case crash(NodeSet)
    case leave(NodeSet)
    case rejoin(NodeSet, joining: NodeSet)
    case pause(NodeSet, Duration)
    case move(NodeSet)
    case upgrade(NodeSet)
    case publish(NodeSet, key: Int)
    case withdraw(NodeSet, key: Int)
    case cut(Cut)
    case heal
    case network(NetworkConditions)
    case calm

    public var description: String {
        switch self {
        case .start(let nodes, let others, let memory):
            "start \(nodes)" + (others.isEmpty ? "" : " joining \(others)") + (memory == .kept ? "" : " disk \(memory.rawValue)")
        case .crash(let nodes): "crash \(nodes)"
        case .leave(let nodes): "leave \(nodes)"
        case .rejoin(let nodes, let others): "rejoin \(nodes) joining \(others)"
        case .pause(let nodes, let duration): "pause \(nodes) for \(duration.scenarioText)"
        case .move(let nodes): "move \(nodes)"
        case .upgrade(let nodes): "upgrade \(nodes)"
        case .publish(let nodes, let key): "publish \(nodes) key \(key)"
        case .withdraw(let nodes, let key): "withdraw \(nodes) key \(key)"
        case .cut(let cut): "cut \(cut.from) to \(cut.to)" + (cut.loss == .always ? "" : " loss \(cut.loss)")
        case .heal: "heal"
        case .network(let conditions): "network \(conditions)"
        case .calm: "calm"
        }
    }
}

extension NodeSet: CustomStringConvertible {
    /// Numbers and ranges, such as `0-3,7`.
    public var description: String {
        var parts: [String] = []
        var run: ClosedRange<Int>?
        for node in self {
            if let open = run, open.upperBound + 1 == node {
                run = open.lowerBound...node
            } else {
                if let run { parts.append(Self.text(run)) }
                run = node...node
            }
        }
        if let run { parts.append(Self.text(run)) }
        return parts.joined(separator: ",")
    }

    private static func text(_ run: ClosedRange<Int>) -> String {
        run.count == 1 ? "\(run.lowerBound)" : "\(run.lowerBound)-\(run.upperBound)"
    }
}

extension Chance: CustomStringConvertible {
    /// In percent, such as `12.5%`.
    public var description: String {
        var fraction = String(millionths % 10_000 + 10_000).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        return "\(millionths / 10_000)" + (fraction.isEmpty ? "" : ".\(fraction)") + "%"
    }
}

extension NetworkConditions: CustomStringConvertible {
    /// As a scenario file has it.
    public var description: String {
        var text = "delay \(delay.lowerBound.scenarioText)..\(delay.upperBound.scenarioText)"
        for (name, chance) in [
            ("loss", loss), ("duplicate", duplication), ("reorder", reordering), ("slow", slowness), ("replay", replay),
        ] where chance > .never { text += " \(name) \(chance)" }
        return text
    }
}

extension Duration {
    /// A whole number of the largest unit in which it is one, such as `1500ms`.
    public var scenarioText: String {
        let nanoseconds = wholeNanoseconds
        for (unit, size) in [("s", 1_000_000_000 as Int64), ("ms", 1_000_000), ("us", 1000)] where nanoseconds % size == 0 {
            return "\(nanoseconds / size)\(unit)"
        }
        return "\(nanoseconds)ns"
    }
}
