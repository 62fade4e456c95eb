import WeftTypes

/// W604: two ports that may be on one wire, so that what a segment sends out by one comes back by the other.
extension RuleChecker {
    /// The frames of a segment on the wires of a host: without a tag, or with one.
    private struct Lane: Hashable {
        let host: String
        let segment: String
        /// Nil for frames without a tag.
        let vlan: VLANID?
    }

    /// Only ports of one host are compared: of the wires of different hosts a file says nothing.
    mutating func checkLoops() {
        var claims: [Claim<Lane>] = []
        var devices: [String: String] = [:]
        for port in draft.ports where port.kind.isForeign {
            guard let host = port.host, hosts[host.value]?.kind == .agent, let device = port.device else { continue }
            devices[port.label] = device.value.text
            for (segment, vlan) in Self.tags(of: port) {
                let lane = Lane(host: host.value, segment: segment, vlan: vlan)
                claims.append(Claim(key: lane, owner: port.label, span: port.name.span))
            }
        }
        report(
            .possibleLoop, claims,
            advice: "keep one of the two, unless their wires never meet; agents find such a loop and block one of the two"
        ) { later, earlier in
            let (here, there) = (devices[later.owner] ?? "", devices[earlier.owner] ?? "")
            return "\(later.owner) and \(earlier.owner) both join segment '\(later.key.segment.shortened)' to wires of host "
                + "'\(later.key.host.shortened)', \(here) and \(there): if these meet, frames go round"
        }
    }

    /// The segments of a port with the tags their frames may have; those of a trunk's native one may have none as well.
    private static func tags(of port: PortDraft) -> [(segment: String, vlan: VLANID?)] {
        if let segment = port.segment { return [(segment.value, nil)] }
        let tagged = (port.trunk ?? []).compactMap { item in item.vlan.map { (item.segment.value, Optional($0.value)) } }
        return tagged + (port.native.map { [($0.value, nil)] } ?? [])
    }
}
