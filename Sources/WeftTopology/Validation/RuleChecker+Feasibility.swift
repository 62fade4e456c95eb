import WeftTypes

/// E5xx that need more than one object, and W6xx.
extension RuleChecker {
    mutating func checkFeasibility() {
        for segment in draft.segments { checkMTU(of: segment) }
        checkFamilies()
        checkInterfaces()
        checkKinds()
    }

    private mutating func checkMTU(of segment: SegmentDraft) {
        guard let mtu = segment.mtu, case .bytes(let count) = mtu.value else { return }
        let overhead = overheadByteCount(of: segment)
        guard count + overhead > environment.underlayMTU else { return }
        let family = overhead == IPAddress.Family.v4.overheadByteCount ? "IPv4" : "IPv6"
        problems.report(
            .mtuAboveUnderlay, at: mtu.span,
            "\(segment.label): MTU \(count) + \(overhead) for VXLAN over \(family) = \(count + overhead), above the underlay MTU \(environment.underlayMTU)",
            help: "use \(environment.underlayMTU - overhead) or less, or auto")
    }

    /// Each host is compared with the first one that has the family it lacks: one message a host, not one a pair.
    private mutating func checkFamilies() {
        var first: [IPAddress.Family: HostDraft] = [:]
        for host in draft.hosts where host.addresses.count == 1 {
            guard let address = host.addresses.first else { continue }
            let (family, span) = (address.value.family, address.span)
            if first[family] == nil { first[family] = host }
            guard let stranger = first[family == .v4 ? .v6 : .v4] else { continue }
            let (own, other) = family == .v4 ? ("IPv4", "IPv6") : ("IPv6", "IPv4")
            problems.report(
                .noCommonFamily, at: span,
                "\(host.label): its underlay is \(own) only and that of \(stranger.label) \(other) only, so no tunnel can join them",
                help: "give one of the two an address of both families: underlay: [192.0.2.11, \"2001:db8::11\"]")
        }
    }

    /// An agent tells the others by gossip what addresses its interface has; nothing does so for a plain end point.
    private mutating func checkInterfaces() {
        for host in draft.hosts where host.kind == .vtep {
            guard let interface = host.interface else { continue }
            problems.report(
                .keyOfAnotherKind, at: interface.span,
                "\(host.label): nobody tells the others the address of interface '\(interface.value)' of a plain VTEP",
                help: "give the address: underlay: 192.0.2.11; an interface is for hosts of kind agent")
        }
    }

    private mutating func checkKinds() {
        for port in draft.ports where port.host?.value == environment.host {
            if port.trunk != nil, port.attach == .bridge, port.kind != .bridge, !environment.hasVLANDevices {
                problems.report(
                    .kindImpossible, at: port.name.span,
                    "\(port.label): this host's kernel has no VLAN devices (802.1Q), so its VLANs can't join bridges",
                    help: "let the agent tell them apart: attach: direct; or modprobe 8021q")
            }
            guard let reason = environment.impossibleKinds[port.kind] else { continue }
            problems.report(
                .kindImpossible, at: port.name.span,
                "\(port.label): this host can't make ports of kind '\(port.kind.rawValue)': \(reason)")
        }
    }

    mutating func checkAdvice() {
        // A port that could not be read may be the one that seems to be missing.
        guard !draft.incomplete.contains(.ports) else { return }
        let usedSegments = Set(draft.ports.flatMap { Self.segmentNames(of: $0).map(\.value) }).union(probablyMeant)
        let isEverySegmentKnown = draft.ports.allSatisfy { !Self.segmentNames(of: $0).isEmpty }
        for segment in draft.segments where isEverySegmentKnown && !usedSegments.contains(segment.name.value) {
            problems.report(.emptySegment, at: segment.name.span, "\(segment.label) has no ports")
        }
        let usedHosts = Set(draft.ports.compactMap { $0.host?.value }).union(probablyMeant)
        let isEveryHostKnown = draft.ports.allSatisfy { $0.host != nil }
        for host in draft.hosts where isEveryHostKnown && host.kind == .agent && !usedHosts.contains(host.name.value) {
            problems.report(.idleHost, at: host.name.span, "\(host.label) has no ports")
        }
    }
}
