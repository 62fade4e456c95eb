import WeftTypes

extension SealedChannel {
    /// Takes a datagram from the gossip port, whatever its bytes are, and appends what is to be done.
    public mutating func receive(
        _ datagram: [UInt8], from origin: GossipAddress, now: Instant, into effects: inout [Effect]
    ) {
        do throws(Refusal) {
            let header = try EnvelopeHeader(parsing: datagram)
            guard let ringKey = ring[header.keyID] else { throw .unknownKey }
            guard header.sender != sender || header.bootSalt != bootSalt else { throw .reflected }
            if let index = peers.index(forKey: header.sender), peers.values[index].bootSalt == header.bootSalt {
                let plaintext = try Self.open(datagram, header, ringKey, fabric, of: &peers.values[index])
                peers.values[index].lastHeard = now
                handle(plaintext, header, from: origin, into: &effects)
            } else {
                try receiveFromNewcomer(datagram, header, ringKey, from: origin, now: now, into: &effects)
            }
        } catch {
            counters.refuse(error)
            effects.append(.refused(error, from: origin))
        }
    }

    // MARK: - Starts that are believed

    private static func open(
        _ datagram: [UInt8], _ header: EnvelopeHeader, _ ringKey: RingKey, _ fabric: [UInt8], of peer: inout Peer
    ) throws(Refusal) -> [UInt8] {
        try open(datagram, header, ringKey, fabric, window: &peer.window, keys: &peer.keys)
    }

    private mutating func handle(
        _ plaintext: [UInt8], _ header: EnvelopeHeader, from origin: GossipAddress, into effects: inout [Effect]
    ) {
        switch header.kind {
        case .data:
            counters.opened += 1
            effects.append(.opened(OpenedDatagram(plaintext: plaintext, sender: header.sender, origin: origin)))
        case .challenge, .echoAndChallenge:
            // An echo beside it is the second of two that crossed; its sender is believed already.
            greet(origin, echo: Greeting(parsing: plaintext).challenge, into: &effects)
        case .echo: break
        }
    }

    // MARK: - Starts that have to prove themselves

    private mutating func receiveFromNewcomer(
        _ datagram: [UInt8], _ header: EnvelopeHeader, _ ringKey: RingKey, from origin: GossipAddress, now: Instant,
        into effects: inout [Effect]
    ) throws(Refusal) {
        expire(now: now)
        let start = Start(sender: header.sender, bootSalt: header.bootSalt)
        // Nothing is kept of a datagram before its tag is verified.
        var (window, keys) = (newcomers[start]?.window ?? ReplayWindow(), newcomers[start]?.keys ?? EnvelopeKeys())
        let plaintext = try Self.open(datagram, header, ringKey, fabric, window: &window, keys: &keys)
        let greeting = Greeting(parsing: plaintext)
        switch header.kind {
        case .data, .challenge:
            if newcomers[start] == nil { admit(start, now: now) }
            newcomers[start]?.window = window
            newcomers[start]?.keys = keys
            if header.kind == .challenge {
                challenge(start, at: origin, echo: greeting.challenge, now: now, into: &effects)
            } else {
                let isHeld = hold(OpenedDatagram(plaintext: plaintext, sender: header.sender, origin: origin), for: start)
                challenge(start, at: origin, echo: nil, now: now, into: &effects)
                if !isHeld { throw .crowded }
            }
        case .echo, .echoAndChallenge:
            guard newcomers[start]?.nonce == greeting.echo, var newcomer = remove(start) else { throw .unasked }
            (newcomer.window, newcomer.keys) = (window, keys)
            believe(newcomer, start, now: now)
            if header.kind == .echoAndChallenge { greet(origin, echo: greeting.challenge, into: &effects) }
            counters.opened += UInt64(newcomer.held.count)
            effects += newcomer.held.map { .opened($0) }
        }
    }

    /// Keeps a datagram until its sender's start is proven, where there is room.
    private mutating func hold(_ opened: OpenedDatagram, for start: Start) -> Bool {
        guard heldCount < limits.heldCount, newcomers[start].map({ $0.held.count < limits.heldPerSender }) ?? false
        else { return false }
        newcomers[start]?.held.append(opened)
        heldCount += 1
        counters.held += 1
        return true
    }

    /// Challenges a newcomer unless that was done just now; where it challenged us itself, answers in the same datagram.
    private mutating func challenge(
        _ start: Start, at origin: GossipAddress, echo: UInt64?, now: Instant, into effects: inout [Effect]
    ) {
        guard let newcomer = newcomers[start] else { return }
        let isDue = newcomer.challengedAt.map { $0.advanced(by: limits.challengeInterval) <= now } ?? true
        if isDue { newcomers[start]?.challengedAt = now }
        greet(origin, challenge: isDue ? newcomer.nonce : nil, echo: echo, into: &effects)
    }

    // MARK: - Both

    /// Verifies a datagram and notes its counter.
    private static func open(
        _ datagram: [UInt8], _ header: EnvelopeHeader, _ ringKey: RingKey, _ fabric: [UInt8],
        window: inout ReplayWindow, keys: inout EnvelopeKeys
    ) throws(Refusal) -> [UInt8] {
        guard window.accepts(header.counter) else { throw .replayed }
        let key =
            keys[header.keyID]
            ?? EnvelopeKey(ringKey, fabric: fabric, sender: header.sender, bootSalt: header.bootSalt)
        guard let plaintext = Envelope.open(datagram, header: header, key: key, fabric: fabric) else { throw .forged }
        keys.keep(key, for: header.keyID)
        window.mark(header.counter)
        return plaintext
    }

    /// Sends a nonce, the echo of one, or both; nothing when there is neither.
    private mutating func greet(
        _ address: GossipAddress, challenge: UInt64? = nil, echo: UInt64?, into effects: inout [Effect]
    ) {
        let kind: EnvelopeHeader.Kind
        switch (challenge, echo) {
        case (nil, nil): return
        case (_?, nil): kind = .challenge
        case (nil, _?): kind = .echo
        case (_?, _?): kind = .echoAndChallenge
        }
        counters.challenges += challenge == nil ? 0 : 1
        counters.echoes += echo == nil ? 0 : 1
        let greeting = Greeting(challenge: challenge ?? 0, echo: echo ?? 0)
        effects.append(.send(seal(greeting.bytes, kind: kind), to: address))
    }
}

/// What is in a greeting, 16 bytes: `challenge (8) | echo (8)`; the header's kind says which of them count.
struct Greeting: Hashable, Sendable {
    var challenge: UInt64
    var echo: UInt64

    init(challenge: UInt64, echo: UInt64) { (self.challenge, self.echo) = (challenge, echo) }

    /// Reads the front of an opened plaintext, which always has 16 bytes.
    init(parsing plaintext: [UInt8]) {
        (challenge, echo) = (plaintext.bigEndian(at: 0), plaintext.bigEndian(at: 8))
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendBigEndian(challenge)
        bytes.appendBigEndian(echo)
        return bytes
    }
}
