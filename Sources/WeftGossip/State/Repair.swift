import WeftTypes

/// What one node asks of another so that both come to know the same: at most one conversation at a time, led by who is
/// asking; who answers keeps nothing.
///
/// 1. A root came that differs: it is answered with 64 sums.
/// 2. Who gets them lists the differing buckets of the other in pages, and sees line by line who knows more.
/// 3. Where the other does, deltas are pulled, a window at a time. Where this node does, it says so (``StatePart/offer``), and the
///    other pulls.
///
/// Whatever is lost is asked for again from where this node really is, so answers may come in any order, twice or not at all.
struct Repair {
    struct Session {
        var peer: NodeID
        /// Tells answers to the last question from those to earlier ones.
        var round: UInt32 = 0
        /// What is still to be listed of the other's digest; nil when that is done.
        var listing: DigestInterval?
        /// Pages of the list that came ahead of others, in order.
        var listedAhead: [DigestInterval] = []
        /// Where the last page of the answer to this question ends, once that is known.
        var listEnd: NodeID?
        /// What the other knows more of, in the order in which it is asked for.
        var needs: [DigestEntry] = []
        /// How many of them the question under way is about.
        var asked = 0
        /// Deltas that came since it was asked, and how many were sent, once that is known.
        var received = 0
        var sent: Int?
        /// How many of the requests were answered completely.
        var answered = 0
        /// Tries since anything came.
        var attempts = 0
        var deadline: Instant
        var hasLearnt = false
    }

    private(set) var session: Session?
    private var round: UInt32
    /// One that knew something else while this node was busy or had just been; it is told the root when there is time again.
    private var next: NodeID?
    /// When this node may lead again.
    private var notBefore: Instant?

    static var maximumNeeds: Int { 32768 }
    static var maximumAttempts: Int { 5 }
    /// How many others are told the root after this node has learnt by a repair: news run on by themselves.
    static var echoCount: Int { 2 }
    /// How long stragglers are waited for when the end of an answer has overtaken them.
    static var straggling: Duration { .milliseconds(4) }
    /// Time between the beginnings of two conversations led by a node: while much is new everywhere, many changes share one.
    static var interval: Duration { .milliseconds(100) }

    init(firstRound: UInt32) { round = firstRound }

    var nextDeadline: Instant? { session?.deadline ?? (next == nil ? nil : notBefore) }

    // MARK: Beginning

    /// Another's sums came: asks for what differs, unless this node is busy.
    mutating func compare(
        _ sums: [UInt64], from slot: Int, _ replica: Replica, _ membership: borrowing Membership, _ turn: inout Turn
    ) {
        let buckets = replica.differingBuckets(from: sums)
        guard buckets != 0 else { return }
        let peer = membership.table[slot].id
        guard mayBegin(with: peer, turn.now) else { return }
        var session = Session(peer: peer, deadline: turn.now)
        session.listing = DigestInterval(buckets: buckets)
        begin(session, replica, membership, &turn)
    }

    /// Another knows more of these: pulls them, after what this node is at if that is with the same one.
    mutating func take(
        offer needs: [DigestEntry], from slot: Int, _ replica: Replica, _ membership: borrowing Membership, _ turn: inout Turn
    ) {
        let peer = membership.table[slot].id
        guard !needs.isEmpty else { return }
        if var session, session.peer == peer {
            session.needs += needs.prefix(Self.maximumNeeds - session.needs.count)
            self.session = session
        } else if mayBegin(with: peer, turn.now) {
            begin(Session(peer: peer, needs: needs, deadline: turn.now), replica, membership, &turn)
        }
    }

    /// Whether there is time for another conversation; if not, the peer is remembered.
    private mutating func mayBegin(with peer: NodeID, _ now: Instant) -> Bool {
        if session == nil, notBefore.map({ $0 <= now }) ?? true { return true }
        if session?.peer != peer { next = peer }
        return false
    }

    private mutating func begin(
        _ session: Session, _ replica: Replica, _ membership: borrowing Membership, _ turn: inout Turn
    ) {
        turn.counters.count(.repairs)
        notBefore = turn.now.advanced(by: Self.interval)
        proceed(session, replica, membership, &turn)
    }

    /// Whether a root that differs is best left unanswered, because it comes from whom this node is comparing with.
    func isTalking(to slot: Int, _ membership: borrowing Membership) -> Bool { session?.peer == membership.table[slot].id }

    // MARK: Answers

    /// A page of the other's digest; `needs` are the lines of which it knows more.
    mutating func listed(
        _ page: DigestPage, needs: [DigestEntry], from slot: Int, _ replica: Replica, _ membership: borrowing Membership,
        _ turn: inout Turn
    ) {
        guard var session, session.peer == membership.table[slot].id, var listing = session.listing,
            session.round == page.round, page.covered.buckets == listing.buckets, page.covered.to >= listing.from,
            !session.listedAhead.contains(page.covered)
        else { return }
        session.attempts = 0
        session.needs += needs.prefix(Self.maximumNeeds - session.needs.count)
        let place = session.listedAhead.partitionPoint { $0.from < page.covered.from }
        session.listedAhead.insert(page.covered, at: place)
        if page.isLast { session.listEnd = page.covered.to }
        while let first = session.listedAhead.first, first.from <= listing.from {
            session.listedAhead.removeFirst()
            guard first.to < listing.to else {
                (session.listing, session.listedAhead) = (nil, [])
                proceed(session, replica, membership, &turn)
                return
            }
            listing.from = max(listing.from, first.to.successor)
        }
        session.listing = listing
        if let end = session.listEnd, end < listing.from {
            proceed(session, replica, membership, &turn)
        } else {
            self.session = session
        }
    }

    /// A delta came from a member; `isNews` if it told this node anything.
    mutating func received(
        isNews: Bool, from slot: Int, _ replica: Replica, _ membership: borrowing Membership, _ turn: inout Turn
    ) {
        guard session?.peer == membership.table[slot].id, session?.listing == nil else { return }
        session?.received += 1
        session?.attempts = 0
        if isNews { session?.hasLearnt = true }
        proceedIfComplete(replica, membership, &turn)
    }

    /// The other has sent all it will in answer to this question.
    mutating func ended(
        round: UInt32, sent: Int, answered: Int, from slot: Int, _ replica: Replica, _ membership: borrowing Membership,
        _ turn: inout Turn
    ) {
        guard session?.peer == membership.table[slot].id, session?.round == round, session?.listing == nil else { return }
        session?.sent = sent
        session?.answered = answered
        session?.attempts = 0
        session?.deadline = turn.now.advanced(by: Self.straggling)
        proceedIfComplete(replica, membership, &turn)
    }

    private mutating func proceedIfComplete(
        _ replica: Replica, _ membership: borrowing Membership, _ turn: inout Turn
    ) {
        guard var session, let sent = session.sent, session.received >= sent else { return }
        // What was answered completely and is still not known never will be by this one.
        session.needs.removeFirst(min(session.answered, session.asked, session.needs.count))
        proceed(session, replica, membership, &turn)
    }

    // MARK: Asking

    /// Asks the next question, or ends the session when nothing is left to ask.
    private mutating func proceed(
        _ session: Session, _ replica: Replica, _ membership: borrowing Membership, _ turn: inout Turn
    ) {
        var session = session
        if session.listing == nil { session.needs.removeAll { replica.difference(from: $0) != .behind } }
        guard session.listing != nil || !session.needs.isEmpty, let slot = membership.table.slot(of: session.peer),
            let address = membership.reach(slot)
        else {
            self.session = nil
            end(session, replica, membership, &turn)
            return
        }
        round &+= 1
        session.round = round
        (session.received, session.sent, session.answered, session.listEnd) = (0, nil, 0, nil)
        var body: [UInt8] = []
        body.append(bigEndian: round)
        if let listing = session.listing {
            listing.emit(into: &body)
            turn.outbox.add(StatePart.list.rawValue, to: address, byteCount: body.count) { $0.write(body) }
        } else {
            let room = turn.outbox.maximumBodyByteCount - body.count
            session.asked = min(room / DeltaRequest.byteCount, session.needs.count)
            for need in session.needs.prefix(session.asked) { replica.request(for: need).emit(into: &body) }
            turn.outbox.add(StatePart.pull.rawValue, to: address, byteCount: body.count) { $0.write(body) }
        }
        let patience = PushTree.patience(membership.table[slot].roundTrip, session.attempts)
        session.deadline = turn.now.advanced(by: patience * 2)
        self.session = session
    }

    /// What was learnt is news to others too: some at random are told the root.
    private mutating func end(
        _ session: Session, _ replica: Replica, _ membership: borrowing Membership, _ turn: inout Turn
    ) {
        guard session.hasLearnt else { return }
        for _ in 0..<Self.echoCount {
            let slot = Int.random(in: 0..<membership.table.count, using: &turn.random)
            guard slot != MemberTable.ownSlot, membership.table[slot].state.isPresent, membership.table[slot].id != session.peer
            else { continue }
            greet(slot, replica, membership, &turn)
        }
    }

    /// Tells another the root; if it knows something else it answers with its sums.
    private func greet(_ slot: Int, _ replica: Replica, _ membership: borrowing Membership, _ turn: inout Turn) {
        guard let address = membership.reach(slot) else { return }
        turn.outbox.add(StatePart.root.rawValue, to: address, byteCount: 8) { $0.write(replica.root) }
    }

    /// Asks again what was not answered in time.
    mutating func tick(_ replica: Replica, _ membership: borrowing Membership, _ turn: inout Turn) {
        guard var session else {
            guard let next, notBefore.map({ $0 <= turn.now }) ?? true else { return }
            self.next = nil
            if let slot = membership.table.slot(of: next) { greet(slot, replica, membership, &turn) }
            return
        }
        guard session.deadline <= turn.now else { return }
        session.attempts += 1
        session.listedAhead = []
        guard session.attempts <= Self.maximumAttempts else {
            turn.counters.count(.repairsGivenUp)
            self.session = nil
            end(session, replica, membership, &turn)
            return
        }
        proceed(session, replica, membership, &turn)
    }
}

/// A complete digest of an interval, as an answer to ``StatePart/list``.
///
///     | round (4) | flags (1): 1 last of the answer | interval (40) | n × entry (37) |
struct DigestPage: Hashable {
    var round: UInt32
    var isLast: Bool
    var covered: DigestInterval
    /// In the order of NodeIDs.
    var entries: [DigestEntry]

    static var headerByteCount: Int { 5 + DigestInterval.byteCount }

    init(round: UInt32, isLast: Bool, covered: DigestInterval, entries: [DigestEntry]) {
        self.round = round
        self.isLast = isLast
        self.covered = covered
        self.entries = entries
    }

    /// Reads a whole part.
    ///
    /// - Throws: `.truncated`; `.badValue` unless the entries ascend.
    init(parsing reader: inout ByteReader) throws(GossipFormatError) {
        round = try reader.integer()
        isLast = try reader.integer(UInt8.self) & 1 != 0
        covered = try DigestInterval(parsing: &reader)
        entries = []
        while !reader.isAtEnd {
            let entry = try DigestEntry(parsing: &reader)
            if let last = entries.last, last.origin >= entry.origin { throw .badValue }
            entries.append(entry)
        }
    }

    func emit(into bytes: inout [UInt8]) {
        bytes.append(bigEndian: round)
        bytes.append(isLast ? 1 : 0)
        covered.emit(into: &bytes)
        for entry in entries { entry.emit(into: &bytes) }
    }
}
