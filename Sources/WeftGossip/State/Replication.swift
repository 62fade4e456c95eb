import WeftTypes

/// Keeps this node's replica and those of the others equal: what is new is pushed at once, what was missed is repaired by
/// comparing digests for ever. Read <doc:ReplicatedState> first.
///
/// It is handed the parts of type 32…63, the time and the view of membership, and puts parts into the turn's outbox.
struct Replication {
    var replica: Replica
    var tree: PushTree
    var repair: Repair
    /// Own writes that are still to be pushed, in order of version.
    private var backlog: [Write] = []
    /// Statements about members that are still to be pushed.
    private var news: [MemberUpdate] = []
    /// What new nodes said of themselves to this one and everybody is to know, and when the next of it may be pushed.
    var introductions: [Delta] = []
    private var nextIntroduction: Instant?
    /// Whether this node has said all it has to say since it met another; nobody hears what it says while it is alone.
    var isIntroduced = false

    /// One own write.
    struct Write {
        var scope: PushScope
        var key: RecordKey
        var version: UInt64
    }

    /// The most own writes that wait to be pushed; beyond, the oldest are left to the digests.
    private static var maximumBacklog: Int { 16384 }

    init(_ configuration: GossipConfiguration, identity: NodeID, epoch: UInt32, random: inout SeededRandom) {
        let salt = UInt32.random(in: 0..<Origin.forgottenSalt, using: &random)
        replica = Replica(configuration, own: identity, epoch: epoch, salt: salt)
        tree = PushTree(firstSequence: UInt32.random(in: 0 ... .max, using: &random))
        repair = Repair(firstRound: UInt32.random(in: 0 ... .max, using: &random))
    }

    /// When something is to be done next, on the running clock.
    func nextDeadline(now: Instant) -> Instant {
        var next = replica.deadline(now: now)
        if let deadline = tree.nextDeadline { next = min(next, deadline) }
        if let deadline = repair.nextDeadline { next = min(next, deadline) }
        if let nextIntroduction, !introductions.isEmpty { next = min(next, nextIntroduction) }
        return next
    }

    /// Does what is due.
    mutating func tick(_ membership: borrowing Membership, _ turn: inout Turn) {
        tree.tick(replica, membership, &turn)
        repair.tick(replica, membership, &turn)
        guard replica.deadline(now: turn.now) <= turn.now || replica.lastHousekeeping == nil else { return }
        replica.tick(
            now: turn.now, isPresent: { membership.isPresent($0) }, isAlive: { membership.isAlive($0) }, into: &turn.effects)
    }

    // MARK: This node's records

    /// Writes a record of this node.
    mutating func publish(_ key: RecordKey, _ value: RecordValue, _ turn: inout Turn) { write(key, value, &turn) }

    /// Withdraws a record of this node.
    mutating func withdraw(_ key: RecordKey, _ turn: inout Turn) { write(key, nil, &turn) }

    private mutating func write(_ key: RecordKey, _ value: RecordValue?, _ turn: inout Turn) {
        guard replica.mayWrite(key) else {
            turn.counters.count(.recordsRefused)
            return
        }
        guard let version = replica.write(key, value, now: turn.now, into: &turn.effects) else { return }
        turn.counters.count(.recordsWritten)
        wait(Write(scope: PushScope(key), key: key, version: version))
    }

    private mutating func wait(_ write: Write) {
        if backlog.count >= Self.maximumBacklog { backlog.removeFirst(Self.maximumBacklog / 4) }
        backlog.append(write)
    }

    // MARK: Members

    /// The member in `slot` is new, or has another state, incarnation or address.
    mutating func memberChanged(_ slot: Int, _ membership: borrowing Membership, _ turn: inout Turn) {
        let entry = membership.table[slot]
        if slot == MemberTable.ownSlot {
            guard entry.incarnation.epoch > replica.ownOrigin.epoch else { return }
            replica.restart(epoch: entry.incarnation.epoch, into: &turn.effects)
            backlog = replica.ownOrigin.records.map { Write(scope: PushScope($0.key), key: $0.key, version: $0.version) }
                .sorted { $0.version < $1.version }
        } else if entry.state.isPresent {
            replica.memberIsPresent(entry.id, isAlive: entry.state == .alive, now: turn.now, into: &turn.effects)
            if !isIntroduced { introduce(to: slot, membership, &turn) }
        } else {
            replica.memberIsAbsent(entry.id, now: turn.now)
            if membership.table.presentCount == 1 { isIntroduced = false }
        }
    }

    /// Sends a statement about a member down the push tree to everybody; received ones go into ``Turn/learnt``.
    mutating func spread(_ update: MemberUpdate) { news.append(update) }

    // MARK: Pushing

    /// Pushes what waits: statements about members always, own writes as long as not too much is under way.
    mutating func flush(_ membership: borrowing Membership, _ turn: inout Turn) {
        if !news.isEmpty { flushNews(membership, &turn) }
        if !introductions.isEmpty { flushIntroductions(membership, &turn) }
        if !backlog.isEmpty, tree.ownJobCount < PushTree.ownJobLimit { flushBacklog(membership, &turn) }
    }

    func payloadLimit(_ turn: borrowing Turn) -> Int { turn.outbox.maximumBodyByteCount - Push.headerByteCount }

    private mutating func flushNews(_ membership: borrowing Membership, _ turn: inout Turn) {
        let limit = payloadLimit(turn) - DatagramWriter.partHeaderByteCount
        var body: [UInt8] = []
        for update in news {
            var writer = DatagramWriter(limit: MemberUpdate.maximumByteCount)
            update.emit(into: &writer)
            if body.count + writer.bytes.count > limit {
                push(parts: Self.part(MembershipPart.updates.rawValue, body), .everyone, membership, &turn)
                body = []
            }
            body += writer.bytes
        }
        push(parts: Self.part(MembershipPart.updates.rawValue, body), .everyone, membership, &turn)
        news.removeAll(keepingCapacity: true)
    }

    private mutating func flushIntroductions(_ membership: borrowing Membership, _ turn: inout Turn) {
        if let nextIntroduction, turn.now < nextIntroduction { return }
        nextIntroduction = turn.now.advanced(by: membership.configuration.newsInterval)
        push(introductions, .everyone, membership, &turn)
        introductions = []
    }

    private mutating func flushBacklog(_ membership: borrowing Membership, _ turn: inout Turn) {
        let limit = payloadLimit(turn) - DatagramWriter.partHeaderByteCount
        if !isIntroduced, membership.table.presentCount > 1, backlog.contains(where: { $0.key == .node }),
            let delta = introduction(limit)
        {
            isIntroduced = true
            backlog.removeAll { $0.key == .node }
            push([delta], .everyone, membership, &turn)
        }
        let writes = backlog
        backlog = []
        var scopes: [PushScope] = []
        for write in writes where !scopes.contains(write.scope) { scopes.append(write.scope) }
        for scope in scopes { push(deltas(for: writes.filter { $0.scope == scope }, limit), scope, membership, &turn) }
    }

    /// Pushes deltas, as many in one datagram as fit.
    private mutating func push(
        _ deltas: [Delta], _ scope: PushScope, _ membership: borrowing Membership, _ turn: inout Turn
    ) {
        let limit = payloadLimit(turn)
        var payload: [UInt8] = []
        for delta in deltas {
            var body: [UInt8] = []
            delta.emit(into: &body)
            let part = Self.part(StatePart.delta.rawValue, body)
            if !payload.isEmpty, payload.count + part.count > limit {
                push(parts: payload, scope, membership, &turn)
                payload = []
            }
            payload += part
        }
        if !payload.isEmpty { push(parts: payload, scope, membership, &turn) }
    }

    /// Own writes as deltas: runs of consecutive versions; what was overwritten since is covered by the later version.
    private func deltas(for writes: [Write], _ limit: Int) -> [Delta] {
        let origin = replica.ownOrigin
        var deltas: [Delta] = []
        var byteCount = 0
        for write in writes {
            let place = origin.index(of: write.key)
            guard place.isFound else { continue }
            let record = origin.records[place.index]
            let size = record.version == write.version ? Delta.byteCount(of: record) : 0
            if deltas.last?.to != write.version - 1 || byteCount + size > limit {
                deltas.append(
                    Delta(origin: origin.id, epoch: origin.epoch, floor: origin.floor, from: write.version - 1, to: write.version)
                )
                deltas[deltas.count - 1].salt = origin.salt
                byteCount = Delta.headerByteCount
            }
            deltas[deltas.count - 1].to = write.version
            if size > 0 { deltas[deltas.count - 1].records.append(record) }
            byteCount += size
        }
        return deltas
    }

    private mutating func push(
        parts payload: [UInt8], _ scope: PushScope, _ membership: borrowing Membership, _ turn: inout Turn
    ) {
        tree.send(
            payload, scope: scope, interval: .all(but: replica.own), isOwn: true, replica, membership, &turn)
    }

    /// A part as it stands in a datagram.
    private static func part(_ type: UInt8, _ body: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = [type]
        bytes.append(bigEndian: UInt16(clamping: body.count))
        return bytes + body
    }
}

extension Membership {
    /// Whether a node is alive and nobody doubts it.
    borrowing func isAlive(_ id: NodeID) -> Bool {
        guard let slot = table.slot(of: id) else { return false }
        return table[slot].state == .alive
    }

    /// Whether a node is alive or suspect.
    borrowing func isPresent(_ id: NodeID) -> Bool {
        guard let slot = table.slot(of: id) else { return false }
        return table[slot].state.isPresent
    }
}
