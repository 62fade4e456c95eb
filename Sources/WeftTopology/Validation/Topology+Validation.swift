import WeftTypes

extension Topology {
    /// What validation found out about one document.
    public struct Verdict: Sendable {
        /// The topology; nil when there is an error.
        public let topology: Topology?
        /// All problems, sorted by place.
        public let diagnostics: [Diagnostic]
    }

    /// Checks every rule on a document and reports all that is wrong at once; without errors there is a topology.
    public static func validate(_ document: TopologyDocument, in environment: ValidationEnvironment = .init()) -> Verdict {
        var reader = ShapeReader(files: document.files)
        guard let draft = reader.draft(of: document) else {
            return Verdict(topology: nil, diagnostics: reader.problems.sorted)
        }
        var checker = RuleChecker(draft: draft, environment: environment, problems: reader.problems)
        checker.check(uses: reader.uses)
        let topology = checker.problems.hasErrors ? nil : Topology(draft)
        return Verdict(topology: topology, diagnostics: checker.problems.sorted)
    }

    /// Makes the typed form of a draft without errors; nil when there was one after all.
    private init?(_ draft: Draft) {
        guard let fabric = draft.name else { return nil }
        let hosts = draft.hosts.compactMap { Host($0) }
        let segments = draft.segments.compactMap { Segment($0) }
        let subnets = Dictionary(segments.map { ($0.name, $0.subnets) }, uniquingKeysWith: { first, _ in first })
        let ports = draft.ports.compactMap { Port($0, fabric: fabric, subnets: subnets) }
        let checks = draft.checks.compactMap { Check($0) }
        guard hosts.count == draft.hosts.count, segments.count == draft.segments.count, ports.count == draft.ports.count,
            checks.count == draft.checks.count
        else { return nil }
        self.init(name: fabric, hosts: hosts, segments: segments, ports: ports, checks: checks)
    }
}

extension Host {
    fileprivate init?(_ draft: HostDraft) {
        guard let name = TopologyName(draft.name.value) else { return nil }
        let underlay: Underlay = draft.interface.map { .interface($0.value) } ?? .addresses(draft.addresses.map(\.value))
        self.init(
            name: name, underlay: underlay, kind: draft.kind, udpPort: draft.udpPort?.value ?? VTEP.defaultUDPPort,
            gossipPort: draft.gossipPort?.value ?? Host.defaultGossipPort,
            takesRemoteChecksums: draft.takesRemoteChecksums, labels: draft.labels)
    }
}

extension Segment {
    fileprivate init?(_ draft: SegmentDraft) {
        guard let name = TopologyName(draft.name.value), let vni = draft.vni?.value else { return nil }
        self.init(
            name: name, vni: vni, subnets: draft.subnets.map(\.value), mtu: draft.mtu?.value ?? .automatic, tags: draft.tags,
            flood: draft.flood, vteps: draft.vteps.map { .only($0.compactMap { TopologyName($0.value) }) } ?? .all)
    }
}

extension Port {
    fileprivate init?(_ draft: PortDraft, fabric: TopologyName, subnets: [TopologyName: [IPPrefix]]) {
        guard let name = TopologyName(draft.name.value), let host = draft.host.flatMap({ TopologyName($0.value) }),
            let attachment = Attachment(draft), draft.device != nil || !draft.kind.isForeign,
            (draft.kind == .socket) == (draft.socket?.path != nil)
        else { return nil }
        let networks = attachment.segments.flatMap { subnets[$0] ?? [] }
        let addresses = draft.addresses.compactMap { address in
            let subnet = networks.first { $0.contains(address.address) }
            return (subnet?.length ?? address.length).flatMap { IPPrefix(address: address.address, length: $0) }
        }
        let socket = draft.socket.flatMap { socket in
            socket.path.map { SocketOptions(path: $0.value, mode: socket.mode, listens: socket.listens) }
        }
        self.init(
            name: name, fabric: fabric, host: host, attachment: attachment, kind: draft.kind, attach: draft.attach,
            mac: draft.mac?.value, addresses: addresses, device: draft.device?.value, queues: draft.queues, owner: draft.owner,
            namespace: draft.namespace, socket: socket, bum: draft.bum, isEnabled: draft.isEnabled, isSticky: draft.isSticky,
            labels: draft.labels)
    }
}

extension Port.Attachment {
    fileprivate init?(_ draft: PortDraft) {
        if let segment = draft.segment {
            guard let name = TopologyName(segment.value) else { return nil }
            self = .access(name)
            return
        }
        let members = (draft.trunk ?? []).compactMap { item in
            item.vlan.flatMap { vlan in
                TopologyName(item.segment.value).map { Trunk.Member(vlan: vlan.value, segment: $0) }
            }
        }
        guard !members.isEmpty, members.count == draft.trunk?.count else { return nil }
        self = .trunk(
            Trunk(members, native: draft.native.flatMap { TopologyName($0.value) }, tagProtocol: draft.tagProtocol))
    }
}

extension Check {
    fileprivate init?(_ draft: CheckDraft) {
        guard let from = draft.from.flatMap({ TopologyName($0.value) }), let to = draft.to.flatMap({ TopologyName($0.value) }),
            let traffic = draft.traffic
        else { return nil }
        self.init(from: from, to: to, traffic: traffic, expectation: draft.expectation)
    }
}
