import WeftTypes

@testable import WeftTopology

/// Some hosts that commit revisions among each other in virtual time: news and content travel with random delays, hosts stop
/// between any two effects and come back with what they had saved, and links between them are cut.
struct CommitFabric {
    struct Node {
        var name: TopologyName
        var machine: RevisionCommit
        var saved = SavedRevisions()
        var contents: [RevisionID: Revision] = [:]
        /// What it made its host, last.
        var runs: RevisionStamp?
        var isUp = true
        /// When it goes on after a stop.
        var effectCount = 0
        var outcomes: [RevisionCommit.Outcome] = []
        var conflicts = 0
        var objection: String?
        var confirmDeadline: Instant?
    }

    private enum Event {
        case news(from: Int, to: Int)
        case obtain(Int, RevisionStamp, from: [TopologyName])
        case wake(Int)
        case restart(Int)
    }

    var nodes: [Node] = []
    var now = Instant(nanoseconds: 0)
    var random: SeededRandom
    private var queue: [(at: Instant, order: Int, event: Event)] = []
    private var orderCount = 0
    /// What each node's records say, as gossip would repair it.
    private var records: [RevisionNews]
    var cuts: Set<[Int]> = []
    /// Stops this node just before its effect of this number.
    var stop: (node: Int, effect: Int)?
    var downTime = Duration.seconds(30)

    init(count: Int, seed: UInt64) throws {
        random = SeededRandom(seed: seed)
        records = Array(repeating: RevisionNews(), count: count)
        for index in 0..<count {
            guard let name = TopologyName("h\(index)") else { throw CommitFabricError() }
            var effects: [RevisionCommit.Effect] = []
            let machine = RevisionCommit(host: name, now: now, into: &effects)
            nodes.append(Node(name: name, machine: machine))
        }
        for index in 0..<count { tellPresence(of: index) }
    }

    var names: [TopologyName] { nodes.map(\.name) }

    private mutating func at(_ delay: Duration, _ event: Event) {
        orderCount += 1
        queue.append((now.advanced(by: delay), orderCount, event))
    }

    private func areConnected(_ left: Int, _ right: Int) -> Bool { !cuts.contains([min(left, right), max(left, right)]) }

    private mutating func tellPresence(of index: Int) {
        for other in nodes.indices where other != index {
            let isThere = nodes[index].isUp && areConnected(index, other)
            if nodes[other].isUp { input(.presence(nodes[index].name, isThere), to: other) }
            if nodes[index].isUp {
                input(.presence(nodes[other].name, nodes[other].isUp && areConnected(index, other)), to: index)
            }
        }
    }

    mutating func input(_ input: RevisionCommit.Input, to index: Int) {
        guard nodes[index].isUp else { return }
        var effects: [RevisionCommit.Effect] = []
        nodes[index].machine.handle(input, now: now, into: &effects)
        perform(effects, of: index)
    }

    private mutating func perform(_ effects: [RevisionCommit.Effect], of index: Int) {
        for effect in effects {
            if case .wake = effect {} else { nodes[index].effectCount += 1 }
            if let stop, stop.node == index, stop.effect == nodes[index].effectCount {
                self.stop = nil
                crash(index)
                return
            }
            switch effect {
            case .save(let saved):
                if !saved.isConfirmed, nodes[index].saved.isConfirmed {
                    nodes[index].confirmDeadline = now.advanced(by: .seconds(60))
                }
                nodes[index].saved = saved
            case .publish(let news):
                records[index] = news
                for other in nodes.indices where other != index { at(delay(), .news(from: index, to: other)) }
            case .obtain(let stamp, let sources): at(delay(), .obtain(index, stamp, from: sources))
            case .run(let stamp): nodes[index].runs = stamp
            case .outcome(_, let outcome): nodes[index].outcomes.append(outcome)
            case .conflict: nodes[index].conflicts += 1
            case .wake(let moment): at(max(.zero, now.duration(to: moment)), .wake(index))
            }
        }
    }

    private mutating func delay() -> Duration { .milliseconds(Int.random(in: 1...40, using: &random)) }

    mutating func crash(_ index: Int) {
        nodes[index].isUp = false
        tellPresence(of: index)
        at(downTime, .restart(index))
    }

    private mutating func restart(_ index: Int) {
        nodes[index].isUp = true
        records[index] = RevisionNews()
        var effects: [RevisionCommit.Effect] = []
        let saved = nodes[index].saved
        let running = saved.current.flatMap { nodes[index].contents[$0.id] }.map { ExaminedRevision($0) }
        let remaining = nodes[index].confirmDeadline.map { max(.zero, now.duration(to: $0)) }
        nodes[index].machine = RevisionCommit(
            host: nodes[index].name, saved: saved, running: running, confirmTime: remaining, now: now, into: &effects)
        nodes[index].runs = saved.ruling
        perform(effects, of: index)
        tellPresence(of: index)
        for other in nodes.indices where other != index { at(delay(), .news(from: other, to: index)) }
    }

    /// Cuts or heals a link.
    mutating func setCut(_ left: Int, _ right: Int, _ isCut: Bool) {
        if isCut {
            cuts.insert([min(left, right), max(left, right)])
        } else {
            cuts.remove([min(left, right), max(left, right)])
        }
        tellPresence(of: left)
        tellPresence(of: right)
        for (from, to) in [(left, right), (right, left)] { at(delay(), .news(from: from, to: to)) }
    }

    /// A revision on top of what `index` runs, kept there.
    mutating func revision(of index: Int, confirm: UInt32 = 0, text: String) -> ExaminedRevision {
        let base = nodes[index].saved.current
        let before = base.flatMap { nodes[index].contents[$0.id] }
        let ancestors = before.map { ([$0.base].compactMap { $0 }) + $0.ancestors } ?? []
        let revision = Revision(
            number: (base?.number ?? 0) + 1, proposer: nodes[index].name, time: 0, base: base?.id, ancestors: ancestors,
            confirmSeconds: confirm, note: text, file: Array(text.utf8))
        nodes[index].contents[revision.stamp.id] = revision
        return ExaminedRevision(revision)
    }

    mutating func propose(from index: Int, confirm: UInt32 = 0, isPartial: Bool = false, text: String = "a file") -> RevisionStamp
    {
        let content = revision(of: index, confirm: confirm, text: text)
        input(.propose(content, to: names, isPartial: isPartial), to: index)
        return content.stamp
    }

    /// Lets time pass; calls `look` after every event.
    mutating func run(for time: Duration, look: (CommitFabric) -> Void = { _ in }) {
        let end = now.advanced(by: time)
        while let index = queue.indices.min(by: { (queue[$0].at, queue[$0].order) < (queue[$1].at, queue[$1].order) }),
            queue[index].at <= end
        {
            let (moment, _, event) = queue.remove(at: index)
            now = max(now, moment)
            handle(event)
            look(self)
        }
        now = end
    }

    private mutating func handle(_ event: Event) {
        switch event {
        case .news(let from, let to):
            if areConnected(from, to) { input(.news(nodes[from].name, records[from]), to: to) }
        case .obtain(let index, let stamp, let sources):
            let source = nodes.indices.first { other in
                sources.contains(nodes[other].name) && nodes[other].isUp && areConnected(index, other)
                    && nodes[other].contents[stamp.id] != nil
            }
            guard nodes[index].isUp else { return }
            if let revision = nodes[index].contents[stamp.id] ?? source.flatMap({ nodes[$0].contents[stamp.id] }) {
                nodes[index].contents[stamp.id] = revision
                input(.obtained(ExaminedRevision(revision, problem: nodes[index].objection)), to: index)
            } else {
                input(.notObtained(stamp.id), to: index)
            }
        case .wake(let index): input(.tick, to: index)
        case .restart(let index): restart(index)
        }
    }

    var runs: Set<RevisionStamp?> { Set(nodes.map(\.runs)) }
    var isAnyInDoubt: Bool { nodes.contains { $0.saved.promise != nil } }
}

struct CommitFabricError: Error {}
