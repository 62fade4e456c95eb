import WeftTypes

/// One agent's part in the gossip of a fabric: who is there, and what each says of itself.
///
/// A pure state machine: bytes, time and randomness go in, effects come out. What it is handed has been opened by the sealing
/// shell, and what it sends is sealed there; a datagram's sender is therefore who it says. Early, late and repeated calls are
/// harmless. `WeftGossip.docc` tells the protocol.
public struct GossipNode: Sendable {
    /// What happened.
    public enum Input: Sendable {
        /// The node starts and looks for others at these addresses; without any it waits to be found.
        case start(joining: [GossipAddress])
        /// More addresses to look for others at; each is tried until it answers.
        case join([GossipAddress])
        /// The plaintext of a datagram that was opened, and where it came from.
        case received([UInt8], from: GossipAddress)
        /// Time may have passed.
        case tick
        /// This node's record has this content from now on.
        case publish(RecordKey, RecordValue)
        /// This node's record is gone.
        case withdraw(RecordKey)
        /// Everybody is to be asked what they know; ``GossipNode/surveyAnswers`` tells.
        case survey
        /// The node is going to stop; ``join(_:)`` brings it back.
        case leave
        /// The shell noticed that it ran this much later than it should have (Lifeguard, LHA-Probe).
        case localHealth(late: Duration)
        /// Others reach this node here from now on.
        case addressChanged(GossipAddress?)
        /// This node has this content for whoever asks for it by its name.
        case offer([UInt8])
        /// It has it no more.
        case retract(ContentID)
        /// Get this content from one of these nodes, asked in this order.
        case fetch(ContentID, byteCount: Int, from: [NodeID])
        case cancelFetch(ContentID)
        /// This node can send to addresses of these families only; until it is told, to all.
        case familiesChanged(AddressFamilies)
    }

    /// One instruction to the shell: run them in order, skip none.
    public enum Effect: Hashable, Sendable {
        /// Seal and send.
        case send([UInt8], to: GossipAddress)
        /// Call with ``Input/tick`` at this moment; replaces what was asked for before.
        case wake(at: Instant)
        /// A member is new or changed; this node itself is one.
        case memberChanged(NodeID, MemberState, Incarnation)
        /// A record is new or changed, or is gone (nil).
        case recordChanged(origin: NodeID, RecordKey, RecordValue?)
        /// Something for the operator.
        case alarm(GossipAlarm)
        /// Write the epoch to disk.
        case persistEpoch(UInt32)
        /// A content is here, and is what its name says.
        case fetched(ContentID, [UInt8])
        /// A content can't be had of those who were to be asked.
        case fetchFailed(ContentID, ContentFailure)
    }

    /// A member as listings show it.
    public struct Member: Hashable, Sendable {
        public var id: NodeID
        public var state: MemberState
        public var incarnation: Incarnation
        /// Where it is reached; nil for this node itself unless configured.
        public var address: GossipAddress?
        /// Whether this node can send to it; it can't where the two have no family of addresses in common, or none is known.
        public var isReachable: Bool
        /// The last round trip measured, to 5 %.
        public var roundTrip: Duration?
    }

    /// Who this node is.
    public let identity: NodeID
    /// The timing and bounds it was made with.
    public let configuration: GossipConfiguration
    var membership: Membership
    var replication: Replication
    var contents = ContentExchange()
    var turn: Turn
    /// What others told of their views since the last survey began; nil if there was none.
    var survey: [NodeID: GossipDigests]?
    /// How long this node was stopped, all in all; what the running clock is behind.
    private var stopped: Duration = .zero
    private var wakeAsked: Instant?
    private var isStarted = false

    /// Creates a node in its `epoch`, which the shell has written to disk before; `seed` is all the randomness it uses.
    public init(
        _ configuration: GossipConfiguration, identity: NodeID, epoch: UInt32, random seed: UInt64, now: Instant
    ) {
        self.configuration = configuration
        self.identity = identity
        var random = SeededRandom(seed: seed)
        membership = Membership(configuration, identity: identity, epoch: epoch, random: &random, now: now)
        replication = Replication(configuration, identity: identity, epoch: epoch, random: &random)
        turn = Turn(
            now: now,
            outbox: Outbox(
                sender: identity, incarnation: Incarnation(epoch: epoch), limit: configuration.datagramByteLimit),
            random: random, counters: GossipCounters())
    }

    /// Takes in one input and appends the effects to run.
    public mutating func handle(_ input: Input, now: Instant, into effects: inout [Effect]) {
        swap(&effects, &turn.effects)
        let first = turn.effects.count
        begin(now)
        switch input {
        case .start(let addresses):
            isStarted = true
            membership.join(addresses, &turn)
        case .join(let addresses): membership.join(addresses, &turn)
        case .received(let bytes, let address): receive(bytes, from: address)
        case .tick: break
        case .publish(let key, let value): replication.publish(key, value, &turn)
        case .withdraw(let key): replication.withdraw(key, &turn)
        case .survey: beginSurvey()
        case .leave: membership.leave(&turn)
        case .localHealth(let late): if late > configuration.latenessTolerance { membership.changeHealth(by: 1) }
        case .addressChanged(let address): membership.addressChanged(to: address, &turn)
        case .offer(let content): contents.shelf.put(content)
        case .retract(let id): contents.shelf.remove(id)
        case .fetch(let id, let byteCount, let sources):
            contents.fetch(id, byteCount: byteCount, from: sources, membership, &turn)
        case .cancelFetch(let id): contents.cancel(id)
        case .familiesChanged(let families): membership.familiesChanged(to: families, &turn)
        }
        if isStarted {
            membership.tick(&turn)
            replication.tick(membership, &turn)
            contents.tick(membership, &turn)
        }
        finish(now, from: first)
        swap(&effects, &turn.effects)
    }

    // MARK: The turn

    /// Sets the running clock. A node that was stopped doesn't count that time: nobody else was late because it wasn't there.
    private mutating func begin(_ now: Instant) {
        if let wakeAsked, now > wakeAsked.advanced(by: configuration.latenessTolerance) {
            stopped += wakeAsked.duration(to: now)
            turn.counters.count(.pauses)
            membership.changeHealth(by: 1)
            self.wakeAsked = nil
        }
        turn.now = max(turn.now, now.advanced(by: .zero - stopped))
    }

    /// Ends the turn, whose effects are those from `first` on.
    private mutating func finish(_ now: Instant, from first: Int) {
        if let epoch = turn.lostEpoch {
            turn.lostEpoch = nil
            membership.recoverEpoch(past: Incarnation(epoch: max(epoch, membership.incarnation.epoch)), &turn)
        }
        while !turn.learnt.isEmpty {
            let learnt = turn.learnt
            turn.learnt.removeAll(keepingCapacity: true)
            for update in learnt { membership.apply(update, from: nil, &turn) }
        }
        followAddresses(in: first)
        for slot in turn.changed { replication.memberChanged(slot, membership, &turn) }
        turn.changed.removeAll(keepingCapacity: true)
        membership.releaseNews(&turn)
        for update in turn.news { replication.spread(update) }
        turn.news.removeAll(keepingCapacity: true)
        replication.flush(membership, &turn)
        flush()
        guard isStarted else { return }
        var next = min(membership.nextDeadline, replication.nextDeadline(now: turn.now))
        if let deadline = contents.nextDeadline { next = min(next, deadline) }
        // What is due and could not be done is looked at again soon: asking for a moment that is over would be asking for none.
        let wake = next > turn.now ? max(next.advanced(by: stopped), now) : now.advanced(by: Self.shortestPause)
        if wake != wakeAsked {
            wakeAsked = wake
            turn.effects.append(.wake(at: wake))
        }
    }

    /// The shortest time until the next look.
    private static var shortestPause: Duration { .milliseconds(1) }

    private mutating func flush() {
        for index in turn.outbox.pending.indices {
            turn.outbox.finish(index, membership.table.sum, replication.replica.root)
            membership.piggyback(on: &turn.outbox.pending[index].writer)
            let bytes = turn.outbox.pending[index].writer.bytes
            turn.counters.count(.datagramsSent)
            turn.counters.count(.bytesSent, by: bytes.count)
            turn.effects.append(.send(bytes, to: turn.outbox.pending[index].address))
        }
        turn.outbox.pending.removeAll(keepingCapacity: true)
    }

    private mutating func receive(_ bytes: [UInt8], from address: GossipAddress) {
        turn.counters.count(.datagramsReceived)
        turn.counters.count(.bytesReceived, by: bytes.count)
        guard bytes.count <= configuration.datagramByteLimit else {
            turn.counters.count(.droppedOversized)
            return
        }
        do throws(GossipFormatError) {
            let datagram = try Datagram(parsing: bytes)
            turn.counters.count(.skippedParts, by: datagram.skippedCount)
            guard datagram.sender != identity else {
                membership.heardOwnIdentity(datagram, at: address, &turn)
                return
            }
            surveyed(datagram)
            try take(datagram, from: address)
        } catch {
            switch error {
            case .unknownVersion: turn.counters.count(.droppedVersion)
            case .unknownMandatoryPart: turn.counters.count(.droppedMandatory)
            case .truncated, .trailingBytes, .badValue, .unknownMandatoryField: turn.counters.count(.droppedMalformed)
            }
        }
    }

    private mutating func take(_ datagram: Datagram, from address: GossipAddress) throws(GossipFormatError) {
        guard let slot = membership.heard(datagram, at: address, &turn) else { return }
        for part in datagram.parts {
            switch part.type {
            case .membership(let type): try membership.handle(type, part.body, from: slot, at: address, &turn)
            case .state(let type): try replication.handle(type, part.body, from: slot, at: address, membership, &turn)
            case .content(let type): try contents.handle(type, part.body, from: slot, at: address, membership, &turn)
            }
        }
    }

    // MARK: Queries

    /// All members known, this node among them, by NodeID.
    public var members: [Member] { membership.table.order.map { member(inSlot: Int($0)) } }

    /// One member.
    public func member(_ id: NodeID) -> Member? { membership.table.slot(of: id).map(member(inSlot:)) }

    private func member(inSlot slot: Int) -> Member {
        let entry = membership.table[slot]
        return Member(
            id: entry.id, state: entry.state, incarnation: entry.incarnation, address: entry.address,
            isReachable: membership.reach(slot) != nil, roundTrip: entry.roundTrip)
    }

    /// How many members are alive or suspect, this node among them.
    public var presentCount: Int { membership.table.presentCount }
    /// This node's own incarnation.
    public var incarnation: Incarnation { membership.incarnation }
    /// What the view of membership adds up to; equal views are equal here.
    public var membershipDigest: UInt64 { membership.table.sum }
    /// What the records held add up to; equal states are equal here.
    public var stateDigest: UInt64 { replication.replica.root }
    /// The records of one origin, by key.
    public func records(of origin: NodeID) -> [(key: RecordKey, value: RecordValue)] { replication.replica.records(of: origin) }
    /// Which start of an origin the records held of it are from: of two the one that counts as later is higher, 0 if nothing is known.
    public func life(of origin: NodeID) -> UInt64 { replication.replica.origin(origin)?.rank ?? 0 }
    /// What happened so far, by reason.
    public var counters: GossipCounters { turn.counters }
    /// The local health multiplier, 0 for healthy (Lifeguard, LHA-Probe).
    public var localHealth: Int { membership.localHealth }
}
