import WeftTypes

/// How a node finds others, and says goodbye.
struct Joining {
    /// All addresses it was ever told, for the day it is alone.
    var addresses: [GossipAddress] = []
    /// Those that have not answered yet.
    var unanswered: [GossipAddress] = []
    var retry: Duration = .zero
    var deadline: Instant?
}

extension Membership {
    /// Asks at these addresses until each has answered; several may lead to the same fabric or to none.
    mutating func join(_ addresses: [GossipAddress], _ turn: inout Turn) {
        if hasLeft {
            hasLeft = false
            table.update(MemberTable.ownSlot) { $0.state = .alive }
            announce(incarnation.next, &turn)
        }
        for address in addresses where !joining.addresses.contains(address) {
            guard joining.addresses.count < configuration.maximumJoinAddresses else { break }
            joining.addresses.append(address)
        }
        joining.unanswered = joining.addresses
        joining.retry = configuration.joinRetry
        joining.deadline = joining.unanswered.isEmpty ? nil : turn.now
    }

    mutating func advanceJoining(_ turn: inout Turn) {
        guard !hasLeft else {
            joining.deadline = nil
            return
        }
        if joining.deadline == nil, table.presentCount == 1, !joining.addresses.isEmpty {
            // Alone again, or none but itself answered: at the pace reached, not anew.
            joining.unanswered = joining.addresses
            joining.deadline = turn.now.advanced(by: joining.retry)
            joining.retry = nextRetry
        }
        guard let deadline = joining.deadline, turn.now >= deadline else { return }
        sequence &+= 1
        let number = sequence
        for address in joining.unanswered where families.contains(address.address.family) {
            turn.outbox.add(.join, to: address, byteCount: 4, carriesDigests: true) { $0.write(number) }
        }
        joining.deadline = turn.now.advanced(by: joining.retry)
        joining.retry = nextRetry
    }

    private var nextRetry: Duration {
        min(max(joining.retry * 2, configuration.joinRetry), configuration.deadProbePeriod)
    }

    /// Something came from `address`; whoever is there has been found.
    mutating func joined(at address: GossipAddress) {
        guard joining.deadline != nil else { return }
        joining.unanswered.removeAll { $0 == address }
        if joining.unanswered.isEmpty { joining.deadline = nil }
    }

    /// A datagram with this node's own identity came in: its own, sent to an address it was told to join at, or that of another
    /// node with the same key.
    mutating func heardOwnIdentity(_ datagram: Datagram, at address: GossipAddress, _ turn: inout Turn) {
        let isOwn = datagram.parts.contains { part in
            var body = part.body
            guard part.type == .membership(.join), let number = try? body.integer(UInt32.self) else { return false }
            // Another counts from another random number; the network may deliver this node's own again later.
            return sequence &- number < 1 << 16
        }
        if isOwn {
            joined(at: address)
        } else if datagram.incarnation >= incarnation {
            alarmDuplicate(at: address, &turn)
        }
    }

    /// Says goodbye: in a new incarnation, so that nothing older contradicts it, and to a few at once.
    mutating func leave(_ turn: inout Turn) {
        guard !hasLeft else { return }
        hasLeft = true
        let incarnation = incarnation.next
        table.update(MemberTable.ownSlot) {
            $0.incarnation = incarnation
            $0.state = .left
        }
        // The heads of datagrams keep the old one: that something comes from this node is no sign that it has not left.
        changed(MemberTable.ownSlot, &turn)
        spread(MemberTable.ownSlot, &turn)
        for slot in randomPresent(max(configuration.indirectProbeCount, 3), except: nil, &turn) {
            if let address = reach(slot) { tell(address, of: MemberTable.ownSlot, &turn) }
        }
    }
}
