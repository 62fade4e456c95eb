import WeftTypes

extension SealedChannel {
    /// A sender whose present start has proven itself.
    struct Peer: Sendable {
        var bootSalt: UInt64
        var window: ReplayWindow
        var keys: EnvelopeKeys
        var lastHeard: Instant
    }

    /// One start of one sender.
    struct Start: Hashable, Sendable {
        var sender: SenderID
        var bootSalt: UInt64
    }

    /// A start that is being challenged.
    struct Newcomer: Sendable {
        /// What its echo must contain; drawn for it, and good once.
        var nonce: UInt64
        var ticket: UInt64
        var window = ReplayWindow()
        var keys = EnvelopeKeys()
        /// When it was challenged last.
        var challengedAt: Instant?
        /// What waits for the echo.
        var held: [OpenedDatagram] = []
    }

    /// When a newcomer came.
    struct Arrival: Sendable {
        var start: Start
        var ticket: UInt64
        var deadline: Instant
    }

    /// Forgets the newcomers whose time is over. Called by itself when another comes; a shell may call it when idle.
    public mutating func expire(now: Instant) {
        while let first = arrivals.first, first.deadline <= now { dropFirstArrival() }
    }

    /// Makes room for a newcomer and enters it.
    mutating func admit(_ start: Start, now: Instant) {
        if arrivals.count >= limits.challengeCount { dropFirstArrival() }
        lastTicket += 1
        newcomers[start] = Newcomer(nonce: random.next(), ticket: lastTicket)
        arrivals.append(Arrival(start: start, ticket: lastTicket, deadline: now.advanced(by: limits.patience)))
    }

    /// Takes a newcomer out.
    mutating func remove(_ start: Start) -> Newcomer? {
        guard let newcomer = newcomers.removeValue(forKey: start) else { return nil }
        heldCount -= newcomer.held.count
        return newcomer
    }

    /// From now on this start is its sender's, and none before it.
    mutating func believe(_ newcomer: Newcomer, _ start: Start, now: Instant) {
        if peers[start.sender] == nil, peers.count >= limits.senderCount { dropQuietestPeer() }
        peers[start.sender] = Peer(
            bootSalt: start.bootSalt, window: newcomer.window, keys: newcomer.keys, lastHeard: now)
        counters.believed += 1
    }

    private mutating func dropFirstArrival() {
        guard let arrival = arrivals.popFirst(), newcomers[arrival.start]?.ticket == arrival.ticket else { return }
        guard let newcomer = remove(arrival.start) else { return }
        counters.refuse(.unproven, count: newcomer.held.count)
    }

    /// Only members who have the key get into the table, so this happens to a fabric that outgrew it and to nobody's gain.
    private mutating func dropQuietestPeer() {
        let quietest = peers.min { ($0.value.lastHeard, $0.key) < ($1.value.lastHeard, $1.key) }
        if let quietest { peers[quietest.key] = nil }
    }
}
