import WeftTypes

extension ShapeReader {
    static let hostKeys = ["underlay", "kind", "port", "gossip", "remcsum", "labels"]

    /// Reads one entry of `hosts`.
    mutating func host(_ entry: DocumentEntry) -> HostDraft {
        let label = "host '\(entry.key.shortened)'"
        name(entry.key, at: entry.keySpan, what: "host", allowsTenant: false)
        var host = HostDraft(name: Located(value: entry.key, span: entry.keySpan))
        guard var fields = fields(of: entry.value, label: label, span: entry.keySpan, known: Self.hostKeys) else { return host }
        if let defaults = defaults["host"] { fields.fill(from: defaults) }

        readUnderlay(of: fields, into: &host)
        host.kind = word("kind", of: fields)?.value ?? .agent
        host.udpPort = portNumber("port", of: fields, what: "UDP port")
        host.gossipPort = portNumber("gossip", of: fields, what: "UDP port")
        host.takesRemoteChecksums = flag("remcsum", of: fields) ?? false
        host.labels = labels(of: fields)
        checkPortsDiffer(host, fields)
        return host
    }

    private mutating func readUnderlay(of fields: Fields, into host: inout HostDraft) {
        guard let field = fields["underlay"] else {
            reportMissing("underlay", in: fields, help: "add the address the other hosts reach it at: underlay: 192.0.2.11")
            return
        }
        if case .mapping = field.node.content {
            readInterface(field, into: &host)
            return
        }
        if case .sequence(let nodes) = field.node.content, nodes.isEmpty {
            problems.report(.wrongType, at: field.node.span, "\(field.label): 'underlay' is an empty list; expected an address")
        }
        let nodes = items("underlay", of: fields)
        if nodes.isEmpty { _ = underlayAddress(field.node, label: field.label) }
        for node in nodes {
            guard let address = underlayAddress(node, label: field.label) else { continue }
            if let other = host.addresses.first(where: { $0.value.family == address.value.family }) {
                problems.report(
                    .tooMany, at: address.span,
                    "\(field.label): two underlay addresses of one family, \(other.value) and \(address.value)",
                    help: "give one IPv4 address, one IPv6 address, or one of each")
            } else {
                host.addresses.append(address)
            }
        }
    }

    private mutating func underlayAddress(_ node: DocumentNode, label: String) -> Located<IPAddress>? {
        if case .sequence(let nodes) = node.content, nodes.isEmpty { return nil }
        guard let text = text(of: node, key: "underlay", label: label, expected: "an address") else { return nil }
        guard let address = IPAddress(text.value) else {
            let isPrefix = IPPrefix(text.value) != nil
            problems.report(
                .malformedAddress, at: text.span, "\(label): '\(text.value.shortened)' is not an IP address",
                help: isPrefix
                    ? "leave out the length" : "an interface is written as underlay: { interface: \(text.value.shortened) }")
            return nil
        }
        if let cause = Self.whyNotUnderlay(address) {
            problems.report(.invalidUnderlay, at: text.span, "\(label): underlay address \(address) \(cause)")
            return nil
        }
        return Located(value: address, span: text.span)
    }

    /// Why an address can't be a host's own on the underlay; nil when it can.
    private static func whyNotUnderlay(_ address: IPAddress) -> String? {
        if address.isMulticast { return "is a multicast address; use one that belongs to the host" }
        switch address {
        case .v4(let address):
            if address.rawValue >> 24 == 0 { return "is not an address of a host" }
            return address.isLimitedBroadcast ? "is the broadcast address; use one that belongs to the host" : nil
        case .v6(let address):
            if address.isUnspecified { return "is not an address of a host" }
            if address.isLinkLocal { return "is link-local, so it is not valid without a zone; use a global or unique local one" }
            return address.rawValue >> 32 == 0xFFFF ? "is an IPv4 address in IPv6 form; write it as IPv4" : nil
        }
    }

    private mutating func readInterface(_ field: Fields.Field, into host: inout HostDraft) {
        let label = "\(field.label): 'underlay'"
        guard let fields = fields(of: field.node, label: label, span: field.node.span, known: ["interface"]) else { return }
        guard let interface = fields["interface"] else {
            reportMissing("interface", in: fields, help: "write underlay: { interface: eth1 }, or an address")
            return
        }
        host.interface = device(of: interface.node, key: "interface", label: field.label)
    }

    private mutating func checkPortsDiffer(_ host: HostDraft, _ fields: Fields) {
        let udpPort = host.udpPort?.value ?? VTEP.defaultUDPPort
        let gossipPort = host.gossipPort?.value ?? Host.defaultGossipPort
        guard host.kind == .agent, udpPort == gossipPort, let span = (host.gossipPort ?? host.udpPort)?.span else { return }
        problems.report(
            .udpPortTwice, at: span, "\(host.label): UDP port \(udpPort) is used for VXLAN and for gossip; use two ports")
    }
}
