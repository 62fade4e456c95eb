import WeftGossip
import WeftTypes

/// What comes out of opened envelopes: several datagrams, some with a sound header of a member, a stranger or the node itself,
/// and time that passes between them.
///
/// Each is a byte that says which, two bytes of length, and what follows the header. A node must not stop, send a datagram that is too
/// long, send without end, or lose its own record or its own place among the members.
func testOneInput(_ bytes: RawSpan) {
    let content = (0..<bytes.byteCount).map { unsafe bytes.unsafeLoadUnaligned(fromByteOffset: $0, as: UInt8.self) }
    let configuration = GossipConfiguration()
    var now = Instant(nanoseconds: 1_000_000_000)
    let identity = NodeID(rawValue: 1 << 64)
    let member = NodeID(rawValue: 2 << 64)
    var node = GossipNode(configuration, identity: identity, epoch: 3, random: 7, now: now)
    var effects: [GossipNode.Effect] = []
    node.handle(.start(joining: []), now: now, into: &effects)
    if let name = RecordValue(bytes: [1, 2, 3]), let segment = VNI(100) {
        node.handle(.publish(.segment(segment), name), now: now, into: &effects)
    }
    let other = introduce(member, to: &node, now: now)
    let records = node.records(of: identity).count

    var rest = content[...]
    while rest.count >= 3 {
        let (choice, length) = (rest.removeFirst(), Int(rest.removeFirst()) << 8 | Int(rest.removeFirst()))
        let body = Array(rest.prefix(length))
        rest = rest.dropFirst(length)
        let header: [UInt8]
        switch choice & 3 {
        case 0: header = []
        case 1: header = prefix(of: member, epoch: choice >> 4)
        case 2: header = prefix(of: identity, epoch: choice >> 4)
        default: header = prefix(of: NodeID(rawValue: UInt128(choice) << 64), epoch: choice >> 4)
        }
        if choice & 8 != 0 { now = now.advanced(by: .milliseconds(300)) }
        effects.removeAll()
        node.handle(.received(header + body, from: other), now: now, into: &effects)
        node.handle(.tick, now: now, into: &effects)
        precondition(effects.count < 4096, "\(effects.count) effects of one datagram")
        for case .send(let datagram, to: _) in effects {
            precondition(datagram.count <= configuration.datagramByteLimit, "a datagram of \(datagram.count) bytes")
        }
    }
    precondition(node.records(of: identity).count == records, "own records were changed from outside")
    precondition(node.member(identity)?.state == .alive, "the node no longer counts itself as alive")
    precondition(node.members.count <= configuration.maximumMembers, "\(node.members.count) members")
}

/// Lets another node join, and returns its address.
private func introduce(_ id: NodeID, to node: inout GossipNode, now: Instant) -> GossipAddress {
    let here = GossipAddress(address: .v4(IPv4Address(rawValue: 0xC000_020B)))
    let there = GossipAddress(address: .v4(IPv4Address(rawValue: 0xC000_020C)))
    var other = GossipNode(GossipConfiguration(), identity: id, epoch: 1, random: 8, now: now)
    var effects: [GossipNode.Effect] = []
    other.handle(.start(joining: [here]), now: now, into: &effects)
    for _ in 0..<4 {
        var answers: [GossipNode.Effect] = []
        for case .send(let datagram, to: _) in effects { node.handle(.received(datagram, from: there), now: now, into: &answers) }
        effects.removeAll()
        for case .send(let datagram, to: _) in answers { other.handle(.received(datagram, from: here), now: now, into: &effects) }
    }
    return there
}

/// A datagram's header: version, sender, incarnation.
private func prefix(of sender: NodeID, epoch: UInt8) -> [UInt8] {
    var bytes: [UInt8] = [1]
    for shift in [UInt128](stride(from: 120, through: 0, by: -8)) {
        bytes.append(UInt8(truncatingIfNeeded: sender.rawValue >> shift))
    }
    return bytes + [0, 0, 0, epoch, 0, 0, 0, 0]
}
