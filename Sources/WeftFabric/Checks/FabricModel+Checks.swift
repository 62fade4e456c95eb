import WeftTopology

extension FabricModel {
    /// Judges all checks of the topology, in their order, each as if nobody had talked before.
    public func verdicts() -> [CheckVerdict] { topology.checks.compactMap { verdict(on: $0) } }

    /// Judges a check by following, host by host, the packets of which such traffic begins: the question for the address and its
    /// answer, then the traffic and what answers that. Nil where one of the ports does not exist.
    ///
    /// Guests answer what reaches them; what they themselves refuse is not seen here.
    public func verdict(on check: Check) -> CheckVerdict? {
        var verdict: CheckVerdict?
        for talk in topology.talks(of: check) {
            guard let next = judge(talk, of: check) else { continue }
            if next.isReached { return next }
            verdict = verdict ?? next
        }
        return verdict
    }

    private func judge(_ talk: Talk, of check: Check) -> CheckVerdict? {
        if let cause = talk.obstacle { return CheckVerdict(check: check, isReached: false, cause: cause, legs: []) }
        var model = self
        var legs: [CheckVerdict.Leg] = []
        for packet in talk.packets {
            guard let sender = topology.port(named: packet.from), let segment = topology.segment(named: talk.segment) else {
                return nil
            }
            let journey = model.send(packet.frame, from: sender, into: segment)
            let leg = CheckVerdict.Leg(
                packet: packet.name, from: packet.from, to: packet.to, segment: talk.segment, journey: journey)
            legs.append(leg)
            guard leg.arrives else {
                return CheckVerdict(check: check, isReached: false, cause: cause(of: leg, check), legs: legs)
            }
        }
        return CheckVerdict(check: check, isReached: true, cause: "reached in \(talk.segment)", legs: legs)
    }

    private func cause(of leg: CheckVerdict.Leg, _ check: Check) -> String {
        if let cause = topology.separation(of: check) { return cause }
        let drops = leg.journey.drops.map { "\($0.object) on \($0.host)" + ($0.detail.isEmpty ? "" : " (\($0.detail))") }
        let others = leg.journey.deliveries.isEmpty ? "nobody" : leg.journey.deliveries.map(\.text).joined(separator: ", ")
        return "the \(leg.packet) of \(leg.from) does not reach \(leg.to) but \(others)"
            + (drops.isEmpty ? "" : "; dropped: \(drops.joined(separator: ", "))")
    }
}

extension Topology {
    /// Why a check's ports can't reach each other by what the file says: they have no segment in common. Nil when they have.
    public func separation(of check: Check) -> String? {
        guard let from = port(named: check.from), let to = port(named: check.to),
            !from.segments.contains(where: { to.isIn($0) })
        else { return nil }
        func list(_ names: [TopologyName]) -> String { names.map(\.text).joined(separator: ", ") }
        return "\(from.name) is in \(list(from.segments)) and \(to.name) in \(list(to.segments)); "
            + "nothing goes from one segment to another"
    }
}
