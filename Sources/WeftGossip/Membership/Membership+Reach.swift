import WeftTypes

// A fabric may have nodes of IPv4, of IPv6 and of both. A member is kept at one address, which is one that this node can send to
// where there is one; who has no family in common with a member leaves it to the others to probe it, and hears of it from them.

extension Membership {
    /// Where a member is sent to; nil if that isn't known, or is an address of a family that this node doesn't have.
    func reach(_ slot: Int) -> GossipAddress? {
        guard let address = table[slot].address, families.contains(address.address.family) else { return nil }
        return address
    }

    /// What a member is kept at that is known at `known` and told to be at `address`: others may reach it by a family that this node
    /// doesn't have.
    func preferred(_ address: GossipAddress?, over known: GossipAddress?) -> GossipAddress? {
        guard let address else { return nil }
        guard let known, families.contains(known.address.family), !families.contains(address.address.family) else {
            return address
        }
        return known
    }

    /// This node has other families than before.
    mutating func familiesChanged(to families: AddressFamilies, _ turn: inout Turn) {
        guard families != self.families else { return }
        self.families = families
        // Who is at an address that is out of reach now may have another: its record tells.
        for slot in table.entries.indices where slot != MemberTable.ownSlot && reach(slot) == nil { turn.changed.append(slot) }
    }

    /// A member says of itself where its gossip is heard: where the address it is known at is none of those, or out of reach, one of
    /// the same family, else another that is in reach, is used from now on; where none is, it is out of reach.
    mutating func learnAddresses(_ addresses: [GossipAddress], of slot: Int) {
        guard slot != MemberTable.ownSlot, !addresses.isEmpty else { return }
        if let known = reach(slot), addresses.contains(known) { return }
        let family = table[slot].address?.address.family
        let within = addresses.filter { families.contains($0.address.family) }
        guard let address = within.first(where: { $0.address.family == family }) ?? within.first ?? addresses.first else {
            return
        }
        table.update(slot) { $0.address = address }
    }
}

extension GossipNode {
    /// Looks for addresses of members in what their records say: in those that came in this turn, and of members that are new or
    /// changed and out of reach.
    mutating func followAddresses(in first: Int) {
        for index in first..<turn.effects.count {
            guard case .recordChanged(let origin, .node, let value?) = turn.effects[index],
                let slot = membership.table.slot(of: origin)
            else { continue }
            membership.learnAddresses(NodeRecord.gossipAddresses(of: value), of: slot)
        }
        for slot in turn.changed where slot != MemberTable.ownSlot && membership.reach(slot) == nil {
            guard let origin = replication.replica.origin(membership.table[slot].id), !origin.isSuperseded,
                let value = origin.value(of: .node)
            else { continue }
            membership.learnAddresses(NodeRecord.gossipAddresses(of: value), of: slot)
        }
    }
}
