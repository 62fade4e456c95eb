import WeftTypes

/// Gets something to all nodes of a scope at once, hop by hop, each hop acknowledged (after HyParView's and Plumtree's idea of an
/// eager tree with lazy repair, but with a tree that is drawn anew for each push from the view at hand).
///
/// A node that has something for an interval of NodeIDs cuts the interval into as many parts as it has children and hands
/// each child one part to serve *from the child's own view*: so what only the child knows is served too, and a node
/// that knows a single other can reach all. No part contains the node that cut it, so every path ends. Up to
/// ``directLimit`` nodes are children directly, beyond that ``fanOut``. A hop that isn't acknowledged is repeated
/// after a time that follows the round trip, and given to another node of its interval if the child stays silent. What is lost
/// nevertheless is repaired by digests.
struct PushTree {
    /// One hop under way.
    struct Job {
        var push: Push
        var child: NodeID
        /// Others of the interval are known that the child has to serve.
        var isShared: Bool
        /// What this node itself has to tell; it is dropped last.
        var isOwn: Bool
        var attempts = 0
        var delegations = 0
    }

    /// Jobs by sequence number, the first one's being ``firstSequence``; nil once done.
    private var jobs: [Job?] = []
    /// When each is to be repeated, ``never`` once done: apart from the jobs, so that a look at thousands of them is cheap.
    private var deadlines: [Instant] = []
    private var firstSequence: UInt32
    private(set) var jobCount = 0
    private(set) var ownJobCount = 0
    private(set) var nextDeadline: Instant?
    /// Marks of pushes that have come lately, to tell repetitions; the older half goes when the newer one is full.
    private var recent: Set<UInt64> = []
    private var lessRecent: Set<UInt64> = []

    /// Up to this many nodes are served directly.
    static var directLimit: Int { 64 }
    /// How many children a node has beyond.
    static var fanOut: Int { 16 }
    /// The most hops under way; beyond, the oldest that are not this node's own are dropped.
    static var maximumJobs: Int { 8192 }
    /// How many hops for what this node itself has to tell are under way before more of it waits and is put together.
    static var ownJobLimit: Int { 1024 }
    static var recentCount: Int { 4096 }
    private static var never: Instant { Instant(nanoseconds: .max) }
    /// After so many tries another node is asked to serve the interval, so often.
    static var attemptsPerChild: Int { 3 }
    static var maximumDelegations: Int { 4 }
    /// Tries of a hop that can't be given to another.
    static var maximumAttempts: Int { 8 }

    init(firstSequence: UInt32) { self.firstSequence = firstSequence }

    // MARK: Sending

    /// Sends a payload to all known in an interval.
    mutating func send(
        _ payload: [UInt8], scope: PushScope, interval: RingInterval, isOwn: Bool, _ replica: Replica,
        _ membership: borrowing Membership, _ turn: inout Turn
    ) {
        let slots = Self.slots(scope, interval, replica, membership)
        guard !slots.isEmpty else { return }
        for part in Self.parts(of: interval, slots, membership.table) {
            let group = slots[part.range]
            let slot = Self.child(of: group, membership.table, &turn.random)
            let push = Push(sequence: 0, scope: scope, interval: part.interval, payload: payload)
            start(
                Job(push: push, child: membership.table[slot].id, isShared: group.count > 1, isOwn: isOwn),
                slot, membership, &turn)
        }
    }

    /// The present members of a scope in an interval but this node, in the order of the interval.
    private static func slots(
        _ scope: PushScope, _ interval: RingInterval, _ replica: Replica, _ membership: borrowing Membership
    ) -> [Int] {
        var slots: [Int] = []
        func add(_ slot: Int) {
            let entry = membership.table[slot]
            if slot != MemberTable.ownSlot, entry.state.isPresent, membership.reach(slot) != nil { slots.append(slot) }
        }
        let pieces =
            interval.from <= interval.to
            ? [(interval.from, interval.to)] : [(interval.from, NodeID.highest), (NodeID.lowest, interval.to)]
        for (from, to) in pieces {
            switch scope {
            case .everyone:
                var position = membership.table.position(notBelow: from)
                while position < membership.table.order.count {
                    let slot = Int(membership.table.order[position])
                    guard membership.table[slot].id <= to else { break }
                    add(slot)
                    position += 1
                }
            case .segment(let vni):
                guard let members = replica.segmentMembers[vni] else { break }
                for id in members[members.partitionPoint { $0 < from }...] {
                    guard id <= to else { break }
                    if let slot = membership.table.slot(of: id) { add(slot) }
                }
            }
        }
        return slots
    }

    /// Cuts an interval at this node, and what is left into as many parts as there are to be children.
    private static func parts(
        of interval: RingInterval, _ slots: [Int], _ table: MemberTable
    ) -> [(range: Range<Int>, interval: RingInterval)] {
        let own = table[MemberTable.ownSlot].id
        guard interval.contains(own) else { return cut(interval, 0..<slots.count, width(slots.count), slots, table) }
        let ownDistance = interval.distance(to: own)
        let middle = slots.partitionPoint { interval.distance(to: table[$0].id) < ownDistance }
        let width = width(slots.count)
        // Each side that has anybody gets its share of the children.
        let below = middle == 0 ? 0 : middle == slots.count ? width : max(1, min(width - 1, width * middle / slots.count))
        return cut(RingInterval(from: interval.from, to: own.predecessor), 0..<middle, below, slots, table)
            + cut(RingInterval(from: own.successor, to: interval.to), middle..<slots.count, width - below, slots, table)
    }

    private static func width(_ count: Int) -> Int { count <= directLimit ? count : fanOut }

    /// Cuts an interval in which the nodes of `range` are into `width` parts that cover it.
    private static func cut(
        _ interval: RingInterval, _ range: Range<Int>, _ width: Int, _ slots: [Int], _ table: MemberTable
    ) -> [(range: Range<Int>, interval: RingInterval)] {
        guard !range.isEmpty, width > 0 else { return [] }
        let starts = (0...width).map { range.lowerBound + range.count * $0 / width }
        return (0..<width).map { index in
            let from = index == 0 ? interval.from : table[slots[starts[index]]].id
            let to = index == width - 1 ? interval.to : table[slots[starts[index + 1]]].id.predecessor
            return (starts[index]..<starts[index + 1], RingInterval(from: from, to: to))
        }
    }

    /// One of a group, rather one that is not suspected.
    private static func child(of group: ArraySlice<Int>, _ table: MemberTable, _ random: inout SeededRandom) -> Int {
        var slot = group[group.startIndex]
        guard group.count > 1 else { return slot }
        for _ in 0..<3 {
            slot = group[group.startIndex + Int.random(in: 0..<group.count, using: &random)]
            if table[slot].state == .alive { break }
        }
        return slot
    }

    private mutating func start(_ job: Job, _ slot: Int, _ membership: borrowing Membership, _ turn: inout Turn) {
        if jobCount >= Self.maximumJobs { dropOldest(&turn) }
        var job = job
        job.push.sequence = firstSequence &+ UInt32(jobs.count)
        let deadline = transmit(&job, slot, membership, &turn)
        jobs.append(job)
        deadlines.append(deadline)
        jobCount += 1
        if job.isOwn { ownJobCount += 1 }
        nextDeadline = min(nextDeadline ?? deadline, deadline)
    }

    /// Sends a job's push; returns when it is to be repeated, which is at once if there is no way to its child.
    private func transmit(_ job: inout Job, _ slot: Int, _ membership: borrowing Membership, _ turn: inout Turn) -> Instant {
        guard let address = membership.reach(slot) else { return turn.now }
        var body: [UInt8] = []
        body.reserveCapacity(Push.headerByteCount + job.push.payload.count)
        job.push.emit(into: &body)
        turn.outbox.add(StatePart.push.rawValue, to: address, byteCount: body.count) { $0.write(body) }
        turn.counters.count(job.attempts == 0 ? .pushesSent : .pushesRepeated)
        defer { job.attempts += 1 }
        return turn.now.advanced(by: Self.patience(membership.table[slot].roundTrip, job.attempts))
    }

    /// How long an acknowledgement is waited for: some round trips, doubled with each try.
    static func patience(_ roundTrip: Duration?, _ attempts: Int) -> Duration {
        let base = roundTrip.map { min(max($0 * 3, .milliseconds(10)), .milliseconds(500)) } ?? .milliseconds(20)
        return min(base * (1 << min(attempts, 10)), .seconds(1))
    }

    private mutating func dropOldest(_ turn: inout Turn) {
        let index = jobs.firstIndex { $0.map { !$0.isOwn } ?? false } ?? deadlines.firstIndex { $0 != Self.never }
        guard let index else { return }
        finish(index)
        turn.counters.count(.pushesDropped)
    }

    // MARK: Acknowledging

    /// Whether a push of this sender comes for the first time.
    mutating func isNew(_ sequence: UInt32, from sender: NodeID, epoch: UInt32) -> Bool {
        var mark = UInt64(truncatingIfNeeded: sender.rawValue) ^ UInt64(truncatingIfNeeded: sender.rawValue >> 64)
        mark = (mark ^ UInt64(epoch) << 32 ^ UInt64(sequence)) &* 0x9E37_79B9_7F4A_7C15
        mark = (mark ^ mark >> 29) &* 0xBF58_476D_1CE4_E5B9
        guard !lessRecent.contains(mark), recent.insert(mark).inserted else { return false }
        if recent.count >= Self.recentCount { (lessRecent, recent) = (recent, []) }
        return true
    }

    /// A push has come to its child.
    mutating func acknowledged(_ sequence: UInt32, by child: NodeID) {
        let index = Int(sequence &- firstSequence)
        guard index < jobs.count, jobs[index]?.child == child else { return }
        finish(index)
    }

    private mutating func finish(_ index: Int) {
        finishKeepingPlace(index)
        if jobCount == 0 || index == 0 { trim() }
    }

    /// Drops what is done at the front, once that is half of all.
    private mutating func trim() {
        guard jobCount > 0 else {
            firstSequence &+= UInt32(jobs.count)
            deadlines.removeAll(keepingCapacity: jobs.count <= 256)
            jobs.removeAll(keepingCapacity: jobs.count <= 256)
            nextDeadline = nil
            return
        }
        let done = deadlines.firstIndex { $0 != Self.never } ?? jobs.count
        guard done >= jobs.count / 2 else { return }
        firstSequence &+= UInt32(done)
        jobs.removeFirst(done)
        deadlines.removeFirst(done)
    }

    // MARK: Repeating

    /// Repeats or hands on what was not acknowledged in time.
    mutating func tick(_ replica: Replica, _ membership: borrowing Membership, _ turn: inout Turn) {
        guard let due = nextDeadline, due <= turn.now else { return }
        nextDeadline = nil
        var toDelegate: [Job] = []
        for index in jobs.indices {
            let deadline = deadlines[index]
            guard deadline <= turn.now, var job = jobs[index] else {
                if deadline != Self.never { nextDeadline = min(nextDeadline ?? deadline, deadline) }
                continue
            }
            let slot = membership.table.slot(of: job.child)
            let isPresent = slot.map { membership.table[$0].state.isPresent } ?? false
            if job.isShared, !isPresent || job.attempts >= Self.attemptsPerChild {
                finishKeepingPlace(index)
                toDelegate.append(job)
            } else if let slot, isPresent, job.attempts < Self.maximumAttempts {
                let deadline = transmit(&job, slot, membership, &turn)
                jobs[index] = job
                deadlines[index] = deadline
                nextDeadline = min(nextDeadline ?? deadline, deadline)
            } else {
                finishKeepingPlace(index)
                turn.counters.count(.pushesGivenUp)
            }
        }
        trim()
        for job in toDelegate { delegate(job, replica, membership, &turn) }
    }

    private mutating func finishKeepingPlace(_ index: Int) {
        guard let isOwn = jobs[index]?.isOwn else { return }
        jobCount -= 1
        if isOwn { ownJobCount -= 1 }
        jobs[index] = nil
        deadlines[index] = Self.never
    }

    /// Gives the interval of a silent child to another node of it; that one will try the silent one too.
    private mutating func delegate(
        _ job: Job, _ replica: Replica, _ membership: borrowing Membership, _ turn: inout Turn
    ) {
        let slots = Self.slots(job.push.scope, job.push.interval, replica, membership)
            .filter { membership.table[$0].id != job.child }
        guard !slots.isEmpty, job.delegations < Self.maximumDelegations else {
            turn.counters.count(.pushesGivenUp)
            return
        }
        let slot = Self.child(of: slots[...], membership.table, &turn.random)
        turn.counters.count(.pushesDelegated)
        start(
            Job(
                push: job.push, child: membership.table[slot].id, isShared: true, isOwn: job.isOwn,
                delegations: job.delegations + 1),
            slot, membership, &turn)
    }
}
