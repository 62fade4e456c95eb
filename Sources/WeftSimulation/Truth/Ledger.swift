import WeftGossip
import WeftTypes

/// Knows what every agent wrote and was told, and notices at once what can't be right.
///
/// Every write and withdrawal gets a number, and numbers only grow. A node that was told write 12 of a record must never be told write 11
/// of it; one that is told that a record is gone must be told so of a withdrawal that happened.
public final class Ledger: SimulationObserver {
    /// One record of one origin.
    struct Place: Hashable {
        var origin: NodeID
        var key: RecordKey
    }

    /// What an origin did with a record.
    struct Act: Hashable {
        var number: UInt64
        var isWithdrawal: Bool
    }

    /// What a node was told of a record last.
    struct Told {
        /// The act it is from.
        var number: UInt64
        var isThere: Bool
        /// The lives of the origin that the node may have been told it from; see ``lives(of:at:in:)``.
        var lives: ClosedRange<UInt64> = 0...0
    }

    /// Which life of an origin a node held when it was told something of it last.
    private struct Held {
        /// Before and after the event.
        var before, after: UInt64
        /// The number of the event.
        var event: Int
    }

    private struct Heard {
        var state: MemberState
        var incarnation: Incarnation
    }

    /// What was noticed, in order of time; at most ``maximumViolations``.
    public private(set) var violations: [Violation] = []
    /// The alarms raised so far.
    public private(set) var alarms: [(node: Int, alarm: GossipAlarm)] = []
    /// How many times nodes were told of the death of one that runs, by the one that runs.
    public private(set) var falseDeaths: [Int: Int] = [:]
    /// How long writes and deaths took to get to each of the nodes that were told of them.
    public private(set) var writeTimes = Times()
    public private(set) var deathTimes = Times()

    private var acts: [Place: [Act]] = [:]
    /// Keys an origin ever wrote, in the order of their first write.
    private var keys: [NodeID: [RecordKey]] = [:]
    /// By node.
    private var told: [[Place: Told]] = []
    private var heard: [[NodeID: Heard]] = []
    private var writtenAt: [UInt64: Instant] = [:]
    private var crashedAt: [NodeID: Instant] = [:]
    private var lastNumber: UInt64 = 0
    /// The number that was the last when an origin was started last.
    private var startedAfter: [NodeID: UInt64] = [:]
    /// The number that was the last when an origin was started for each of its lives.
    private var beginnings: [NodeID: [UInt64: UInt64]] = [:]
    /// Origins that were started from an old image of their disk.
    private var rewound: Set<NodeID> = []
    /// By node, for those origins.
    private var held: [[NodeID: Held]] = []
    /// When each node last started, by node.
    private var startedAt: [Instant] = []

    /// How long a node must have run before it counts in ``writeTimes`` and ``deathTimes``: before that it is still joining.
    static var settlingTime: Duration { .seconds(3) }

    /// The most violations kept of one run.
    public static var maximumViolations: Int { 32 }

    public init() {}

    // MARK: What agents do

    /// An agent is going to publish a record; the number of the write.
    func write(_ key: RecordKey, of origin: NodeID, at now: Instant) -> UInt64 {
        lastNumber += 1
        append(Act(number: lastNumber, isWithdrawal: false), key, origin)
        writtenAt[lastNumber] = now
        return lastNumber
    }

    /// An agent is going to withdraw a record, or doesn't publish it again after a restart.
    func withdraw(_ key: RecordKey, of origin: NodeID) {
        lastNumber += 1
        append(Act(number: lastNumber, isWithdrawal: true), key, origin)
    }

    private func append(_ act: Act, _ key: RecordKey, _ origin: NodeID) {
        let place = Place(origin: origin, key: key)
        if acts[place] == nil { keys[origin, default: []].append(key) }
        acts[place, default: []].append(act)
    }

    /// The records an origin has, with the number of the last write, in the order of their first one.
    func records(of origin: NodeID) -> [(key: RecordKey, number: UInt64)] {
        (keys[origin] ?? []).compactMap { key in
            guard let last = acts[Place(origin: origin, key: key)]?.last, !last.isWithdrawal else { return nil }
            return (key, last.number)
        }
    }

    /// A node begins a new life: it has forgotten all that it was told.
    func nodeStarted(_ node: Int, _ id: NodeID, _ memory: RestartMemory, in simulation: Simulation) {
        while told.count <= node {
            told.append([:])
            heard.append([:])
            held.append([:])
            startedAt.append(simulation.now)
        }
        (told[node], heard[node], held[node], startedAt[node]) = ([:], [:], [:], simulation.now)
        crashedAt[id] = nil
        lastNumber += 1
        startedAfter[id] = lastNumber
        beginnings[id, default: [:]][simulation.life(of: id, at: node)] = lastNumber
        if memory == .stale { rewound.insert(id) }
    }

    /// The lives of an origin from the one that a node held before the present event to the one that it holds after it; of origins that
    /// were never started from an old image of their disk it is not looked at.
    private func lives(of origin: NodeID, at node: Int, in simulation: Simulation) -> ClosedRange<UInt64> {
        guard rewound.contains(origin) else { return 0...0 }
        let after = simulation.life(of: origin, at: node)
        var held = self.held[node][origin] ?? Held(before: 0, after: 0, event: 0)
        if held.event != simulation.eventCount { (held.before, held.event) = (held.after, simulation.eventCount) }
        held.after = max(held.before, after)
        self.held[node][origin] = held
        return held.before...held.after
    }

    /// Whether a node may be told something older than before: it went over to a life of the origin that counts as later and began
    /// earlier, because the later start was from an old image of the disk and has not yet heard of the earlier one.
    private func isOverruled(_ before: Told, by lives: ClosedRange<UInt64>, of origin: NodeID) -> Bool {
        guard let beginnings = beginnings[origin], let present = beginnings[lives.upperBound] else { return false }
        return beginnings.contains { life, beginning in
            before.lives.contains(life) && life < lives.upperBound && beginning > present
        }
    }

    /// A node has crashed.
    func nodeCrashed(_ id: NodeID, at now: Instant) { crashedAt[id] = now }

    private func wasSettled(_ node: Int, _ now: Instant) -> Bool { startedAt[node].advanced(by: Self.settlingTime) <= now }

    // MARK: What nodes are told

    public func recordChanged(
        _ origin: NodeID, _ key: RecordKey, _ value: RecordValue?, at node: Int, in simulation: Simulation
    ) {
        guard origin != simulation.id(of: node) else { return }
        let place = Place(origin: origin, key: key)
        let before = told[node][place]
        let known = acts[place] ?? []
        let lives = lives(of: origin, at: node, in: simulation)
        if let value {
            guard let number = Content.write(key, value), known.contains(Act(number: number, isWithdrawal: false)) else {
                note(.invented, "\(name(node)) is told \(key) of \(name(origin, simulation)), which nobody wrote", simulation)
                return
            }
            if let before, number < before.number, !isOverruled(before, by: lives, of: origin) {
                note(
                    .resurrected,
                    "\(name(node)) is told write \(number) of \(key) of \(name(origin, simulation)) after \(before.number)",
                    simulation)
            }
            told[node][place] = Told(number: number, isThere: true, lives: lives)
            if let at = writtenAt[number], wasSettled(node, at), simulation.node(origin).map({ wasSettled($0, at) }) ?? false {
                writeTimes.add(at.duration(to: simulation.now))
            }
        } else if let before,
            before.number < startedAfter[origin] ?? 0 || isReplaced(origin, simulation)
                || isOverruled(before, by: lives, of: origin)
        {
            // A start of its origin may end what an earlier one said, until it is said again; and of two identities of a host that
            // don't run, either may take the other's place as the news of their deaths come in.
            told[node][place] = Told(number: before.number, isThere: false, lives: lives)
        } else {
            guard let withdrawal = known.first(where: { $0.isWithdrawal && $0.number > before?.number ?? 0 }) else {
                note(
                    .lost,
                    "\(name(node)) is told that \(key) of \(name(origin, simulation)) is gone, which nobody withdrew since",
                    simulation)
                return
            }
            told[node][place] = Told(number: withdrawal.number, isThere: false, lives: lives)
        }
    }

    public func memberChanged(
        _ id: NodeID, _ state: MemberState, _ incarnation: Incarnation, at node: Int, in simulation: Simulation
    ) {
        if let before = heard[node][id], id != simulation.id(of: node),
            incarnation < before.incarnation || incarnation == before.incarnation && state < before.state
        {
            note(
                .incarnation,
                "\(name(node)) is told \(name(id, simulation)) is \(state) in \(incarnation) after \(before.state) in \(before.incarnation)",
                simulation)
        }
        let isRepetition = heard[node][id].map { $0.state == state } ?? false
        heard[node][id] = Heard(state: state, incarnation: incarnation)
        guard state == .dead, !isRepetition else { return }
        if let other = simulation.node(id), simulation.id(of: other) == id, simulation.isRunning(other),
            simulation.epoch(of: other) == incarnation.epoch
        {
            falseDeaths[other, default: 0] += 1
            guard !simulation.isPaused(other) else { return }
            note(.falseDeath, "\(name(node)) is told \(name(other)) is dead in \(incarnation)", simulation)
        } else if let at = crashedAt[id], wasSettled(node, at) {
            deathTimes.add(at.duration(to: simulation.now))
        }
    }

    public func alarmRaised(_ alarm: GossipAlarm, at node: Int, in simulation: Simulation) {
        alarms.append((node, alarm))
        guard case .epochRecovered = alarm else { return }
        // The same start goes on as another life.
        let id = simulation.id(of: node)
        beginnings[id, default: [:]][simulation.life(of: id, at: node)] = startedAfter[id]
    }

    private func isReplaced(_ origin: NodeID, _ simulation: Simulation) -> Bool {
        guard let node = simulation.node(origin), simulation.disks(of: node) > 0 else { return false }
        return simulation.id(of: node) != origin || !simulation.isRunning(node)
    }

    // MARK: What must be so in the end

    /// Where what running nodes were told, and hold, differs from what running agents have; empty when all is well.
    func differences(in simulation: Simulation) -> [String] {
        var differences: [String] = []
        let running = simulation.running
        for other in running {
            let origin = simulation.id(of: other)
            let truth = records(of: origin)
            for node in running where node != other {
                var held: [RecordKey: UInt64] = [:]
                for record in simulation[node].records(of: origin) {
                    held[record.key] = Content.write(record.key, record.value) ?? 0
                }
                for (key, number) in truth {
                    let heard = told[node][Place(origin: origin, key: key)]
                    let isTold = heard.map { $0.isThere && $0.number == number } ?? false
                    if !isTold || held[key] != number {
                        let hears = heard.map { $0.isThere ? "told \($0.number)" : "told it is gone" } ?? "told nothing"
                        differences.append(
                            "\(name(node)) has \(held[key].map { "write \($0)" } ?? "nothing") of \(key) of \(name(other)), was \(hears), instead of \(number)"
                        )
                    }
                    held[key] = nil
                }
                if !held.isEmpty {
                    let left = held.keys.sorted().map { "\($0)" }.joined(separator: ", ")
                    differences.append("\(name(node)) has \(left) of \(name(other)), which is withdrawn")
                }
                if differences.count > 8 { return differences }
            }
        }
        return differences
    }

    /// Notes a violation.
    func note(_ kind: Violation.Kind, _ text: @autoclosure () -> String, _ simulation: Simulation) {
        guard violations.count < Self.maximumViolations || !violations.contains(where: { $0.kind == kind }) else { return }
        violations.append(Violation(kind: kind, at: simulation.elapsed, text: text()))
    }

    private func name(_ node: Int) -> String { "n\(node)" }
    private func name(_ id: NodeID, _ simulation: Simulation) -> String {
        guard let node = simulation.node(id) else { return "\(id)" }
        return simulation.id(of: node) == id ? "n\(node)" : "the earlier n\(node)"
    }
}
