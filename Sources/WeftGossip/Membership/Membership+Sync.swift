import WeftTypes

/// One comparison of this node's view with another's, begun here; one at a time.
///
/// The other sends its members bucket by bucket in pages, each the whole of an interval of NodeIDs, some at a time as asked
/// for; what it lacks itself is sent back. So a cold node learns a fabric from one member, and two halves of a healed one learn
/// of each other, at a pace the receiver sets.
struct Synchronisation {
    struct Session {
        let slot: Int
        let address: GossipAddress
        /// Buckets that differ; 0 until the other said which.
        var buckets: UInt64 = 0
        /// All members below were received.
        var next: UInt128 = 0
        /// Intervals received ahead of a gap.
        var ahead: [(from: UInt128, through: UInt128)] = []
        /// Where the last page asked for ends, once it is known.
        var windowEnd: UInt128?
        var attempts = 0
        var asked: Instant
        /// How long a page is waited for; follows the time the first of a window took.
        var patience: Duration
        var deadline: Instant
        var newsCount = 0
    }

    var session: Session?
    /// No comparison is begun before.
    var notBefore: Instant?
    /// How long none is begun after one that brought nothing: two views that can't be made equal don't keep trying at full pace.
    var pause: Duration = .zero
    var deadline: Instant? { session?.deadline }
}

/// The head of a page: `buckets(8) ‖ from(16) ‖ through(16) ‖ flags(1)`, before its entries.
struct PageHeader {
    var buckets: UInt64
    /// The entries are all the sender's members of these buckets in this closed interval of NodeIDs.
    var from, through: UInt128
    /// Nothing more comes without another request.
    var isLast: Bool
    /// The entries are only what the receiver lacks.
    var isPartial: Bool

    static var byteCount: Int { 8 + 16 + 16 + 1 }

    init(buckets: UInt64, from: UInt128, through: UInt128, isLast: Bool, isPartial: Bool = false) {
        (self.buckets, self.from, self.through, self.isLast, self.isPartial) = (buckets, from, through, isLast, isPartial)
    }

    init(parsing reader: inout ByteReader) throws(GossipFormatError) {
        buckets = try reader.integer()
        from = try reader.nodeID().rawValue
        through = try reader.nodeID().rawValue
        let flags: UInt8 = try reader.integer()
        guard flags & ~3 == 0, from <= through else { throw .badValue }
        (isLast, isPartial) = (flags & 1 != 0, flags & 2 != 0)
    }

    func emit(into writer: inout DatagramWriter) {
        writer.write(buckets)
        writer.write(NodeID(rawValue: from))
        writer.write(NodeID(rawValue: through))
        writer.write((isLast ? 1 : 0) | (isPartial ? 2 : 0) as UInt8)
    }
}

extension Membership {
    // MARK: Asking

    /// A member's view adds up to `sum`; if this node's doesn't, it asks for the difference.
    mutating func compare(_ sum: UInt64, with slot: Int, at address: GossipAddress, _ turn: inout Turn) {
        guard sum != table.sum, sync.session == nil, !hasLeft else { return }
        if let notBefore = sync.notBefore, turn.now < notBefore { return }
        turn.counters.count(.syncs)
        let patience = configuration.syncTimeout
        sync.session = .init(
            slot: slot, address: address, asked: turn.now, patience: patience, deadline: turn.now.advanced(by: patience))
        ask(&turn)
    }

    /// The shortest time a page is waited for.
    private static var minimumPatience: Duration { .milliseconds(10) }

    /// Sends the request the session stands at.
    private mutating func ask(_ turn: inout Turn) {
        guard let session = sync.session else { return }
        sync.session?.asked = turn.now
        if session.buckets == 0 {
            let sums = table.sums
            turn.outbox.add(.bucketSums, to: session.address, byteCount: MemberTable.sumCount * 8) {
                for sum in sums { $0.write(sum) }
            }
        } else {
            turn.outbox.add(.pull, to: session.address, byteCount: 8 + 16) {
                $0.write(session.buckets)
                $0.write(NodeID(rawValue: session.next))
            }
        }
    }

    mutating func advanceSync(_ turn: inout Turn) {
        guard var session = sync.session, turn.now >= session.deadline else { return }
        session.attempts += 1
        guard session.attempts < configuration.syncAttempts else {
            endSync(&turn)
            return
        }
        session.windowEnd = nil
        session.deadline = turn.now.advanced(by: session.patience * (1 << session.attempts))
        sync.session = session
        ask(&turn)
    }

    private mutating func endSync(_ turn: inout Turn) {
        guard let session = sync.session else { return }
        sync.session = nil
        let isNews = session.newsCount > 0
        sync.pause =
            isNews
            ? configuration.syncInterval : min(max(sync.pause * 2, configuration.syncInterval), configuration.syncMaximumPause)
        sync.notBefore = turn.now.advanced(by: sync.pause)
        guard isNews else { return }
        // Others may want to know as well: they are told what this view adds up to now, and ask.
        for slot in randomPresent(configuration.indirectProbeCount, except: session.slot, &turn) {
            guard let address = reach(slot) else { continue }
            let sum = table.sum
            turn.outbox.add(.digest, to: address, byteCount: 8) { $0.write(sum) }
        }
    }

    // MARK: Answering

    mutating func sums(
        _ body: ByteReader, from slot: Int, at address: GossipAddress, _ turn: inout Turn
    ) throws(GossipFormatError) {
        var body = body
        var buckets: UInt64 = 0
        for bucket in 0..<MemberTable.sumCount {
            let sum: UInt64 = try body.integer()
            if sum != table.sums[bucket] { buckets |= 1 << UInt64(bucket) }
        }
        try body.finish()
        sendPages(of: buckets, from: 0, to: address, &turn)
    }

    mutating func pull(
        _ body: ByteReader, from slot: Int, at address: GossipAddress, _ turn: inout Turn
    ) throws(GossipFormatError) {
        var body = body
        let buckets: UInt64 = try body.integer()
        let from = try body.nodeID().rawValue
        try body.finish()
        sendPages(of: buckets, from: from, to: address, &turn)
    }

    /// Sends up to ``GossipConfiguration/pagesPerPull`` pages of the members in `buckets` from a NodeID on.
    private func sendPages(of buckets: UInt64, from: UInt128, to address: GossipAddress, _ turn: inout Turn) {
        var from = from
        var position = table.position(notBelow: NodeID(rawValue: from))
        let room = turn.outbox.maximumBodyByteCount - PageHeader.byteCount
        for page in 1...max(1, configuration.pagesPerPull) {
            var updates: [MemberUpdate] = []
            var byteCount = 0
            while position < table.order.count {
                let slot = Int(table.order[position])
                if buckets >> UInt64(table[slot].bucket) & 1 != 0 {
                    let update = entry(for: slot)
                    guard byteCount + update.byteCount <= room else { break }
                    byteCount += update.byteCount
                    updates.append(update)
                }
                position += 1
            }
            let isEnd = position == table.order.count
            let through = isEnd ? UInt128.max : table[Int(table.order[position])].id.rawValue - 1
            let header = PageHeader(
                buckets: buckets, from: from, through: through, isLast: isEnd || page == configuration.pagesPerPull)
            send(header, updates, byteCount, to: address, &turn)
            guard !isEnd else { return }
            from = through + 1
        }
    }

    private func send(
        _ header: PageHeader, _ updates: [MemberUpdate], _ byteCount: Int, to address: GossipAddress, _ turn: inout Turn
    ) {
        turn.counters.count(.pagesSent)
        turn.outbox.add(.page, to: address, byteCount: PageHeader.byteCount + byteCount) { writer in
            header.emit(into: &writer)
            for update in updates { update.emit(into: &writer) }
        }
    }

    /// A member as it stands in a page: a suspicion is not told there.
    private func entry(for slot: Int) -> MemberUpdate {
        let entry = table[slot]
        return MemberUpdate(
            id: entry.id, state: entry.state == .suspect ? .alive : entry.state, incarnation: entry.incarnation,
            address: entry.address)
    }

    // MARK: Taking in

    mutating func page(
        _ body: ByteReader, from slot: Int, at address: GossipAddress, _ turn: inout Turn
    ) throws(GossipFormatError) {
        var body = body
        let header = try PageHeader(parsing: &body)
        var updates: [MemberUpdate] = []
        while !body.isAtEnd { updates.append(try MemberUpdate(parsing: &body)) }
        turn.counters.count(.pagesReceived)
        if !header.isPartial { sendMissing(header, updates, to: address, &turn) }
        let before = table.sum
        isTakingPage = true
        for update in updates { applyFromPage(update, from: address, &turn) }
        isTakingPage = false
        guard !header.isPartial, sync.session?.slot == slot else { return }
        if table.sum != before { sync.session?.newsCount += updates.count }
        received(header, &turn)
    }

    private mutating func received(_ header: PageHeader, _ turn: inout Turn) {
        guard var session = sync.session else { return }
        if session.buckets == 0 { session.buckets = header.buckets }
        guard session.buckets == header.buckets, header.through >= session.next else {
            if header.buckets == 0 { endSync(&turn) }
            return
        }
        session.attempts = 0
        if session.ahead.isEmpty, header.from == session.next {
            let taken = session.asked.duration(to: turn.now) * 4
            session.patience = min(max(taken, Self.minimumPatience), configuration.syncTimeout)
        }
        session.deadline = turn.now.advanced(by: session.patience)
        if header.isLast { session.windowEnd = header.through }
        // Datagrams overtake each other: what came ahead of a gap is noted until the gap is filled.
        if session.ahead.count < configuration.pagesPerPull { session.ahead.append((header.from, header.through)) }
        var isDone = false
        while let index = session.ahead.firstIndex(where: { $0.from <= session.next && $0.through >= session.next }) {
            let through = session.ahead.remove(at: index).through
            if through == .max {
                isDone = true
                break
            }
            session.next = through + 1
        }
        let next = session.next
        session.ahead.removeAll { $0.through < next }
        let isWindowDone = session.windowEnd.map { $0 < .max && next > $0 } ?? false
        if isWindowDone { session.windowEnd = nil }
        sync.session = session
        if isDone { endSync(&turn) } else if isWindowDone { ask(&turn) }
    }

    /// Takes in what another's view says. That it holds a member dead that this node doesn't is a reason to look, not to believe:
    /// after a partition each side holds the other dead, and the members refute it as soon as they hear of it.
    private mutating func applyFromPage(_ update: MemberUpdate, from address: GossipAddress, _ turn: inout Turn) {
        if update.state == .dead, update.id != identity, let slot = table.slot(of: update.id),
            table[slot].incarnation == update.incarnation
        {
            guard table[slot].state == .alive else { return }
            beginSuspicion(of: slot, Accusers(), isFirstHand: true, &turn)
            return
        }
        let before = table.sum
        apply(update, from: address, &turn)
        if table.sum != before { turn.counters.count(.syncedMembers) }
    }

    /// Sends back what the other's page lacks or has older, as far as one datagram goes; it asks for the rest itself.
    private func sendMissing(
        _ header: PageHeader, _ updates: [MemberUpdate], to address: GossipAddress, _ turn: inout Turn
    ) {
        var position = table.position(notBelow: NodeID(rawValue: header.from))
        var index = 0
        var missing: [MemberUpdate] = []
        var byteCount = 0
        let room = turn.outbox.maximumBodyByteCount - PageHeader.byteCount
        while position < table.order.count {
            let slot = Int(table.order[position])
            position += 1
            let own = table[slot]
            if own.id.rawValue > header.through { break }
            guard header.buckets >> UInt64(own.bucket) & 1 != 0 else { continue }
            while index < updates.count, updates[index].id < own.id { index += 1 }
            if index < updates.count, updates[index].id == own.id {
                let other = updates[index]
                let update = entry(for: slot)
                guard (own.incarnation, update.state) > (other.incarnation, other.state) else { continue }
            }
            let update = entry(for: slot)
            guard byteCount + update.byteCount <= room else { break }
            byteCount += update.byteCount
            missing.append(update)
        }
        guard !missing.isEmpty else { return }
        let answer = PageHeader(
            buckets: header.buckets, from: header.from, through: header.through, isLast: false, isPartial: true)
        send(answer, missing, byteCount, to: address, &turn)
    }
}
