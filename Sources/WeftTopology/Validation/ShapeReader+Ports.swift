import WeftTypes

extension ShapeReader {
    static let portKeys = [
        "host", "kind", "attach", "device", "segment", "trunk", "native", "protocol", "mac", "address", "queues", "socket",
        "owner", "netns", "bum", "enabled", "sticky", "labels",
    ]

    /// Keys that only some kinds of port have; every other key is for all.
    private static let kindsOfKey: [(key: String, kinds: [Port.Kind])] = [
        ("queues", [.tap]), ("owner", [.tap, .socket]), ("netns", [.veth]), ("socket", [.socket]),
    ]

    /// Reads one entry of `ports`.
    mutating func port(_ entry: DocumentEntry) -> PortDraft {
        let label = "port '\(entry.key.shortened)'"
        name(entry.key, at: entry.keySpan, what: "port", allowsTenant: true)
        var port = PortDraft(name: Located(value: entry.key, span: entry.keySpan))
        guard var fields = fields(of: entry.value, label: label, span: entry.keySpan, known: Self.portKeys) else { return port }
        if let defaults = defaults["port"] { fields.fill(from: defaults) }
        // The object's own choice of the two rules out the other's defaults.
        if fields.hasOwn("segment") { fields.dropDefaults(["trunk", "native", "protocol"]) }
        if fields.hasOwn("trunk") { fields.dropDefaults(["segment"]) }

        port.kind = kind(of: &fields)
        if !fields.has("host") { reportMissing("host", in: fields, help: "add the host it is on: host: NAME") }
        port.host = text("host", of: fields)
        readAttachment(of: &fields, into: &port)
        readSegment(of: fields, into: &port)
        port.mac = mac("mac", of: fields)
        port.addresses = items("address", of: fields).compactMap { address($0, label: fields["address"]?.label ?? label) }
        port.device = fields["device"].flatMap { device(of: $0.node, key: "device", label: $0.label) }
        readDeviceOptions(of: fields, into: &port)
        port.bum =
            number("bum", of: fields, in: 0...10_000_000, code: .bumRange) {
                "\($0) flooded frames a second; use 1…10000000, or 0 for no cap"
            }?.value
        port.isEnabled = flag("enabled", of: fields) ?? true
        port.isSticky = flag("sticky", of: fields) ?? false
        port.labels = labels(of: fields)
        return port
    }

    /// The kind of a port, with what goes along: keys that other kinds have, keys this one needs.
    private mutating func kind(of fields: inout Fields) -> Port.Kind {
        let word = word("kind", of: fields, as: Port.Kind.self)
        if fields.has("kind"), word == nil { return .tap }
        let kind = word?.value ?? .tap
        for (key, kinds) in Self.kindsOfKey where !kinds.contains(kind) {
            fields.dropDefaults([key])
            guard let field = fields[key] else { continue }
            let owners = kinds.map { "'\($0.rawValue)'" }.joined(separator: ", ")
            problems.report(
                .keyOfAnotherKind, at: field.keySpan,
                "\(field.label): '\(key)' has no meaning for a port of kind '\(kind.rawValue)'; it belongs to \(owners)")
        }
        switch kind {
        case .tap, .veth: break
        case .nic, .bridge:
            if !fields.has("device") { reportMissing("device", in: fields, help: "add the device it stands for: device: eth1") }
        case .socket:
            if !fields.has("socket") { reportMissing("socket", in: fields, help: "add socket: { path: /run/vm1.sock }") }
        }
        if let word { use(.kind(kind), at: word.span, label: fields["kind"]?.label ?? fields.label) }
        return kind
    }

    /// A port that stands for a bridge has no other way to be attached.
    private mutating func readAttachment(of fields: inout Fields, into port: inout PortDraft) {
        if port.kind == .bridge { fields.dropDefaults(["attach"]) }
        guard let attach = word("attach", of: fields, as: Port.Attach.self) else { return }
        port.attach = attach.value
        guard attach.value == .direct, port.kind == .bridge else { return }
        let label = fields["attach"]?.label ?? fields.label
        problems.report(
            .keyOfAnotherKind, at: attach.span, "\(label): attach 'direct' has no meaning for a port of kind 'bridge'; remove it")
    }

    private mutating func readSegment(of fields: Fields, into port: inout PortDraft) {
        switch (fields["segment"], fields["trunk"]) {
        case (nil, nil):
            reportMissing("segment", in: fields, help: "add the segment it belongs to: segment: NAME")
        case (.some(let segment), .some(let trunk)):
            let later = max(segment.keySpan, trunk.keySpan)
            problems.report(
                .segmentBesideTrunk, at: later, "\(fields.label): 'segment' beside 'trunk'; a port has one of the two")
            port.segment = text("segment", of: fields)
        case (.some, nil): port.segment = text("segment", of: fields)
        case (nil, .some(let trunk)): port.trunk = self.trunk(trunk)
        }
        port.native = native(of: fields, trunk: port.trunk)
        if let tagProtocol = word("protocol", of: fields, as: Trunk.TagProtocol.self) {
            port.tagProtocol = tagProtocol.value
            if !fields.has("trunk") {
                problems.report(
                    .keyOfAnotherKind, at: fields["protocol"]?.keySpan ?? tagProtocol.span,
                    "\(fields.label): 'protocol' has no meaning without 'trunk'; remove it")
            }
        }
    }

    private mutating func trunk(_ field: Fields.Field) -> [PortDraft.TrunkDraft] {
        let label = "\(field.label): 'trunk'"
        guard let all = entries(of: field.node, label: label, span: field.keySpan) else { return [] }
        let entries = all.filter { !$0.key.hasPrefix("x-") }
        if entries.isEmpty {
            problems.report(
                .missingKey, at: field.keySpan, "\(label) has no segments", help: "add them with their VLANs: trunk: { blue: 10 }"
            )
        }
        var first: [VLANID: (segment: String, span: SourceSpan)] = [:]
        return entries.map { entry in
            var item = PortDraft.TrunkDraft(segment: Located(value: entry.key, span: entry.keySpan))
            let number = number(of: entry.value, key: entry.key.shortened, label: field.label, in: 1...4094, code: .vlanRange) {
                "VLAN \($0) is outside 1…4094"
            }
            guard let number, let vlan = VLANID(UInt16(number.value)) else { return item }
            if let other = first[vlan] {
                problems.report(
                    .vlanTwice, at: number.span, "\(field.label): VLAN \(vlan) is that of segment '\(other.segment.shortened)'",
                    help: "it is given at \(problems.place(other.span)); use another VLAN")
            } else {
                first[vlan] = (entry.key, number.span)
                item.vlan = Located(value: vlan, span: number.span)
            }
            return item
        }
    }

    private mutating func native(of fields: Fields, trunk: [PortDraft.TrunkDraft]?) -> Located<String>? {
        guard let native = text("native", of: fields) else { return nil }
        let names = trunk?.map(\.segment.value) ?? []
        guard !names.contains(native.value) else { return native }
        let near = NearestName.nearest(to: native.value, in: names).map { "did you mean '\($0)'? " } ?? ""
        let help = trunk == nil ? "it belongs to a port with 'trunk'" : near + "The trunk has: " + names.joined(separator: ", ")
        problems.report(
            .nativeOutsideTrunk, at: native.span, "\(fields.label): native segment '\(native.value.shortened)' is not in 'trunk'",
            help: help)
        return nil
    }

    private mutating func address(_ node: DocumentNode, label: String) -> PortDraft.AddressDraft? {
        guard let text = text(of: node, key: "address", label: label, expected: "an address") else { return nil }
        if let address = IPAddress(text.value) { return .init(address: address, length: nil, span: text.span) }
        if let prefix = IPPrefix(text.value) { return .init(address: prefix.address, length: prefix.length, span: text.span) }
        problems.report(.malformedAddress, at: text.span, "\(label): '\(text.value.shortened)' is not an IP address")
        return nil
    }
}
