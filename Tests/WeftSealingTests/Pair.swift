import WeftTypes

@testable import WeftSealing

/// Members of one fabric for tests: seeded keys, nodes and channels.
enum Sample {
    static func key(_ seed: UInt64) -> RingKey {
        var random = SeededRandom(seed: seed)
        return RingKey(using: &random)
    }

    static func node(_ number: UInt64) -> NodeID { NodeID(rawValue: UInt128(number) << 64 | UInt128(number)) }

    static func address(_ number: UInt32) -> GossipAddress {
        GossipAddress(address: .v4(IPv4Address(rawValue: 0x0A00_0000 + number)))
    }

    static func channel(
        _ number: UInt64, ring: KeyRing = KeyRing(key(1)), fabric: String = "office", boot: UInt64 = 1,
        limits: SealingLimits = SealingLimits()
    ) -> SealedChannel<SeededRandom> {
        SealedChannel(
            fabric: fabric, node: node(number), ring: ring, limits: limits, random: SeededRandom(seed: number << 32 | boot))
    }

    /// A plaintext that is told from others by its number.
    static func plaintext(_ number: UInt64, byteCount: Int = 64) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendBigEndian(number)
        return bytes + [UInt8](repeating: 0x5A, count: byteCount - 8)
    }

    static let start = Instant(nanoseconds: 1_000_000_000)
}

typealias Channel = SealedChannel<SeededRandom>

extension SealedChannel {
    /// What becomes of one datagram.
    mutating func receive(
        _ datagram: [UInt8], from origin: GossipAddress = Sample.address(9), now: Instant = Sample.start
    ) -> [Effect] {
        var effects: [Effect] = []
        receive(datagram, from: origin, now: now, into: &effects)
        return effects
    }
}

extension [SealedChannel<SeededRandom>.Effect] {
    /// The plaintexts handed on.
    var opened: [[UInt8]] {
        compactMap { if case .opened(let datagram) = $0 { datagram.plaintext } else { nil } }
    }
    /// The datagrams to send.
    var sent: [[UInt8]] {
        compactMap { if case .send(let datagram, _) = $0 { datagram } else { nil } }
    }
    /// The reasons given.
    var refusals: [Refusal] {
        compactMap { if case .refused(let reason, _) = $0 { reason } else { nil } }
    }
}

/// Two channels and the wires between them.
struct Pair {
    var left: Channel
    var right: Channel

    /// Two that have not heard of each other.
    init(left: Channel = Sample.channel(1), right: Channel = Sample.channel(2)) {
        (self.left, self.right) = (left, right)
    }

    /// Two that believe each other.
    static func greeted(left: Channel = Sample.channel(1), right: Channel = Sample.channel(2)) -> Pair {
        var pair = Pair(left: left, right: right)
        _ = pair.deliver(pair.left.seal(Sample.plaintext(0)))
        return pair
    }

    /// Hands `datagram` to the right side and every answer to the other, until there is none; what was opened on the right.
    mutating func deliver(_ datagram: [UInt8], now: Instant = Sample.start) -> [[UInt8]] {
        var opened: [[UInt8]] = []
        var toRight = [datagram]
        while !toRight.isEmpty {
            var toLeft: [[UInt8]] = []
            for datagram in toRight {
                let effects = right.receive(datagram, from: Sample.address(1), now: now)
                opened += effects.opened
                toLeft += effects.sent
            }
            toRight = toLeft.flatMap { left.receive($0, from: Sample.address(2), now: now).sent }
        }
        return opened
    }
}
