import WeftTypes

// A record is pushed when it is written, to those who are known by then: of a node that has just started, to nobody. Without more its
// name and addresses would reach the others by digests, some probes after they learnt that it is there. So it says what it has to the
// first other that it meets, and that one pushes it to everybody, together with what other new nodes said in the same moments: a thousand
// nodes that join in a second are some hundred pushes. One that writes its node record only after it met others pushes all itself: those
// it met may not have been known to be in its segments when it wrote the rest.

extension Replication {
    /// The most new nodes whose words wait to be pushed; those of others reach all by digests.
    private static var maximumIntroductions: Int { 256 }

    /// Says all this node has to say to the first other member, if it fits in one datagram, else its node record alone, which is then ahead
    /// of a gap like any record that overtook others.
    mutating func introduce(to slot: Int, _ membership: borrowing Membership, _ turn: inout Turn) {
        let limit = payloadLimit(turn) - DatagramWriter.partHeaderByteCount
        guard let address = membership.reach(slot), let delta = introduction(limit) else { return }
        isIntroduced = true
        var body: [UInt8] = []
        delta.emit(into: &body)
        turn.outbox.add(StatePart.introduction.rawValue, to: address, byteCount: body.count) { $0.write(body) }
    }

    /// All this node has to say, or its node record; nil as long as it has written none. Agents write that last.
    func introduction(_ limit: Int) -> Delta? {
        let origin = replica.ownOrigin
        let place = origin.index(of: .node)
        guard place.isFound, origin.records[place.index].value != nil else { return nil }
        let byteCount = origin.records.reduce(Delta.headerByteCount) { $0 + Delta.byteCount(of: $1) }
        let isComplete = origin.floor == 0 && byteCount <= limit
        let record = origin.records[place.index]
        var delta = Delta(
            origin: origin.id, epoch: origin.epoch, floor: origin.floor, from: isComplete ? 0 : record.version - 1,
            to: isComplete ? origin.through : record.version)
        delta.salt = origin.salt
        delta.records = isComplete ? origin.records.sorted { $0.version < $1.version } : [record]
        return delta
    }

    /// A new node said this of itself, and it was news: everybody is told.
    mutating func letAllKnow(_ delta: Delta, _ turn: inout Turn) {
        guard introductions.count < Self.maximumIntroductions,
            delta.byteCount <= payloadLimit(turn) - DatagramWriter.partHeaderByteCount
        else {
            turn.counters.count(.introductionsRefused)
            return
        }
        turn.counters.count(.introductions)
        introductions.append(delta)
    }
}
