import WeftTypes

extension Replication {
    /// The most bytes sent in answer to one question, and the most pages of a digest.
    private static var windowByteCount: Int { 16 * 1100 }
    private static var pagesPerList: Int { 8 }

    /// Takes in one part that the member in `slot` sent from `address`.
    mutating func handle(
        _ part: StatePart, _ body: ByteReader, from slot: Int, at address: GossipAddress, _ membership: borrowing Membership,
        _ turn: inout Turn
    ) throws(GossipFormatError) {
        var body = body
        switch part {
        case .root:
            let root: UInt64 = try body.integer()
            try body.finish()
            guard root != replica.root, !repair.isTalking(to: slot, membership) else { return }
            send(.sums, to: address, &turn) { bytes in for sum in replica.sums { bytes.append(bigEndian: sum) } }
        case .sums:
            var sums: [UInt64] = []
            for _ in 0..<Replica.bucketCount { sums.append(try body.integer()) }
            try body.finish()
            repair.compare(sums, from: slot, replica, membership, &turn)
        case .list: try list(&body, to: address, &turn)
        case .entries:
            let page = try DigestPage(parsing: &body)
            let needs = compare(page.entries, complete: page.covered, with: address, membership, &turn)
            repair.listed(page, needs: needs, from: slot, replica, membership, &turn)
        case .offer:
            var entries: [DigestEntry] = []
            while !body.isAtEnd { entries.append(try DigestEntry(parsing: &body)) }
            let needs = compare(entries, complete: nil, with: address, membership, &turn)
            repair.take(offer: needs, from: slot, replica, membership, &turn)
        case .pull: try pull(&body, to: address, &turn)
        case .delta:
            let delta = try Delta(parsing: &body)
            let isNews = apply(delta, membership, &turn)
            repair.received(isNews: isNews, from: slot, replica, membership, &turn)
        case .pullEnd:
            let round: UInt32 = try body.integer()
            let sent: UInt16 = try body.integer()
            let answered: UInt16 = try body.integer()
            try body.finish()
            repair.ended(
                round: round, sent: Int(sent), answered: Int(answered), from: slot, replica, membership, &turn)
        case .push: try pushed(try Push(parsing: &body), from: slot, at: address, membership, &turn)
        case .pushAck:
            while !body.isAtEnd { tree.acknowledged(try body.integer(), by: membership.table[slot].id) }
        case .introduction:
            let delta = try Delta(parsing: &body)
            guard delta.origin == membership.table[slot].id else {
                turn.counters.count(.introductionsRefused)
                return
            }
            if apply(delta, membership, &turn) { letAllKnow(delta, &turn) }
        }
    }

    private func send(_ part: StatePart, to address: GossipAddress, _ turn: inout Turn, _ write: (inout [UInt8]) -> Void) {
        var bytes: [UInt8] = []
        write(&bytes)
        turn.outbox.add(part.rawValue, to: address, byteCount: bytes.count) { $0.write(bytes) }
    }

    /// Takes in a delta; whether it told anything new.
    private mutating func apply(_ delta: Delta, _ membership: borrowing Membership, _ turn: inout Turn) -> Bool {
        turn.counters.count(.deltasReceived)
        let (root, effects) = (replica.root, turn.effects.count)
        let isAlive = replica.asksForLife(delta) && membership.isAlive(delta.origin)
        switch replica.apply(delta, now: turn.now, isAlive: isAlive, into: &turn.effects) {
        case .applied: break
        case .ownIsBehind(let epoch): turn.lostEpoch = max(turn.lostEpoch ?? 0, epoch)
        case .refused: turn.counters.count(.originsRefused)
        }
        let isNews = root != replica.root || effects != turn.effects.count
        if isNews { turn.counters.count(.deltasWithNews) }
        return isNews
    }

    // MARK: Pushes

    /// Acknowledges a push, takes it in and hands it on.
    private mutating func pushed(
        _ push: Push, from slot: Int, at address: GossipAddress, _ membership: borrowing Membership, _ turn: inout Turn
    ) throws(GossipFormatError) {
        send(.pushAck, to: address, &turn) { $0.append(bigEndian: push.sequence) }
        let sender = membership.table[slot]
        guard tree.isNew(push.sequence, from: sender.id, epoch: sender.incarnation.epoch) else {
            turn.counters.count(.pushesRepeatedToUs)
            return
        }
        turn.counters.count(.pushesReceived)
        var reader = ByteReader(push.payload)
        while !reader.isAtEnd {
            let code: UInt8 = try reader.integer()
            let length: UInt16 = try reader.integer()
            var body = try reader.slice(Int(length))
            switch PartType(rawValue: code & ~PartType.optionalBit) {
            case .state(.delta): _ = apply(try Delta(parsing: &body), membership, &turn)
            case .membership(.updates):
                while !body.isAtEnd { turn.learnt.append(try MemberUpdate(parsing: &body)) }
            default: turn.counters.count(.skippedParts)  // a later version's; it still gets to those who know it
            }
        }
        guard push.interval.contains(replica.own) else { return }
        tree.send(
            push.payload, scope: push.scope, interval: push.interval, isOwn: false, replica, membership, &turn)
    }

    // MARK: Repairs

    /// Answers a question for this node's digest.
    private func list(_ body: inout ByteReader, to address: GossipAddress, _ turn: inout Turn) throws(GossipFormatError) {
        let round: UInt32 = try body.integer()
        var interval = try DigestInterval(parsing: &body)
        try body.finish()
        let limit = (turn.outbox.maximumBodyByteCount - DigestPage.headerByteCount) / DigestEntry.byteCount
        for number in 1...Self.pagesPerList {
            let (covered, entries) = replica.entries(in: interval, limit: limit)
            let isLast = covered.to == interval.to || number == Self.pagesPerList
            let page = DigestPage(round: round, isLast: isLast, covered: covered, entries: entries)
            send(.entries, to: address, &turn) { page.emit(into: &$0) }
            if isLast { return }
            interval.from = covered.to.successor
        }
    }

    /// Compares another's digest line by line, tells it where this node knows more, and returns where the other does.
    private mutating func compare(
        _ entries: [DigestEntry], complete: DigestInterval?, with address: GossipAddress, _ membership: borrowing Membership,
        _ turn: inout Turn
    ) -> [DigestEntry] {
        var needs: [DigestEntry] = []
        var offers: [DigestEntry] = []
        for entry in entries {
            switch replica.difference(from: entry) {
            case .none: break
            case .ahead: if let origin = replica.origin(entry.origin) { offers.append(origin.entry) }
            case .behind where entry.origin == replica.own, .forgotten where entry.origin == replica.own:
                turn.lostEpoch = max(turn.lostEpoch ?? 0, entry.epoch)
            case .behind:
                replica.raiseFloor(of: entry.origin, rank: entry.rank, to: entry.floor, into: &turn.effects)
                needs.append(entry)
            case .floor: replica.raiseFloor(of: entry.origin, rank: entry.rank, to: entry.floor, into: &turn.effects)
            case .forgotten:
                if !membership.isPresent(entry.origin) {
                    replica.forget(entry.origin, epoch: entry.epoch, into: &turn.effects)
                }
            }
        }
        if let complete { offers += replica.missing(from: entries, in: complete) }
        let limit = turn.outbox.maximumBodyByteCount / DigestEntry.byteCount
        for start in stride(from: 0, to: offers.count, by: limit) {
            send(.offer, to: address, &turn) { bytes in
                for entry in offers[start..<min(start + limit, offers.count)] { entry.emit(into: &bytes) }
            }
        }
        return needs
    }

    /// Answers requests for what origins said, as far as one window goes.
    private mutating func pull(_ body: inout ByteReader, to address: GossipAddress, _ turn: inout Turn) throws(GossipFormatError)
    {
        let round: UInt32 = try body.integer()
        var budget = Self.windowByteCount
        var (sent, answered) = (0, 0)
        while !body.isAtEnd {
            let request = try DeltaRequest(parsing: &body)
            guard budget > 0 else { continue }
            let (pages, areAll) = replica.pages(for: request, pageByteCount: turn.outbox.maximumBodyByteCount, budget: &budget)
            for page in pages { send(.delta, to: address, &turn) { page.emit(into: &$0) } }
            sent += pages.count
            turn.counters.count(.deltasSent, by: pages.count)
            if areAll { answered += 1 }
        }
        send(.pullEnd, to: address, &turn) { bytes in
            bytes.append(bigEndian: round)
            bytes.append(bigEndian: UInt16(clamping: sent))
            bytes.append(bigEndian: UInt16(clamping: answered))
        }
    }
}
