import WeftTypes

/// One agent's part in committing revisions across a fabric: proposer, voter and follower in one pure state machine.
///
/// It is told what the others say (``RevisionNews``), the time and what the operator wants; its effects are to be carried out in
/// order: what it saves is on disk before what it publishes is sent. <doc:FabricCommit> tells the protocol and why it holds.
public struct RevisionCommit: Sendable {
    /// What happens to it.
    public enum Input: Sendable {
        /// A node tells this now; nil when it is forgotten.
        case news(TopologyName, RevisionNews?)
        /// Whether a node is there.
        case presence(TopologyName, Bool)
        /// What was asked for by ``Effect/obtain(_:from:)``.
        case obtained(ExaminedRevision)
        /// It can't be had now.
        case notObtained(RevisionID)
        /// The operator proposes this revision, to all of these hosts, or with `isPartial` to those of them that are there.
        case propose(ExaminedRevision, to: [TopologyName], isPartial: Bool)
        /// The operator keeps what was proposed here.
        case confirm
        /// The operator ends a doubt.
        case resolve(isCommitted: Bool)
        /// This host alone follows another file, or the fabric again (nil).
        case override(RevisionStamp?)
        /// Time may have passed.
        case tick
    }

    /// What is to be done.
    public enum Effect: Hashable, Sendable {
        /// Write this to disk before anything that follows.
        case save(SavedRevisions)
        /// Tell everybody.
        case publish(RevisionNews)
        /// Get the content, from one of these, and examine it.
        case obtain(RevisionStamp, from: [TopologyName])
        /// Make the host what this says; nil is the file the agent was given.
        case run(RevisionStamp?)
        /// What came of this node's proposal with that number.
        case outcome(serial: UInt64, Outcome)
        /// Two revisions hold that do not continue each other.
        case conflict(TopologyName, RevisionStamp)
        /// Call with ``Input/tick`` at this moment; replaces what was asked for before.
        case wake(at: Instant)
    }

    /// What came of a proposal.
    public enum Outcome: Hashable, Sendable {
        /// It holds; these hosts were not there and follow when they return.
        case committed(without: [TopologyName])
        /// It never held.
        case aborted(String)
    }

    /// How long votes are awaited.
    public static let voteTimeout = Duration.seconds(10)
    /// How soon content is asked for again that could not be had.
    public static let retryInterval = Duration.seconds(1)
    /// Headers of revisions that are kept.
    private static let examinedLimit = 64
    /// Conflicts that are told of.
    private static let conflictLimit = 64

    /// This host's name.
    public let host: TopologyName
    /// What is on disk.
    public private(set) var saved: SavedRevisions
    /// What this node tells the others.
    public private(set) var told = RevisionNews()
    private var others: [TopologyName: RevisionNews] = [:]
    private var present: Set<TopologyName> = []
    private var examined: [ExaminedRevision] = []
    /// What was asked for and did not come yet.
    private var awaited: Set<RevisionID> = []
    private var retryAt: Instant?
    private var objection: RevisionNews.Vote?
    private var ballot: Ballot?
    private var confirmDeadline: Instant?
    private var conflicts: Set<RevisionID> = []
    private var effects: [Effect] = []

    /// Votes being gathered.
    private struct Ballot: Sendable {
        var voters: [TopologyName]
        var isPartial: Bool
        var deadline: Instant
    }

    /// Goes on where `saved` stopped; what this node had proposed and not decided is aborted (nobody can have been told otherwise).
    ///
    /// - Parameters:
    ///   - confirmTime: how long an unconfirmed revision may still run.
    ///   - running: the content of the revision that runs, which tells what it continues.
    public init(
        host: TopologyName, saved: SavedRevisions = SavedRevisions(), running: ExaminedRevision? = nil,
        confirmTime: Duration? = nil, now: Instant, into effects: inout [Effect]
    ) {
        self.host = host
        self.saved = saved
        if let running { examined = [running] }
        if saved.current != nil, !saved.isConfirmed { confirmDeadline = now.advanced(by: confirmTime ?? .zero) }
        if saved.proposal?.phase == .proposed {
            self.saved.proposal?.phase = .aborted
            if self.saved.promise?.proposer == host { self.saved.promise = nil }
            save()
        }
        finish(now, into: &effects, isFirst: true)
    }

    /// Takes in one input and appends what is to be done.
    public mutating func handle(_ input: Input, now: Instant, into effects: inout [Effect]) {
        switch input {
        case .news(let name, let news):
            guard name != host else { break }
            others[name] = news
            if let news { consider(news, of: name, now) }
        case .presence(let name, let isPresent):
            if isPresent { present.insert(name) } else { present.remove(name) }
        case .obtained(let revision):
            awaited.remove(revision.stamp.id)
            remember(revision)
            considerAll(now)
        case .notObtained(let id):
            awaited.remove(id)
            retryAt = now.advanced(by: Self.retryInterval)
        case .propose(let revision, let voters, let isPartial): propose(revision, to: voters, isPartial: isPartial, now)
        case .confirm: confirm()
        case .resolve(let isCommitted): resolve(isCommitted, now)
        case .override(let stamp):
            saved.override = stamp
            save()
            self.effects.append(.run(stamp ?? saved.current))
        case .tick: break
        }
        if let retryAt, now >= retryAt {
            self.retryAt = nil
            considerAll(now)
        }
        if let confirmDeadline, now >= confirmDeadline { takeBack() }
        count(now)
        finish(now, into: &effects)
    }

    private mutating func finish(_ now: Instant, into effects: inout [Effect], isFirst: Bool = false) {
        let news = RevisionNews(
            current: saved.current.map { .init($0, isConfirmed: saved.isConfirmed) }, isOverridden: saved.override != nil,
            vote: saved.promise.map { .init($0.stamp.id) } ?? objection, proposal: saved.proposal)
        effects += self.effects
        self.effects = []
        if news != told || isFirst && news != RevisionNews() {
            told = news
            // What was saved is on disk before; what comes of it for the operator or the host may as well come after.
            let place = effects.lastIndex { if case .save = $0 { true } else { false } }.map { $0 + 1 } ?? effects.startIndex
            effects.insert(.publish(news), at: place)
        }
        if let wake = [ballot?.deadline, confirmDeadline, retryAt].compactMap({ $0 }).min() { effects.append(.wake(at: wake)) }
    }

    private mutating func save() { effects.append(.save(saved)) }

    // MARK: Content

    private func examined(_ id: RevisionID) -> ExaminedRevision? { examined.first { $0.stamp.id == id } }

    private mutating func remember(_ revision: ExaminedRevision) {
        examined.removeAll { $0.stamp.id == revision.stamp.id }
        examined.append(revision)
        guard examined.count > Self.examinedLimit else { return }
        if let index = examined.firstIndex(where: { $0.stamp.id != saved.current?.id }) { examined.remove(at: index) }
    }

    /// The content, if it is here; else it is asked for, of `name` and of all who run it.
    private mutating func content(_ stamp: RevisionStamp, of name: TopologyName) -> ExaminedRevision? {
        if let known = examined(stamp.id) { return known }
        guard awaited.insert(stamp.id).inserted else { return nil }
        let sources = others.filter { $0.key != name && $0.value.current?.stamp.id == stamp.id }.keys.sorted()
        effects.append(.obtain(stamp, from: [name] + sources.prefix(3)))
        return nil
    }

    // MARK: What others say

    private mutating func considerAll(_ now: Instant) {
        for (name, news) in others.sorted(by: { $0.key < $1.key }) { consider(news, of: name, now) }
    }

    private mutating func consider(_ news: RevisionNews, of name: TopologyName, _ now: Instant) {
        if let proposal = news.proposal { consider(proposal, of: name, now) }
        if let promise = saved.promise, promise.proposer == name, promise.serial < news.proposal?.serial ?? 0,
            news.current?.stamp.id != promise.stamp.id
        {
            // Whoever proposes anew has decided about the one before, and does not run it.
            dropPromise()
        }
        if let current = news.current { consider(current, of: name, now) }
    }

    private mutating func consider(_ proposal: RevisionNews.Proposal, of name: TopologyName, _ now: Instant) {
        let id = proposal.stamp.id
        let isPromised = saved.promise?.stamp.id == id
        switch proposal.phase {
        case .proposed: if !isPromised { vote(on: proposal, of: name) }
        case .committed:
            if isPromised { adopt(proposal.stamp, confirmSeconds: proposal.confirmSeconds, now) }
        case .confirmed:
            if isPromised { adopt(proposal.stamp, confirmSeconds: 0, now) }
            if saved.current?.id == id { keep() }
            follow(proposal.stamp, of: name, now)
        case .aborted: if isPromised { dropPromise() }
        case .reverted:
            if isPromised { dropPromise() }
            if saved.current?.id == id, !saved.isConfirmed { takeBack() }
        }
        if proposal.phase != .proposed, objection?.id == id { objection = nil }
    }

    private mutating func consider(_ current: RevisionNews.Current, of name: TopologyName, _ now: Instant) {
        let stamp = current.stamp
        if saved.promise?.stamp.id == stamp.id {
            // Somebody runs it, so it was decided.
            let seconds = current.isConfirmed ? 0 : examined(stamp.id)?.header.confirmSeconds ?? 0
            adopt(stamp, confirmSeconds: seconds, now)
        } else if current.isConfirmed {
            if saved.current?.id == stamp.id { keep() }
            follow(stamp, of: name, now)
        }
    }

    /// Answers a proposal, once its content is here.
    private mutating func vote(on proposal: RevisionNews.Proposal, of name: TopologyName) {
        let stamp = proposal.stamp
        guard objection?.id != stamp.id, let content = content(stamp, of: name) else { return }
        if let cause = obstacle(to: content) {
            objection = .init(stamp.id, objection: cause)
        } else {
            objection = nil
            saved.promise = .init(stamp: stamp, proposer: name, serial: proposal.serial)
            save()
        }
    }

    /// Why this host can't go along.
    private func obstacle(to content: ExaminedRevision) -> String? {
        if let problem = content.problem { return problem }
        if let promise = saved.promise { return "it is in doubt about \(promise.stamp) from \(promise.proposer)" }
        guard let current = saved.current else { return nil }
        guard current.id == content.header.base else {
            return "it runs \(current) (\(current.id.short)), on which this does not build"
        }
        return saved.isConfirmed ? nil : "its \(current) waits to be confirmed"
    }

    private mutating func dropPromise() {
        saved.promise = nil
        save()
    }

    /// Goes on to a revision that holds for good, if that continues what runs here.
    private mutating func follow(_ stamp: RevisionStamp, of name: TopologyName, _ now: Instant) {
        guard stamp.id != saved.current?.id, saved.promise == nil else { return }
        if let current = saved.current, stamp.number <= current.number {
            if let known = examined(current.id)?.header, known.reaches(stamp.number), !known.continues(stamp.id) {
                alarm(name, stamp)
            }
            return
        }
        guard let content = content(stamp, of: name) else { return }
        if let current = saved.current, content.header.reaches(current.number), !content.header.continues(current.id) {
            return alarm(name, stamp)
        }
        guard content.problem == nil else { return }
        adopt(stamp, confirmSeconds: 0, now)
    }

    private mutating func alarm(_ name: TopologyName, _ stamp: RevisionStamp) {
        guard conflicts.count < Self.conflictLimit, conflicts.insert(stamp.id).inserted else { return }
        effects.append(.conflict(name, stamp))
    }

    // MARK: What runs here

    private mutating func adopt(_ stamp: RevisionStamp, confirmSeconds: UInt32, _ now: Instant) {
        guard saved.current?.id != stamp.id else {
            if saved.promise != nil { dropPromise() }
            return
        }
        saved.fallback = saved.current
        saved.current = stamp
        saved.isConfirmed = confirmSeconds == 0
        saved.promise = nil
        saved.override = nil
        confirmDeadline = confirmSeconds == 0 ? nil : now.advanced(by: .seconds(Int64(confirmSeconds)))
        save()
        effects.append(.run(stamp))
    }

    /// The revision that runs stays.
    private mutating func keep() {
        guard !saved.isConfirmed else { return }
        saved.isConfirmed = true
        saved.fallback = nil
        confirmDeadline = nil
        save()
    }

    /// Returns to the revision before: the one that runs was not confirmed.
    private mutating func takeBack() {
        confirmDeadline = nil
        guard !saved.isConfirmed, let current = saved.current else { return }
        if saved.proposal?.stamp.id == current.id { saved.proposal?.phase = .reverted }
        saved.current = saved.fallback
        saved.fallback = nil
        saved.isConfirmed = true
        save()
        effects.append(.run(saved.override ?? saved.current))
    }

    // MARK: Proposing

    private mutating func propose(
        _ content: ExaminedRevision, to voters: [TopologyName], isPartial: Bool, _ now: Instant
    ) {
        let serial = (saved.proposal?.serial ?? 0) + 1
        let others = voters.filter { $0 != host }.sorted()
        let absent = others.filter { !present.contains($0) }
        let cause =
            if ballot != nil {
                "another proposal of this host is being voted on"
            } else if let obstacle = obstacle(to: content) {
                obstacle
            } else if !isPartial, !absent.isEmpty {
                Self.sentence(absent, "is down", "are down")
            } else {
                nil as String?
            }
        guard cause == nil else { return effects.append(.outcome(serial: serial, .aborted(cause ?? ""))) }
        remember(content)
        saved.proposal = .init(
            serial: serial, stamp: content.stamp, phase: .proposed, confirmSeconds: content.header.confirmSeconds)
        saved.promise = .init(stamp: content.stamp, proposer: host, serial: serial)
        ballot = Ballot(voters: others, isPartial: isPartial, deadline: now.advanced(by: Self.voteTimeout))
        save()
    }

    /// Looks whether the votes suffice.
    private mutating func count(_ now: Instant) {
        guard let ballot, let proposal = saved.proposal, proposal.phase == .proposed else { return }
        let votes = ballot.voters.map { (name: $0, vote: others[$0]?.vote.flatMap { $0.id == proposal.stamp.id ? $0 : nil }) }
        for (name, vote) in votes {
            if let objection = vote?.objection { return abort("\(name): \(objection)") }
        }
        let missing = votes.filter { $0.vote == nil }.map(\.name)
        let isOver = now >= ballot.deadline
        if missing.isEmpty || ballot.isPartial && (isOver || missing.allSatisfy { !present.contains($0) }) {
            self.ballot = nil
            saved.proposal?.phase = .committed
            adopt(proposal.stamp, confirmSeconds: proposal.confirmSeconds, now)
            effects.append(.outcome(serial: proposal.serial, .committed(without: missing)))
        } else if isOver {
            abort(Self.sentence(missing, "did not answer", "did not answer"))
        }
    }

    private mutating func abort(_ cause: String) {
        guard let serial = saved.proposal?.serial else { return }
        ballot = nil
        saved.proposal?.phase = .aborted
        saved.promise = nil
        save()
        effects.append(.outcome(serial: serial, .aborted(cause)))
    }

    private mutating func confirm() {
        guard saved.proposal?.phase == .committed, saved.proposal?.stamp.id == saved.current?.id else { return }
        saved.proposal?.phase = .confirmed
        keep()
    }

    private mutating func resolve(_ isCommitted: Bool, _ now: Instant) {
        guard let promise = saved.promise, ballot == nil else { return }
        if isCommitted { adopt(promise.stamp, confirmSeconds: 0, now) } else { dropPromise() }
    }

    private static func sentence(_ names: [TopologyName], _ one: String, _ many: String) -> String {
        "\(names.map(\.text).joined(separator: ", ")) \(names.count == 1 ? one : many)"
    }
}
