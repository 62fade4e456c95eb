import WeftTypes

extension ShapeReader {
    static let segmentKeys = ["vni", "subnet", "mtu", "tags", "flood", "vteps"]

    /// Reads one entry of `segments`.
    mutating func segment(_ entry: DocumentEntry) -> SegmentDraft {
        let label = "segment '\(entry.key.shortened)'"
        name(entry.key, at: entry.keySpan, what: "segment", allowsTenant: true)
        var segment = SegmentDraft(name: Located(value: entry.key, span: entry.keySpan))
        guard var fields = fields(of: entry.value, label: label, span: entry.keySpan, known: Self.segmentKeys) else {
            return segment
        }
        if let defaults = defaults["segment"] { fields.fill(from: defaults) }

        if fields.has("vni") {
            segment.vni = vni(of: fields)
        } else {
            reportMissing("vni", in: fields, help: "add a number of its own: vni: 100")
        }
        readSubnets(of: fields, into: &segment)
        segment.mtu = mtu(of: fields)
        segment.tags = word("tags", of: fields)?.value ?? .drop
        segment.flood = word("flood", of: fields)?.value ?? .members
        segment.vteps = vteps(of: fields)
        return segment
    }

    private mutating func vni(of fields: Fields) -> Located<VNI>? {
        let maximum = Int(VNI.maximum.rawValue)
        let number = number("vni", of: fields, in: 1...maximum, code: .vniRange) { text in
            let isSmall = text == "0" || text.hasPrefix("-")
            return "VNI \(text) \(isSmall ? "is not above zero" : "does not fit in 24 bits"); use 1…\(maximum)"
        }
        return number.flatMap { number in VNI(UInt32(number.value)).map { Located(value: $0, span: number.span) } }
    }

    private mutating func mtu(of fields: Fields) -> Located<Segment.MTU>? {
        guard let field = fields["mtu"] else { return nil }
        if case .scalar("auto", _) = field.node.content { return Located(value: .automatic, span: field.node.span) }
        return number("mtu", of: fields, in: 576...9216, code: .mtuRange) { "MTU \($0) is outside 576…9216" }
            .map { Located(value: .bytes($0.value), span: $0.span) }
    }

    private mutating func readSubnets(of fields: Fields, into segment: inout SegmentDraft) {
        guard let field = fields["subnet"] else { return }
        let nodes = items("subnet", of: fields)
        for (index, node) in nodes.enumerated() {
            guard index < 2 else {
                problems.report(.tooMany, at: node.span, "\(field.label): more than two subnets; a segment has one or two")
                break
            }
            if let subnet = subnet(node, label: field.label) { segment.subnets.append(subnet) }
        }
    }

    private mutating func subnet(_ node: DocumentNode, label: String) -> Located<IPPrefix>? {
        guard let text = text(of: node, key: "subnet", label: label, expected: "a network such as 10.1.0.0/24") else {
            return nil
        }
        guard let subnet = IPPrefix(text.value) else {
            let help = IPAddress(text.value).map { "a length is missing: \($0)/\($0.family == .v4 ? 24 : 64)" }
            problems.report(
                .malformedAddress, at: text.span, "\(label): '\(text.value.shortened)' is not a network",
                help: help ?? "write a network as 10.1.0.0/24 or \"2001:db8:1::/64\"")
            return nil
        }
        guard subnet.hasNoHostBits else {
            problems.report(
                .invalidSubnet, at: text.span, "\(label): subnet \(subnet) has host bits",
                help: "the network is \(subnet.network)/\(subnet.length)")
            return nil
        }
        guard !subnet.address.isMulticast, subnet.length > 0 else {
            let cause = subnet.length == 0 ? "is every address there is" : "is multicast"
            problems.report(
                .invalidSubnet, at: text.span, "\(label): subnet \(subnet) \(cause); use a network of unicast addresses")
            return nil
        }
        return Located(value: subnet, span: text.span)
    }

    private mutating func vteps(of fields: Fields) -> [Located<String>]? {
        guard let field = fields["vteps"], !field.node.isNothing else { return nil }
        return items("vteps", of: fields).compactMap { node in
            text(of: node, key: "vteps", label: field.label, expected: "the name of a host")
        }
    }
}
