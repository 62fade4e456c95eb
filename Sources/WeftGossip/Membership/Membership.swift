import WeftTypes

/// Who is there: SWIM (Das, Gupta, Motivala, DSN 2002) with Lifeguard (Dadgar, Phillips, Currey, 2017).
///
/// A pure state machine. `WeftGossip.docc` tells the protocol and where it departs from the papers.
struct Membership {
    let configuration: GossipConfiguration
    let identity: NodeID
    var table: MemberTable

    // Probing
    /// The members of this round in their random order (SWIM §4.3).
    var round: [UInt32] = []
    var roundPosition = 0
    var periodCount = 0
    var probe: Probe?
    var nextPeriod: Instant
    var relays: [Relay] = []
    var sequence: UInt32
    var roundTrips = RoundTripEstimate()
    /// How unwell this node thinks it is, 0 for healthy (Lifeguard, LHA-Probe).
    var localHealth = 0
    var absentRound: [UInt32] = []
    var nextAbsentProbe: Instant

    // Suspicion
    var suspicions: [Suspicion] = []
    /// The earliest of the suspicions' deadlines and reminders.
    var nextSuspicion: Instant?
    /// When anything came from another last.
    var lastHeard: Instant

    /// Slots whose latest statement is to be piggybacked, in the order of their turn.
    var queue: [UInt32] = []
    /// Slots of which everybody should hear at once, and when the next of them may be told.
    var news: [UInt32] = []
    var nextNews: Instant?
    /// While a page of another's view is taken in; what is learnt so is not piggybacked, for others learn it the same way.
    var isTakingPage = false

    /// When it may be told again that the table is full.
    var nextFullAlarm: Instant?

    // Joining, leaving and comparing views
    var joining = Joining()
    var sync = Synchronisation()
    var hasLeft = false
    var identityWatch: IdentityWatch
    /// Whether this node was told how others reach it; otherwise it learns that from them when it changes.
    var isAddressConfigured: Bool
    /// The families of addresses that this node can send to.
    var families = AddressFamilies.all

    init(_ configuration: GossipConfiguration, identity: NodeID, epoch: UInt32, random: inout SeededRandom, now: Instant) {
        self.configuration = configuration
        self.identity = identity
        let own = MemberEntry(
            id: identity, incarnation: Incarnation(epoch: epoch), address: configuration.advertisedAddress, changed: now)
        table = MemberTable(own: own)
        sequence = UInt32.random(in: 0 ... .max, using: &random)
        let period: Int64 = configuration.probePeriod.wholeNanoseconds
        nextPeriod = now.advanced(by: .nanoseconds(Int64.random(in: 0...period, using: &random)))
        nextAbsentProbe = now
        lastHeard = now
        identityWatch = IdentityWatch(started: now)
        isAddressConfigured = configuration.advertisedAddress != nil
    }

    /// This node's own incarnation.
    var incarnation: Incarnation { table[MemberTable.ownSlot].incarnation }

    /// When something is to be done next, on the running clock.
    var nextDeadline: Instant {
        var next = nextPeriod
        if let probe, let deadline = probe.deadline { next = min(next, deadline) }
        for relay in relays { if let deadline = relay.deadline { next = min(next, deadline) } }
        if let nextSuspicion { next = min(next, nextSuspicion) }
        if let nextNews, !news.isEmpty { next = min(next, nextNews) }
        if let deadline = joining.deadline { next = min(next, deadline) }
        if let deadline = sync.deadline { next = min(next, deadline) }
        return next
    }

    /// Does what is due.
    mutating func tick(_ turn: inout Turn) {
        advanceRelays(&turn)
        advanceProbe(&turn)
        advanceSuspicions(&turn)
        advanceJoining(&turn)
        advanceSync(&turn)
    }

    /// Takes in one part of a datagram that `slot` sent from `address`.
    mutating func handle(
        _ part: MembershipPart, _ body: ByteReader, from slot: Int, at address: GossipAddress, _ turn: inout Turn
    ) throws(GossipFormatError) {
        var body = body
        switch part {
        case .ping, .join:
            let sequence: UInt32 = try body.integer()
            try body.finish()
            answer(sequence, from: slot, at: address, &turn)
        case .ack:
            let sequence: UInt32 = try body.integer()
            try body.finish()
            acknowledged(sequence, by: slot, at: address, &turn)
        case .pingRequest:
            let sequence: UInt32 = try body.integer()
            let target = try body.nodeID()
            let family: UInt8 = try body.integer()
            let targetAddress = try GossipAddress?(parsing: &body, family: family)
            try body.finish()
            relay(sequence, to: target, at: targetAddress, for: address, &turn)
        case .indirectAck:
            let sequence: UInt32 = try body.integer()
            let update = try MemberUpdate(parsing: &body)
            try body.finish()
            acknowledgedIndirectly(sequence, update, from: address, &turn)
        case .nack:
            let sequence: UInt32 = try body.integer()
            try body.finish()
            if probe?.sequence == sequence { probe?.nackCount += 1 }
        case .updates:
            while !body.isAtEnd { apply(try MemberUpdate(parsing: &body), from: address, &turn) }
        case .digest:
            let sum: UInt64 = try body.integer()
            try body.finish()
            compare(sum, with: slot, at: address, &turn)
        case .bucketSums: try sums(body, from: slot, at: address, &turn)
        case .pull: try pull(body, from: slot, at: address, &turn)
        case .page: try page(body, from: slot, at: address, &turn)
        case .addressConflict:
            let update = try MemberUpdate(parsing: &body)
            let family: UInt8 = try body.integer()
            let seen = try GossipAddress?(parsing: &body, family: family)
            try body.finish()
            addressConflict(update, seen, &turn)
        }
    }
}
