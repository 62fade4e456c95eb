import DequeModule
import WeftTypes

/// Everything that comes from and goes to the gossip port: seals what the core sends, opens what other members of the
/// fabric sent, refuses everything else and counts why.
///
/// No socket, no clock and no randomness of its own: a shell hands in datagrams and the time, and sends what it is told.
/// A channel is made at each start of the agent and never stored: its boot salt must be new. Datagrams of a node that was
/// not heard since one of the two started are held until the node has echoed a challenge, which takes one round trip; see
/// <doc:Envelope>. Everything it keeps is bounded by ``SealingLimits``.
public struct SealedChannel<Random: RandomNumberGenerator & Sendable>: Sendable {
    /// One instruction to the shell: run them in order, skip none.
    public enum Effect: Hashable, Sendable {
        /// Hand this to the core.
        case opened(OpenedDatagram)
        /// Send this as it is; it is sealed.
        case send([UInt8], to: GossipAddress)
        /// A datagram changed nothing; it is counted already.
        case refused(Refusal, from: GossipAddress)
    }

    /// This node, as it stands in its envelopes.
    public let sender: SenderID
    /// Drawn for this start.
    public let bootSalt: UInt64
    /// What happened so far.
    public internal(set) var counters = SealingCounters()
    /// The keys in use.
    public private(set) var ring: KeyRing

    let fabric: [UInt8]
    let limits: SealingLimits
    var random: Random
    /// The counter of the last datagram sealed, whatever its key.
    private var lastCounter: UInt64 = 0
    /// The key of this start under the ring's primary.
    private var ownKey: EnvelopeKey
    /// The believed start of each sender.
    var peers: [SenderID: Peer] = [:]
    /// Starts that have not echoed yet.
    var newcomers: [Start: Newcomer] = [:]
    /// The newcomers, oldest first, with some that are gone; never longer than the limit.
    var arrivals: Deque<Arrival> = []
    /// Datagrams held by all newcomers.
    var heldCount = 0
    /// Numbers the newcomers.
    var lastTicket: UInt64 = 0

    /// Creates the channel of this start.
    ///
    /// - Parameters:
    ///   - fabric: The fabric's name; members of another fabric can't open what is sealed here, even with the same key.
    ///   - random: For the boot salt and the nonces of challenges; the system's in production.
    public init(fabric: String, node: NodeID, ring: KeyRing, limits: SealingLimits = SealingLimits(), random: Random) {
        (self.fabric, self.ring, self.limits, self.random) = (Array(fabric.utf8), ring, limits, random)
        sender = SenderID(node)
        bootSalt = self.random.next()
        ownKey = EnvelopeKey(ring.primary, fabric: self.fabric, sender: sender, bootSalt: bootSalt)
    }

    /// Seals a datagram of the core, ``Envelope/plaintextByteCounts`` bytes, for any number of receivers.
    public mutating func seal(_ plaintext: [UInt8]) -> [UInt8] {
        counters.sealed += 1
        return seal(plaintext, kind: .data)
    }

    /// Takes over a changed key ring, on a live fabric: whom it believed it goes on believing, and no counter is used again.
    public mutating func use(_ ring: KeyRing) {
        self.ring = ring
        ownKey = EnvelopeKey(ring.primary, fabric: fabric, sender: sender, bootSalt: bootSalt)
        // Each entry for itself: the order shows nowhere.
        for index in peers.values.indices { peers.values[index].keys.keepOnly(ring) }
        for index in newcomers.values.indices { newcomers.values[index].keys.keepOnly(ring) }
    }

    mutating func seal(_ plaintext: [UInt8], kind: EnvelopeHeader.Kind) -> [UInt8] {
        lastCounter += 1
        let header = EnvelopeHeader(
            kind: kind, keyID: ring.primary.id, sender: sender, bootSalt: bootSalt, counter: lastCounter)
        return Envelope.seal(plaintext, header: header, key: ownKey, fabric: fabric)
    }
}

extension SealedChannel where Random == SystemRandomNumberGenerator {
    /// Creates the channel of this start, with the system's randomness.
    public init(fabric: String, node: NodeID, ring: KeyRing, limits: SealingLimits = SealingLimits()) {
        self.init(fabric: fabric, node: node, ring: ring, limits: limits, random: SystemRandomNumberGenerator())
    }
}

/// A datagram of the core, opened.
public struct OpenedDatagram: Hashable, Sendable {
    /// What the core of ``sender`` sealed.
    public let plaintext: [UInt8]
    /// Who sealed it; the core's own sender field should begin with it.
    public let sender: SenderID
    /// Where it came from.
    public let origin: GossipAddress
}
