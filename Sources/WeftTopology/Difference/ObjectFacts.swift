import WeftTypes

/// What the file says of one object, key by key, with every default filled in; what two versions of it are compared by.
struct ObjectFacts: Hashable, Sendable {
    /// A key of the file and its value as the file would have it; a key without a value is not here.
    struct Fact: Hashable, Sendable {
        let key: String
        let value: String
    }

    let facts: [Fact]

    private init(_ pairs: [(String, String?)]) {
        facts = pairs.compactMap { key, value in value.map { Fact(key: key, value: $0) } }
    }

    subscript(key: String) -> String? { facts.first { $0.key == key }?.value }

    /// The keys whose values differ, in the order of the file format.
    func differences(from former: ObjectFacts) -> [String] {
        let keys = facts.map(\.key) + former.facts.map(\.key).filter { self[$0] == nil }
        return keys.filter { self[$0] != former[$0] }
    }

    /// `mtu auto → 1400, flood members → drop`.
    func text(of keys: [String], from former: ObjectFacts) -> String {
        keys.map { "\($0) \(former[$0] ?? "–") → \(self[$0] ?? "–")" }.joined(separator: ", ")
    }

    private static func list(_ values: [some CustomStringConvertible]) -> String? {
        values.isEmpty ? nil : values.map(\.description).joined(separator: " ")
    }

    private static func labels(_ labels: [String: String]) -> String? {
        list(labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
    }
}

extension ObjectFacts {
    init(_ host: Host) {
        let underlay: String?
        switch host.underlay {
        case .addresses(let addresses): underlay = Self.list(addresses)
        case .interface(let device): underlay = "interface \(device.text)"
        }
        self.init([
            ("kind", host.kind.rawValue), ("underlay", underlay), ("port", "\(host.udpPort)"), ("gossip", "\(host.gossipPort)"),
            ("remcsum", host.takesRemoteChecksums ? "true" : nil), ("labels", Self.labels(host.labels)),
        ])
    }

    init(_ segment: Segment) {
        let mtu: String
        switch segment.mtu {
        case .automatic: mtu = "auto"
        case .bytes(let count): mtu = "\(count)"
        }
        let vteps: String
        switch segment.vteps {
        case .all: vteps = "all"
        case .only(let names): vteps = Self.list(names) ?? "none"
        }
        self.init([
            ("vni", segment.vni.description), ("subnet", Self.list(segment.subnets)), ("mtu", mtu),
            ("tags", segment.tags.rawValue), ("flood", segment.flood.rawValue), ("vteps", vteps),
        ])
    }

    init(_ port: Port) {
        var (trunk, members): (Trunk?, String?) = (nil, nil)
        if case .trunk(let own) = port.attachment {
            trunk = own
            members = own.members.map { "\($0.segment) \($0.vlan)" }.joined(separator: ", ")
        }
        let socket = port.socket.map { "\($0.path) \($0.mode.rawValue)\($0.listens ? " listen" : "")" }
        self.init([
            ("host", port.host.text), ("kind", port.kind.rawValue), ("attach", port.attach.rawValue),
            ("device", port.device?.text), ("segment", port.segment?.text),
            ("trunk", members),
            ("native", trunk?.native?.text), ("protocol", trunk?.tagProtocol.rawValue), ("socket", socket),
            ("mac", port.mac.description), ("address", Self.list(port.addresses)),
            ("queues", "\(port.queues)"), ("owner", port.owner), ("netns", port.namespace),
            ("bum", port.bum.map { "\($0)" }), ("enabled", port.isEnabled ? nil : "false"),
            ("sticky", port.isSticky ? "true" : nil),
            ("labels", Self.labels(port.labels)),
        ])
    }
}
