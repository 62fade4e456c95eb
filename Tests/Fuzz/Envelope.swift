import WeftSealing
import WeftTypes

/// What comes to the gossip port: the bytes as they are, and as changes to the bits of a genuine datagram.
///
/// A channel opens exactly what a member sealed, each once, and never sends more bytes than it was given.
func testOneInput(_ bytes: RawSpan) {
    let content = (0..<bytes.byteCount).map { unsafe bytes.unsafeLoadUnaligned(fromByteOffset: $0, as: UInt8.self) }
    var random = SeededRandom(seed: 1)
    let ring = KeyRing(RingKey(using: &random))
    var left = SealedChannel(fabric: "office", node: NodeID(rawValue: 1 << 64), ring: ring, random: SeededRandom(seed: 2))
    var right = SealedChannel(fabric: "office", node: NodeID(rawValue: 2 << 64), ring: ring, random: SeededRandom(seed: 3))

    let unknown = deliver(content, to: &right)
    precondition(unknown.opened.isEmpty, "a sender was believed without an echo")

    // The left side introduces itself; from then on what it seals is opened at once.
    let challenges = deliver(left.seal([UInt8](repeating: 0, count: 16)), to: &right).sent
    for challenge in challenges { for echo in deliver(challenge, to: &left).sent { _ = deliver(echo, to: &right) } }
    let plaintext = Array((content + [UInt8](repeating: 0, count: 16)).prefix(Envelope.plaintextByteCounts.upperBound))
    let datagram = left.seal(plaintext)
    var altered = datagram
    for (index, bits) in content.enumerated().prefix(datagram.count) { altered[index] ^= bits }
    if altered != datagram { precondition(deliver(altered, to: &right).opened.isEmpty, "an altered datagram was opened") }
    precondition(deliver(datagram, to: &right).opened == [plaintext], "a genuine datagram was not opened")
    precondition(deliver(datagram, to: &right).opened.isEmpty, "a datagram was opened twice")
}

/// What becomes of one datagram.
private func deliver(
    _ datagram: [UInt8], to channel: inout SealedChannel<SeededRandom>
) -> (opened: [[UInt8]], sent: [[UInt8]]) {
    let origin = GossipAddress(address: .v4(IPv4Address(rawValue: 0xC000_020B)))
    var effects: [SealedChannel<SeededRandom>.Effect] = []
    channel.receive(datagram, from: origin, now: Instant(nanoseconds: 1_000_000_000), into: &effects)
    var (opened, sent): ([[UInt8]], [[UInt8]]) = ([], [])
    for effect in effects {
        switch effect {
        case .opened(let datagram): opened.append(datagram.plaintext)
        case .send(let datagram, to: _): sent.append(datagram)
        case .refused: break
        }
    }
    precondition(sent.reduce(0) { $0 + $1.count } <= datagram.count, "more was sent than caused it")
    return (opened, sent)
}
