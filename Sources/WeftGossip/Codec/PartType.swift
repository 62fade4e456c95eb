/// What a part of a datagram is: 1…31 belong to membership, 32…63 to the replicated state, 64…66 to contents.
enum PartType: Hashable {
    case membership(MembershipPart)
    case state(StatePart)
    case content(ContentPart)

    /// Set in a part's type: a receiver that doesn't know it may skip it.
    static var optionalBit: UInt8 { 0x80 }

    /// The type behind a code without its optional bit, or nil if this version doesn't know it.
    init?(rawValue: UInt8) {
        if let part = MembershipPart(rawValue: rawValue) {
            self = .membership(part)
        } else if let part = StatePart(rawValue: rawValue) {
            self = .state(part)
        } else if let part = ContentPart(rawValue: rawValue) {
            self = .content(part)
        } else {
            return nil
        }
    }
}

/// The parts of membership. Numbers are part of the wire format.
enum MembershipPart: UInt8, Hashable, CaseIterable {
    /// `sequence(4)`: answer me (SWIM §3.1).
    case ping = 1
    /// `sequence(4)`: the answer.
    case ack = 2
    /// `sequence(4) ‖ target(16) ‖ address`: ping it for me (SWIM §3.1).
    case pingRequest = 3
    /// `sequence(4) ‖ the target's` ``MemberUpdate``: it answered me.
    case indirectAck = 4
    /// `sequence(4)`: I am here, but it has not answered me (Lifeguard, LHA-Probe).
    case nack = 5
    /// Statements about members, one ``MemberUpdate`` after the other (SWIM §4.1).
    case updates = 6
    /// `sum(8)`: the sum over the sender's view of all members.
    case digest = 7
    /// `64 × sum(8)`: the sums of the sender's view by the first six bits of the NodeID; asks for what differs.
    case bucketSums = 8
    /// `buckets(8) ‖ after(16)`: asks for the members of these buckets, those behind `after` only.
    case pull = 9
    /// `session(8) ‖ after(16) ‖ through(16) ‖ flags(1) ‖ entries`: all members in an interval of the buckets asked for.
    case page = 10
    /// The receiver's own ``MemberUpdate`` as the sender knows it `‖ family(1) ‖ address` the sender sees it at now.
    case addressConflict = 11
    /// `sequence(4)`: a ping of one who is new, or alone: answer, and tell the others of me.
    case join = 12
}
