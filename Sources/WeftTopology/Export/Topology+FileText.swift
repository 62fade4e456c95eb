import WeftTypes

extension Topology {
    /// The topology as a file: reading it gives the same topology.
    ///
    /// Defaults are left out, names are sorted; a file's comments, its `defaults` and its keys with `x-` are not in a topology and
    /// so not here.
    public var fileText: String {
        fileText(ports: ports.map { ($0.name.text, YAMLText.map($0.entry(in: self))) }, checks: checks)
    }

    /// The file with these entries for ports in place of its own, sorted by name here, and these checks.
    func fileText(ports: [(name: String, text: String)], checks: [Check]) -> String {
        var text = "weft: 1\nname: \(YAMLText.string(name.text))\n"
        text += Self.section("hosts", hosts.map { ($0.name.text, $0.fileText) })
        text += Self.section("segments", segments.map { ($0.name.text, $0.fileText) })
        text += Self.section("ports", ports.sorted { $0.name < $1.name })
        if !checks.isEmpty { text += "checks:\n" + checks.map { "  - \($0.fileText)\n" }.joined() }
        return text
    }

    private static func section(_ key: String, _ objects: [(name: String, text: String)]) -> String {
        guard !objects.isEmpty else { return "\(key): {}\n" }
        return "\(key):\n" + objects.map { "  \(YAMLText.string($0.name)): \($0.text)\n" }.joined()
    }

    fileprivate static func labels(_ labels: [String: String]) -> String? {
        guard !labels.isEmpty else { return nil }
        return YAMLText.map(labels.sorted { $0.key < $1.key }.map { (YAMLText.string($0.key), YAMLText.string($0.value)) })
    }

    /// A flow map of the entries that have a value.
    fileprivate static func map(_ entries: KeyValuePairs<String, String?>) -> String {
        YAMLText.map(entries.compactMap { key, value in value.map { (key, $0) } })
    }
}

extension Host {
    fileprivate var fileText: String {
        let place: String
        switch underlay {
        case .addresses(let addresses): place = YAMLText.oneOrList(addresses.map { YAMLText.string($0.description) })
        case .interface(let device): place = YAMLText.map([("interface", YAMLText.string(device.text))])
        }
        return Topology.map([
            "underlay": place, "kind": kind == .agent ? nil : kind.rawValue,
            "port": udpPort == VTEP.defaultUDPPort ? nil : "\(udpPort)",
            "gossip": gossipPort == Self.defaultGossipPort ? nil : "\(gossipPort)",
            "remcsum": takesRemoteChecksums ? "true" : nil, "labels": Topology.labels(labels),
        ])
    }
}

extension Segment {
    fileprivate var fileText: String {
        let size: String?
        switch mtu {
        case .automatic: size = nil
        case .bytes(let count): size = "\(count)"
        }
        let ends: String?
        switch vteps {
        case .all: ends = nil
        case .only(let names): ends = YAMLText.list(names.map { YAMLText.string($0.text) })
        }
        return Topology.map([
            "vni": "\(vni)",
            "subnet": subnets.isEmpty ? nil : YAMLText.oneOrList(subnets.map { YAMLText.string($0.description) }),
            "mtu": size, "tags": tags == .drop ? nil : tags.rawValue, "flood": flood == .members ? nil : flood.rawValue,
            "vteps": ends,
        ])
    }
}

extension Port {
    /// Its entry in a file: the keys that are not at their defaults, with values as they are written.
    func entry(in topology: Topology) -> [(key: String, value: String)] {
        let subnets = segments.flatMap { topology.segment(named: $0)?.subnets ?? [] }
        let places = addresses.map { prefix in
            let isInSubnet = subnets.contains { $0.contains(prefix.address) && $0.length == prefix.length }
            return YAMLText.string(isInSubnet ? prefix.address.description : prefix.description)
        }
        let ownDevice = kind.mark.map { DeviceName($0, fabric: topology.name, name: name) }
        var (trunk, tagProtocol): (Trunk?, String?) = (nil, nil)
        if case .trunk(let own) = attachment {
            trunk = own
            tagProtocol = own.tagProtocol == .dot1Q ? nil : own.tagProtocol.rawValue
        }
        let entries: KeyValuePairs<String, String?> = [
            "host": YAMLText.string(host.text), "kind": kind == .tap ? nil : kind.rawValue,
            "attach": attach == .bridge ? nil : attach.rawValue,
            "device": device == ownDevice ? nil : device.map { YAMLText.string($0.text) },
            "segment": segment.map { YAMLText.string($0.text) }, "trunk": trunk.map(\.fileText),
            "native": trunk?.native.map { YAMLText.string($0.text) },
            "protocol": tagProtocol,
            "mac": isMACDerived ? nil : YAMLText.string(mac.description),
            "address": places.isEmpty ? nil : YAMLText.oneOrList(places), "queues": queues == 1 ? nil : "\(queues)",
            "socket": socket.map(\.fileText), "owner": owner.map(YAMLText.string), "netns": namespace.map(YAMLText.string),
            "bum": bum.map { "\($0)" }, "enabled": isEnabled ? nil : "false", "sticky": isSticky ? "true" : nil,
            "labels": Topology.labels(labels),
        ]
        return entries.compactMap { key, value in value.map { (key, $0) } }
    }
}

extension Trunk {
    fileprivate var fileText: String { YAMLText.map(members.map { (YAMLText.string($0.segment.text), "\($0.vlan)") }) }
}

extension SocketOptions {
    fileprivate var fileText: String {
        Topology.map([
            "path": YAMLText.string(path), "mode": mode == .stream ? nil : mode.rawValue, "listen": listens ? nil : "false",
        ])
    }
}

extension Check {
    fileprivate var fileText: String {
        let (word, port): (String, UInt16?)
        switch traffic {
        case .icmp: (word, port) = ("icmp", nil)
        case .arp: (word, port) = ("arp", nil)
        case .tcp(let number): (word, port) = ("tcp", number)
        case .udp(let number): (word, port) = ("udp", number)
        }
        return Topology.map([
            "from": YAMLText.string(from.text), "to": YAMLText.string(to.text), "proto": word, "port": port.map { "\($0)" },
            "expect": expectation.rawValue,
        ])
    }
}
