import WeftTypes

extension Membership {
    /// Probes `target` for another node (SWIM §3.1).
    mutating func relay(
        _ originSequence: UInt32, to target: NodeID, at address: GossipAddress?, for origin: GossipAddress, _ turn: inout Turn
    ) {
        guard target != identity else {
            answerIndirectly(originSequence, for: MemberTable.ownSlot, to: origin, &turn)
            return
        }
        if relays.count >= configuration.maximumRelays { relays.removeAll { $0.stage == .failed } }
        guard relays.count < configuration.maximumRelays, let slot = table.slot(of: target), reach(slot) != nil else {
            // That this node is there is known to it at least; the asker is not to blame itself (Lifeguard, LHA-Probe).
            turn.counters.count(.relaysRefused)
            turn.outbox.add(.nack, to: origin, byteCount: 4) { $0.write(originSequence) }
            return
        }
        sequence &+= 1
        turn.counters.count(.relayedProbes)
        relays.append(
            Relay(
                origin: origin, originSequence: originSequence, slot: slot, sequence: sequence, sent: turn.now,
                deadline: turn.now.advanced(by: nackDelay(of: slot))))
        ping(slot, sequence, &turn)
        if let address, address != reach(slot), families.contains(address.address.family) {
            let number = sequence
            turn.outbox.add(.ping, to: address, byteCount: 4, carriesDigests: true) { $0.write(number) }
        }
    }

    /// 80 % of the time a direct answer is waited for (Lifeguard, LHA-Probe).
    private func nackDelay(of slot: Int) -> Duration { directTimeout(of: slot) * 4 / 5 }

    /// What was not answered in time: first a nack and a second ping, then this node's own evidence, then nothing.
    mutating func advanceRelays(_ turn: inout Turn) {
        guard !relays.isEmpty else { return }
        var index = 0
        while index < relays.count {
            guard let deadline = relays[index].deadline, turn.now >= deadline else {
                index += 1
                continue
            }
            let relay = relays[index]
            switch relay.stage {
            case .waiting:
                turn.outbox.add(.nack, to: relay.origin, byteCount: 4) { $0.write(relay.originSequence) }
                ping(relay.slot, relay.sequence, &turn)
                relays[index].stage = .nacked
                relays[index].deadline = turn.now.advanced(by: nackDelay(of: relay.slot))
            case .nacked:
                relays[index].stage = .failed
                relays[index].deadline = turn.now.advanced(by: configuration.minimumSuspicion * 2)
                confirmIfSuspect(relay.slot, &turn)
            case .failed:
                relays.remove(at: index)
                continue
            }
            index += 1
        }
    }

    /// Whether a probe made for another lately got no answer from this member.
    func hasFailedRelay(to slot: Int) -> Bool { relays.contains { $0.slot == slot && $0.stage == .failed } }
}
