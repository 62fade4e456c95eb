import WeftTypes

/// How a node finds others, and says goodbye.
struct Joining {
    /// All addresses it was ever told, for the day it is alone.
    var addresses: [GossipAddress] = []
    /// Those that have not answered yet, with the sequence they were last asked under.
    var unanswered: [(address: GossipAddress, sequence: UInt32)] = []
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
        for address in joining.addresses where !joining.unanswered.contains(where: { $0.address == address }) {
            joining.unanswered.append((address, 0))
        }
        joining.retry = configuration.joinRetry
        joining.deadline = joining.unanswered.isEmpty ? nil : turn.now
    }

    mutating func advanceJoining(_ turn: inout Turn) {
        guard !hasLeft else {
            joining.deadline = nil
            return
        }
        if joining.deadline == nil, table.presentCount == 1, !joining.addresses.isEmpty { join([], &turn) }
        guard let deadline = joining.deadline, turn.now >= deadline else { return }
        for index in joining.unanswered.indices {
            sequence &+= 1
            joining.unanswered[index].sequence = sequence
            let number = sequence
            turn.outbox.add(.join, to: joining.unanswered[index].address, byteCount: 4, carriesDigests: true) {
                $0.write(number)
            }
        }
        joining.deadline = turn.now.advanced(by: joining.retry)
        joining.retry = min(joining.retry * 2, configuration.deadProbePeriod)
    }

    /// Something came from `address`; whoever is there has been found.
    mutating func joined(at address: GossipAddress) {
        guard joining.deadline != nil else { return }
        joining.unanswered.removeAll { $0.address == address }
        if joining.unanswered.isEmpty { joining.deadline = nil }
    }

    /// A datagram with this node's own identity came in: its own, sent to an address it was told to join at, or that of another
    /// node with the same key.
    mutating func heardOwnIdentity(_ datagram: Datagram, at address: GossipAddress, _ turn: inout Turn) {
        let isOwn = datagram.parts.contains { part in
            var body = part.body
            guard part.type == .membership(.join), let number = try? body.integer(UInt32.self) else { return false }
            return joining.unanswered.contains { $0.sequence == number }
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
            if let address = table[slot].address { tell(address, of: MemberTable.ownSlot, &turn) }
        }
    }
}
