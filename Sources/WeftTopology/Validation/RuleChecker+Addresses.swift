import WeftTypes

/// E3xx that need a second object: an address against the subnets of its segment, an MTU against them.
extension RuleChecker {
    mutating func checkAddresses() {
        for port in draft.ports {
            // A trunk's addresses could be of any of its segments, so only a plain port's are judged.
            guard let name = port.segment, let segment = segments[name.value] else { continue }
            for address in port.addresses { check(address, of: port, in: segment) }
        }
        for segment in draft.segments { checkIPv6MTU(of: segment) }
    }

    private mutating func check(_ draft: PortDraft.AddressDraft, of port: PortDraft, in segment: SegmentDraft) {
        let address = draft.address
        let inside = segment.subnets.map(\.value).first { $0.contains(address) }
        let subnets = segment.subnets.map(\.value.description).joined(separator: " and ")
        let complaint: (cause: String, help: String?)? =
            if let inside, let length = draft.length, length != inside.length {
                ("address \(address)/\(length) does not have the length of subnet \(inside)", "leave the length out")
            } else if let inside {
                Self.whyNotHost(address, in: inside).map { ($0, nil) }
            } else if !segment.subnets.isEmpty {
                (
                    "address \(address) is not inside \(subnets) of \(segment.label)",
                    segment.subnets.first.map { "the subnet is given at \(problems.place($0.span))" }
                )
            } else if let length = draft.length {
                IPPrefix(address: address, length: length).flatMap { Self.whyNotHost(address, in: $0) }.map { ($0, nil) }
            } else {
                (
                    "address \(address) needs a length, because \(segment.label) has no subnet",
                    "write \(address)/\(address.family == .v4 ? 24 : 64), or give the segment a subnet"
                )
            }
        if let complaint {
            problems.report(.invalidAddress, at: draft.span, "\(port.label): \(complaint.cause)", help: complaint.help)
        }
    }

    /// Why no guest can have `address` in `subnet`: the network's own address, IPv4's broadcast address (RFC 919), IPv6's
    /// subnet-router anycast (RFC 4291 §2.6.1), or not unicast. Point-to-point subnets have none of these (RFC 3021, 6164).
    private static func whyNotHost(_ address: IPAddress, in subnet: IPPrefix) -> String? {
        if address.isMulticast { return "address \(address) is multicast; use a unicast address" }
        guard subnet.length < address.family.bitCount - 1 else { return nil }
        if address == subnet.network { return "address \(address) is the network address of \(subnet.network)/\(subnet.length)" }
        if address.family == .v4, address == subnet.last {
            return "address \(address) is the broadcast address of \(subnet.network)/\(subnet.length)"
        }
        return nil
    }

    private mutating func checkIPv6MTU(of segment: SegmentDraft) {
        guard let subnet = segment.subnets.first(where: { $0.value.address.family == .v6 }) else { return }
        switch segment.mtu?.value ?? .automatic {
        case .bytes(let mtu):
            guard mtu < 1280, let span = segment.mtu?.span else { return }
            problems.report(
                .mtuBelowIPv6, at: span, "\(segment.label): MTU \(mtu) is below 1280, which IPv6 needs (subnet \(subnet.value))",
                help: "use 1280 or more, or auto")
        case .automatic:
            let overhead = overheadByteCount(of: segment)
            let mtu = min(1500, environment.underlayMTU) - overhead
            guard mtu < 1280 else { return }
            problems.report(
                .mtuBelowIPv6, at: subnet.span,
                "\(segment.label): underlay MTU \(environment.underlayMTU) − \(overhead) = \(mtu) is below 1280, which IPv6 needs",
                help: "raise the underlay's MTU to \(1280 + overhead) or remove the IPv6 subnet")
        }
    }
}
