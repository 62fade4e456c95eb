extension ShapeReader {
    static let checkKeys = ["from", "to", "proto", "port", "expect"]

    private enum ProtocolWord: String, CaseIterable {
        case icmp, tcp, udp, arp
    }

    /// Reads the list of checks.
    mutating func checks(_ fields: Fields) -> [CheckDraft] {
        guard let field = fields["checks"], !field.node.isNothing else { return [] }
        guard case .sequence(let nodes) = field.node.content else {
            problems.report(.wrongType, at: field.node.span, "'checks' is \(field.node.summary); expected a list")
            return []
        }
        return nodes.enumerated().compactMap { index, node in check(node, label: "check \(index + 1)") }
    }

    private mutating func check(_ node: DocumentNode, label: String) -> CheckDraft? {
        guard let fields = fields(of: node, label: label, span: node.span, known: Self.checkKeys) else { return nil }
        var check = CheckDraft()
        for key in ["from", "to"] where !fields.has(key) { reportMissing(key, in: fields, help: "add \(key): PORT") }
        check.from = text("from", of: fields)
        check.to = text("to", of: fields)
        check.traffic = traffic(of: fields)
        check.expectation = word("expect", of: fields)?.value ?? .allow
        return check
    }

    /// ICMP unless `proto` says otherwise; TCP and UDP need a port, the others have none.
    private mutating func traffic(of fields: Fields) -> Check.Traffic? {
        let kind = word("proto", of: fields, as: ProtocolWord.self)
        if fields.has("proto"), kind == nil { return nil }
        let port = portNumber("port", of: fields, what: "port")
        switch kind?.value ?? .icmp {
        case .icmp:
            reportNeedlessPort(fields, "icmp")
            return .icmp
        case .arp:
            reportNeedlessPort(fields, "arp")
            return .arp
        case .tcp:
            reportPortMissing(fields, "tcp")
            return port.map { .tcp(port: $0.value) }
        case .udp:
            reportPortMissing(fields, "udp")
            return port.map { .udp(port: $0.value) }
        }
    }

    private mutating func reportNeedlessPort(_ fields: Fields, _ kind: String) {
        guard let port = fields["port"] else { return }
        problems.report(.keyOfAnotherKind, at: port.keySpan, "\(fields.label): 'port' has no meaning for \(kind); remove it")
    }

    private mutating func reportPortMissing(_ fields: Fields, _ kind: String) {
        if !fields.has("port") { reportMissing("port", in: fields, help: "add the \(kind) port: port: 80") }
    }
}
