import WeftTypes

/// What is not the same in two topologies: for the fabric as a whole, and for each host.
///
/// Pure: it knows what the files say and nothing of what hosts have learnt, so every host finds the same difference.
public struct TopologyDifference: Hashable, Sendable {
    /// The changes of one host.
    public struct HostPart: Hashable, Sendable {
        public let host: TopologyName
        /// Sorted by kind and name.
        public let changes: [TopologyChange]
    }

    /// What belongs to no single host: hosts, segments that no host has, checks.
    public let fabric: [TopologyChange]
    /// The hosts with changes, sorted by name.
    public let hosts: [HostPart]

    /// Compares two topologies; nil is a fabric that has nothing yet.
    public init(from former: Topology?, to topology: Topology) {
        let former = former ?? Topology(name: topology.name)
        var comparison = Comparison(former: former, topology: topology)
        comparison.compareHosts()
        comparison.compareSegments()
        comparison.comparePorts()
        comparison.compareChecks()
        fabric = Self.sorted(comparison.fabric)
        hosts = comparison.hosts.sorted { $0.key < $1.key }.map { HostPart(host: $0.key, changes: Self.sorted($0.value)) }
    }

    private static func sorted(_ changes: [TopologyChange]) -> [TopologyChange] {
        changes.sorted { ($0.kind, $0.name, $0.detail) < ($1.kind, $1.name, $1.detail) }
    }

    /// Whether there is nothing to do.
    public var isEmpty: Bool { fabric.isEmpty && hosts.isEmpty }

    /// All changes, the fabric's first.
    public var changes: [TopologyChange] { fabric + hosts.flatMap(\.changes) }

    /// How many changes are of one kind. Of an object that several hosts have each one counts: each of them does something.
    public func count(_ action: TopologyChange.Action) -> Int { changes.count { $0.action == action } }

    /// One line for each change, in a fixed order.
    var lines: [String] {
        fabric.map { "fabric: \($0.line)" } + hosts.flatMap { part in part.changes.map { "\(part.host): \($0.line)" } }
    }
}

/// Two topologies on the way to their difference.
private struct Comparison {
    let former: Topology
    let topology: Topology
    var fabric: [TopologyChange] = []
    var hosts: [TopologyName: [TopologyChange]] = [:]

    init(former: Topology, topology: Topology) { (self.former, self.topology) = (former, topology) }

    private static let added = "it is new in the file"
    private static let removed = "it is no longer in the file"
    private static let changed = "the file says otherwise"

    // MARK: Hosts

    mutating func compareHosts() {
        for host in topology.hosts {
            let facts = ObjectFacts(host)
            guard let before = former.host(named: host.name) else {
                let detail = "\(host.kind.rawValue) at \(facts["underlay"] ?? "–")"
                fabric.append(TopologyChange(.add, .host, host.name.text, detail: detail, reason: Self.added))
                continue
            }
            let old = ObjectFacts(before)
            let keys = facts.differences(from: old)
            guard !keys.isEmpty else { continue }
            let moves = keys.contains { ["underlay", "port", "kind"].contains($0) }
            fabric.append(
                TopologyChange(
                    .change, .host, host.name.text, detail: facts.text(of: keys, from: old), reason: Self.changed,
                    impact: moves ? .interruptsHost(host.name) : .none))
        }
        for host in former.hosts where topology.host(named: host.name) == nil {
            let wasInUse = !former.peers(of: host).isEmpty
            fabric.append(
                TopologyChange(
                    .remove, .host, host.name.text, detail: host.kind.rawValue, reason: Self.removed,
                    impact: wasInUse ? .interruptsHost(host.name) : .none))
        }
    }

    // MARK: Segments

    /// A segment comes to a host with its first port there and goes with the last.
    mutating func compareSegments() {
        for segment in topology.segments {
            let before = former.segment(named: segment.name)
            let keys = before.map { ObjectFacts(segment).differences(from: ObjectFacts($0)) } ?? []
            let members = Self.agents(of: segment, in: topology)
            let formerMembers = before.map { Self.agents(of: $0, in: former) } ?? []
            for host in members.subtracting(formerMembers) { enter(segment, host) }
            for host in formerMembers.subtracting(members) { leave(segment, host, isGone: false) }
            if let before, !keys.isEmpty {
                for host in members.intersection(formerMembers) { hosts[host, default: []].append(change(segment, before, keys)) }
                if members.isDisjoint(with: formerMembers) { fabric.append(change(segment, before, keys)) }
            }
            if before == nil, members.isEmpty {
                fabric.append(
                    TopologyChange(
                        .add, .segment, segment.name.text, detail: "VNI \(segment.vni), on no host", reason: Self.added))
            }
        }
        for segment in former.segments where topology.segment(named: segment.name) == nil {
            let members = Self.agents(of: segment, in: former)
            for host in members { leave(segment, host, isGone: true) }
            if members.isEmpty {
                fabric.append(
                    TopologyChange(.remove, .segment, segment.name.text, detail: "VNI \(segment.vni)", reason: Self.removed))
            }
        }
    }

    private static func agents(of segment: Segment, in topology: Topology) -> Set<TopologyName> {
        Set(topology.members(of: segment).filter { $0.kind == .agent }.map(\.name))
    }

    private mutating func enter(_ segment: Segment, _ host: TopologyName) {
        let first = topology.ports(in: segment.name).first { $0.host == host }.map { "port \($0.name) of this host is on it" }
        hosts[host, default: []].append(
            TopologyChange(
                .add, .segment, segment.name.text, detail: "VNI \(segment.vni)" + devices(of: segment, on: host, in: topology),
                reason: first ?? Self.added))
    }

    private mutating func leave(_ segment: Segment, _ host: TopologyName, isGone: Bool) {
        hosts[host, default: []].append(
            TopologyChange(
                .remove, .segment, segment.name.text, detail: "VNI \(segment.vni)" + devices(of: segment, on: host, in: former),
                reason: isGone ? Self.removed : "no port of this host is on it"))
    }

    private func devices(of segment: Segment, on host: TopologyName, in topology: Topology) -> String {
        guard let host = topology.host(named: host),
            topology.bridgedSegments(on: host).contains(where: { $0.name == segment.name })
        else { return "" }
        let (bridge, uplink) = (topology.mark(.bridge, segment.name), topology.mark(.uplink, segment.name))
        return ", bridge \(bridge.deviceName.text), uplink \(uplink.deviceName.text)"
    }

    private func change(_ segment: Segment, _ before: Segment, _ keys: [String]) -> TopologyChange {
        let impact: TopologyChange.Impact
        if keys.contains("vni") || keys.contains("subnet") {
            impact = .interruptsSegment(segment.name)  // they are what hosts compare before they exchange frames
        } else if keys.contains("mtu") {
            impact = .newMTU
        } else {
            impact = .none
        }
        return TopologyChange(
            .change, .segment, segment.name.text, detail: ObjectFacts(segment).text(of: keys, from: ObjectFacts(before)),
            reason: Self.changed, impact: impact)
    }

    // MARK: Ports

    mutating func comparePorts() {
        for port in topology.ports {
            guard let before = former.port(named: port.name) else {
                add(port, reason: Self.added)
                continue
            }
            guard before != port else { continue }
            if before.host == port.host {
                hosts[port.host, default: []].append(change(port, before))
            } else {
                remove(before, reason: "the file has it on \(port.host)")
                add(port, reason: "the file had it on \(before.host)")
            }
        }
        for port in former.ports where topology.port(named: port.name) == nil { remove(port, reason: Self.removed) }
    }

    private static func summary(of port: Port) -> String {
        [port.kind.rawValue, port.device?.text].compactMap { $0 }.joined(separator: " ")
    }

    private mutating func add(_ port: Port, reason: String) {
        let place = "\(port.segments.map(\.text).joined(separator: " ")), \(port.mac)"
        let detail = [Self.summary(of: port), place].joined(separator: ", ")
        hosts[port.host, default: []].append(TopologyChange(.add, .port, port.name.text, detail: detail, reason: reason))
    }

    private mutating func remove(_ port: Port, reason: String) {
        hosts[port.host, default: []].append(
            TopologyChange(
                .remove, .port, port.name.text, detail: Self.summary(of: port), reason: reason, impact: .losesLink(port.name)))
    }

    private func change(_ port: Port, _ before: Port) -> TopologyChange {
        let (facts, old) = (ObjectFacts(port), ObjectFacts(before))
        let keys = facts.differences(from: old)
        let impact: TopologyChange.Impact
        if keys.contains(where: { ["kind", "device", "attach", "queues", "netns", "socket"].contains($0) }) {
            impact = .losesLink(port.name)
        } else if keys.contains(where: { ["segment", "trunk", "native", "protocol"].contains($0) }) {
            impact = .changesSegment(port.name)
        } else if keys.contains("mac") || keys.contains("address") && port.kind == .tap {
            impact = .guestMustFollow(port.name)
        } else {
            impact = .none
        }
        return TopologyChange(
            .change, .port, port.name.text, detail: facts.text(of: keys, from: old), reason: Self.changed, impact: impact)
    }

    // MARK: Checks

    mutating func compareChecks() {
        let (before, after) = (former.checks.map(Self.name), topology.checks.map(Self.name))
        for name in after where !before.contains(name) {
            fabric.append(TopologyChange(.add, .check, name, detail: "check", reason: Self.added))
        }
        for name in before where !after.contains(name) {
            fabric.append(TopologyChange(.remove, .check, name, detail: "check", reason: Self.removed))
        }
    }

    private static func name(of check: Check) -> String {
        "\(check.from) → \(check.to) \(check.traffic): \(check.expectation.rawValue)"
    }
}

extension Check.Traffic: CustomStringConvertible {
    public var description: String {
        switch self {
        case .icmp: "icmp"
        case .arp: "arp"
        case .tcp(let port): "tcp/\(port)"
        case .udp(let port): "udp/\(port)"
        }
    }
}
