import WeftTypes

/// E4xx between objects. The one that stands later in the file is reported, and the message names the earlier one.
extension RuleChecker {
    mutating func checkConflicts() {
        checkVNIs()
        checkUnderlays()
        checkInsideSegments()
        checkDevices()
        checkSockets()
        checkSubnets()
    }

    /// Something that has to be the only one of its key.
    struct Claim<Key: Hashable> {
        let key: Key
        let owner: String
        let span: SourceSpan
    }

    /// Reports each claim whose key an earlier one in the file has.
    mutating func report<Key: Hashable>(
        _ code: DiagnosticCode, _ claims: [Claim<Key>], advice: String, message: (Claim<Key>, Claim<Key>) -> String
    ) {
        var first: [Key: Claim<Key>] = [:]
        for claim in claims.sorted(by: { $0.span < $1.span }) {
            guard let other = first[claim.key] else {
                first[claim.key] = claim
                continue
            }
            problems.report(
                code, at: claim.span, message(claim, other), help: "that one is at \(problems.place(other.span)); \(advice)")
        }
    }

    private mutating func checkVNIs() {
        let claims = draft.segments.compactMap { segment in
            segment.vni.map { Claim(key: $0.value, owner: segment.label, span: $0.span) }
        }
        report(.vniTwice, claims, advice: "use another number") { "\($0.owner): VNI \($0.key) is that of \($1.owner)" }
    }

    private mutating func checkUnderlays() {
        let claims = draft.hosts.flatMap { host in
            host.addresses.map { Claim(key: $0.value, owner: host.label, span: $0.span) }
        }
        report(.underlayTwice, claims, advice: "each host has its own") {
            "\($0.owner): underlay address \($0.key) is that of \($1.owner)"
        }
    }

    private struct InSegment<Value: Hashable>: Hashable {
        let segment: String
        let value: Value
    }

    private mutating func checkInsideSegments() {
        var macs: [Claim<InSegment<MACAddress>>] = []
        var addresses: [Claim<InSegment<IPAddress>>] = []
        for port in draft.ports {
            for segment in Self.segmentNames(of: port) {
                if let mac = port.mac(in: draft.name) {
                    let span = port.mac?.span ?? port.name.span
                    macs.append(Claim(key: .init(segment: segment.value, value: mac), owner: port.label, span: span))
                }
                for address in port.addresses {
                    let key = InSegment(segment: segment.value, value: address.address)
                    addresses.append(Claim(key: key, owner: port.label, span: address.span))
                }
            }
        }
        report(.macTwice, macs, advice: "each port has its own") {
            "\($0.owner): MAC \($0.key.value) is that of \($1.owner) in segment '\($0.key.segment.shortened)'"
        }
        report(.addressTwice, addresses, advice: "each port has its own") { later, earlier in
            let isSame = later.owner == earlier.owner
            let cause = isSame ? "is given twice" : "is that of \(earlier.owner) in segment '\(later.key.segment.shortened)'"
            return "\(later.owner): address \(later.key.value) \(cause)"
        }
    }

    private struct OnHost: Hashable {
        let host: String
        let device: DeviceName
    }

    /// Devices named in the file and those Weft derives; plain end points have none that are ours.
    private mutating func checkDevices() {
        var claims: [Claim<OnHost>] = []
        for host in draft.hosts {
            guard let interface = host.interface else { continue }
            let key = OnHost(host: host.name.value, device: interface.value)
            claims.append(Claim(key: key, owner: "the underlay", span: interface.span))
        }
        var bridged: Set<[String]> = []
        for port in draft.ports {
            guard let host = port.host, hosts[host.value]?.kind == .agent else { continue }
            if let device = port.device?.value ?? derivedDevice(of: port) {
                let key = OnHost(host: host.value, device: device)
                claims.append(Claim(key: key, owner: port.label, span: port.device?.span ?? port.name.span))
            }
            for name in Self.segmentNames(of: port) where bridged.insert([host.value, name.value]).inserted {
                claims += segmentClaims(name.value, on: host.value)
            }
        }
        report(.deviceTwice, claims, advice: "a device belongs to one object") {
            "\($0.owner): device '\($0.key.device)' on host '\($0.key.host.shortened)' is that of \($1.owner)"
        }
    }

    private struct PathOnHost: Hashable {
        let host: String
        let path: String
    }

    private mutating func checkSockets() {
        let claims = draft.ports.compactMap { port in
            port.host.flatMap { host in
                port.socket?.path.map {
                    Claim(key: PathOnHost(host: host.value, path: $0.value), owner: port.label, span: $0.span)
                }
            }
        }
        report(.deviceTwice, claims, advice: "a socket belongs to one port") {
            "\($0.owner): socket '\($0.key.path.shortened)' on host '\($0.key.host.shortened)' is that of \($1.owner)"
        }
    }

    private func derivedDevice(of port: PortDraft) -> DeviceName? {
        guard let kind = port.kind.mark, let fabric = draft.name, let name = TopologyName(port.name.value) else { return nil }
        return DeviceName(kind, fabric: fabric, name: name)
    }

    private func segmentClaims(_ segment: String, on host: String) -> [Claim<OnHost>] {
        guard let fabric = draft.name, let name = TopologyName(segment), let definition = segments[segment] else { return [] }
        return [Mark.Kind.bridge, .uplink].map { kind in
            let device = DeviceName(kind, fabric: fabric, name: name)
            return Claim(key: OnHost(host: host, device: device), owner: definition.label, span: definition.name.span)
        }
    }

    /// Two prefixes overlap only when one contains the other, so in the order of their networks a stack of the open ones
    /// finds every overlap.
    private mutating func checkSubnets() {
        let all = draft.segments.flatMap { segment in
            segment.subnets.map { (prefix: $0.value, segment: segment, span: $0.span) }
        }
        let tenants = Dictionary(grouping: all) { Self.tenant(of: $0.segment.name.value) ?? "" }
        for tenant in tenants.keys.sorted() {
            var open: [(prefix: IPPrefix, segment: SegmentDraft, span: SourceSpan)] = []
            for item in (tenants[tenant] ?? []).sorted(by: { ($0.prefix, $0.span) < ($1.prefix, $1.span) }) {
                while let last = open.last, !last.prefix.contains(item.prefix.address) { open.removeLast() }
                if let other = open.last {
                    let (later, earlier) = other.span < item.span ? (item, other) : (other, item)
                    problems.report(
                        .subnetsOverlap, at: later.span,
                        "\(later.segment.label): subnet \(later.prefix) overlaps \(earlier.prefix) of \(earlier.segment.label)",
                        help: "that one is at \(problems.place(earlier.span)); the subnets of one tenant share no address")
                }
                open.append(item)
            }
        }
    }
}
