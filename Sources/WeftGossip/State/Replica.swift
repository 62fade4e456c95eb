import WeftTypes

/// What every node knows of every origin's records, kept equal by push and comparison.
///
/// It is handed the parts of type 32…63, the time and the view of membership, and puts parts into the turn's outbox.
struct Replica {
    let configuration: GossipConfiguration
    let identity: NodeID
    private var own: [RecordKey: RecordValue] = [:]

    /// `root(8)`: the sum over all the sender holds.
    static var digestPart: UInt8 { 32 }

    /// Whether a part of this type, without the optional bit, is one of state's.
    static func knowsPart(_ type: UInt8) -> Bool { type == digestPart }

    init(_ configuration: GossipConfiguration, identity: NodeID, epoch: UInt32, now: Instant) {
        self.configuration = configuration
        self.identity = identity
    }

    /// What all records held add up to; travels with each ping and answer.
    var root: UInt64 { 0 }

    /// When something is to be done next, on the running clock; nil while nothing is.
    var nextDeadline: Instant? { nil }

    /// Does what is due.
    mutating func tick(_ membership: borrowing Membership, _ turn: inout Turn) {}

    /// Writes a record of this node.
    mutating func publish(_ key: RecordKey, _ value: RecordValue, _ membership: borrowing Membership, _ turn: inout Turn) {
        guard own.updateValue(value, forKey: key) != value else { return }
        turn.effects.append(.recordChanged(origin: identity, key, value))
    }

    /// Withdraws a record of this node.
    mutating func withdraw(_ key: RecordKey, _ membership: borrowing Membership, _ turn: inout Turn) {
        guard own.removeValue(forKey: key) != nil else { return }
        turn.effects.append(.recordChanged(origin: identity, key, nil))
    }

    /// Takes in one part that the member in `slot` sent from `address`.
    mutating func handle(
        _ part: UInt8, _ body: ByteReader, from slot: Int, at address: GossipAddress, _ membership: borrowing Membership,
        _ turn: inout Turn
    ) throws(GossipFormatError) {
        var body = body
        try body.skip(8)
        try body.finish()
    }

    /// The member in `slot` is new, or has another state, incarnation or address.
    mutating func memberChanged(_ slot: Int, _ membership: borrowing Membership, _ turn: inout Turn) {}

    /// Sends a statement about a member down the push tree to everybody; received ones go into ``Turn/learnt``.
    mutating func spread(_ update: MemberUpdate, _ membership: borrowing Membership, _ turn: inout Turn) {}

    /// The records of one origin, in the order of their keys.
    func records(of origin: NodeID) -> [(key: RecordKey, value: RecordValue)] {
        guard origin == identity else { return [] }
        return own.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
