import Glibc
import WeftAPI
import WeftControl
import WeftDataPlane
import WeftFabric
import WeftForwarding
import WeftGossip
import WeftGossipShell
import WeftLinux
import WeftNetlink
import WeftTopology
import WeftTypes

/// What the API tells of this agent: the topology joined with what the host and the data path say at the moment of asking.
extension Agent: AgentReporting {
    func status() -> StatusReport {
        let ports = ports(.host)
        var status = StatusReport(
            host: loaded.host.name.text, fabric: loaded.topology.name.text, version: WeftVersion.current, processID: getpid(),
            uptimeSeconds: uptime.seconds, isReady: isReady, isConverged: report?.isSettled ?? false,
            waitingFor: obstacles, underlay: plane?.configuration.addresses ?? loaded.host.addresses,
            udpPort: loaded.host.udpPort, segmentCount: loaded.topology.segments(on: loaded.host).count,
            portCount: ports.count, upPortCount: ports.count { $0.state == .up }, alerts: alerts(ports), features: features,
            peers: peers())
        status.unknownSenderDrops = (plane?.counters().unknownPeers.drops).map(Self.named) ?? [:]
        status.receiveBufferDropCount = UInt64(plane?.kernelDropCount ?? 0)
        return status
    }

    func ports(_ scope: ListScope) -> [PortReport] {
        let counters = plane?.counters()
        let statistics = Dictionary(((try? driver.netlink.links()) ?? []).map { ($0.name, $0.statistics) }) { $1 }
        return loaded.topology.ports.filter { scope == .fabric || $0.host == loaded.host.name }.map { port in
            let segment = port.segment.flatMap { loaded.topology.segment(named: $0) }
            var entry = PortReport(
                name: port.name.text, host: port.host.text, segment: segment?.name.text, vni: segment?.vni,
                kind: port.kind.rawValue, attach: port.attach.rawValue, mac: port.mac, addresses: port.addresses.map(\.address),
                mtu: port.segments.compactMap { loaded.topology.segment(named: $0) }.map(mtu).min() ?? 0, queueCount: port.queues)
            entry.trunk = trunkMembers(of: port)
            guard port.host == loaded.host.name else { return entry }
            entry.device = device(of: port)
            let status = status(of: port)
            (entry.owner, entry.namespace) = (port.owner, options.placement.namespace(of: port))
            entry.bridge = port.kind == .bridge ? port.device?.text : nil
            entry.socket = port.socket.map { .init(path: $0.path, mode: $0.mode.rawValue, isListening: $0.listens) }
            entry.state = status?.state ?? .waiting
            entry.detail = status == nil ? "the host was not looked at yet" : status?.cause
            if let reason = blockedReason(of: port) { (entry.state, entry.detail) = (.blocked, reason) }
            guard let device = entry.device.flatMap({ statistics[$0] }) else { return entry }
            // What the host's side of the device receives is what the guest has sent.
            (entry.rxFrames, entry.rxBytes) = (device.rxPackets, device.rxBytes)
            (entry.txFrames, entry.txBytes) = (device.txPackets, device.txBytes)
            if let own = traffic(of: port, counters) {
                // What the agent itself has read and written, each frame with its end.
                (entry.rxFrames, entry.rxBytes) = (own.receivedFrames, own.receivedBytes)
                (entry.txFrames, entry.txBytes) = (own.sentFrames, own.sentBytes)
                entry.drops = Self.named(own.drops)
            }
            if let relay = relays[port.name] { entry.drops.merge(relay.state.drops) { $0 &+ $1 } }
            if device.rxDropped > 0 { entry.drops["device-receive"] = device.rxDropped }
            if device.txDropped > 0 { entry.drops["device-transmit"] = device.txDropped }
            return entry
        }
    }

    private func trunkMembers(of port: Port) -> [PortReport.TrunkMember]? {
        guard case .trunk(let trunk) = port.attachment else { return nil }
        return trunk.members.compactMap { member in
            loaded.topology.segment(named: member.segment).map { segment in
                PortReport.TrunkMember(
                    vlan: member.vlan.rawValue, segment: segment.name.text, vni: segment.vni,
                    isNative: trunk.native == segment.name)
            }
        }
    }

    /// What the packet path counted of a port that the agent reads itself, all VLANs of a trunk together.
    private func traffic(of port: Port, _ counters: CounterSnapshot?) -> TrafficCounters? {
        guard port.isReadByAgent, let counters, let compiled else { return nil }
        let places = compiled.readPorts.filter { $0.value == port.name }.keys
        return places.compactMap { counters.ports[$0] }.reduce(into: TrafficCounters()) { $0.add($1) }
    }

    func segments(_ scope: ListScope) -> [SegmentReport] {
        let local = Set(loaded.topology.segments(on: loaded.host).map(\.name))
        let bridged = Set(loaded.topology.bridgedSegments(on: loaded.host).map(\.name))
        let counters = plane?.counters()
        let stationCounts = plane?.stationCounts() ?? [:]
        return loaded.topology.segments.filter { scope == .fabric || local.contains($0.name) }.map { segment in
            let isLocal = local.contains(segment.name)
            let isBridged = bridged.contains(segment.name)
            let index = compiler.segmentIndex(of: segment.name)
            return SegmentReport(
                name: segment.name.text, vni: segment.vni, mtu: mtu(of: segment), subnets: segment.subnets,
                bridge: isBridged ? loaded.topology.mark(.bridge, segment.name).deviceName.text : nil,
                uplink: isBridged ? loaded.topology.mark(.uplink, segment.name).deviceName.text : nil,
                hosts: hostNames(of: segment),
                portCount: loaded.topology.ports(in: segment.name).count { $0.host == loaded.host.name },
                peerCount: isLocal ? (compiled?.fabric.segments.first { $0.index == index }?.members.count ?? 0) : 0,
                fdbEntryCount: isLocal ? index.flatMap { stationCounts[$0] } ?? 0 : 0,
                drops: drops(of: segment, counters))
        }
    }

    /// The hosts that have a segment: where there is gossip, those that say so, and the plain end points of the file.
    private func hostNames(of segment: Segment) -> [String] {
        let declared = loaded.topology.members(of: segment)
        guard let gossip else { return declared.map(\.name.text) }
        let view = gossip.view
        let spec = loaded.topology.specNumber(of: segment)
        let nodes = (view.segments[segment.vni] ?? [:]).filter { $0.value.specHash == spec }.keys
        let fixed = declared.filter { $0.kind == .vtep || $0.name == loaded.host.name }.map(\.name.text)
        return (fixed + nodes.map { label(of: $0, in: view) }).sorted()
    }

    /// What was dropped at the ports of the packet path that a segment has here.
    private func drops(of segment: Segment, _ counters: CounterSnapshot?) -> [String: UInt64] {
        let index = compiler.segmentIndex(of: segment.name)
        let ports = (compiled?.fabric.ports ?? []).filter { $0.segment == index }
        return ports.compactMap { counters?.ports[$0.index]?.drops }.map(Self.named).reduce(into: [:]) { sum, drops in
            sum.merge(drops, uniquingKeysWith: &+)
        }
    }

    func peers() -> [PeerReport] {
        let counters = plane?.counters()
        let paths = plane?.pathReports() ?? [:]
        let segments = loaded.topology.segments(on: loaded.host)
        let nodes = nodeReports(segments)
        let nodePeers = Set((compiled?.nodes ?? [:]).values)
        let hosts = (compiled?.fabric.peers ?? []).compactMap { peer -> (PeerReport, PeerIndex?)? in
            guard !nodePeers.contains(peer.index), let name = TopologyName(peer.name),
                let host = loaded.topology.host(named: name)
            else { return nil }
            let shared = segments.filter { loaded.topology.isMember(host, of: $0) }.map(\.name.text)
            let entry = PeerReport(
                name: peer.name, underlay: peer.vtep.address, udpPort: peer.vtep.udpPort, state: .static,
                kind: host.kind.rawValue, segments: shared)
            return (entry, peer.index)
        }
        return (hosts + nodes).map { entry, index in
            var entry = entry
            if let path = index.flatMap({ paths[$0] }) {
                entry.rttSeconds = path.rtt?.seconds ?? entry.rttSeconds
                (entry.lossRatio, entry.pathMTUByteCount) = (path.lossRatio, path.mtu)
            }
            guard let traffic = index.flatMap({ counters?.peers[$0] }) else { return entry }
            (entry.rxFrames, entry.rxBytes) = (traffic.receivedFrames, traffic.receivedBytes)
            (entry.txFrames, entry.txBytes) = (traffic.sentFrames, traffic.sentBytes)
            entry.drops = Self.named(traffic.drops)
            return entry
        }.sorted { ($0.name, $0.underlay) < ($1.name, $1.underlay) }
    }

    /// The nodes that gossip tells of, each with its place in the packet path where it has one.
    private func nodeReports(_ segments: [Segment]) -> [(PeerReport, PeerIndex?)] {
        guard let gossip else { return [] }
        let view = gossip.view
        let members = Dictionary(gossip.members.map { ($0.id, $0) }) { $1 }
        let tunnels = Dictionary((compiled?.fabric.peers ?? []).map { ($0.index, $0.vtep) }) { $1 }
        return view.nodes.sorted { $0.key < $1.key }.compactMap { id, node in
            let index = compiled?.nodes[id]
            let member = members[id]
            guard
                let address = index.flatMap({ tunnels[$0]?.address }) ?? node.record?.vtepAddresses.first
                    ?? member?.address?.address
            else { return nil }
            let shared = segments.filter { segment in
                view.segments[segment.vni]?[id]?.specHash == loaded.topology.specNumber(of: segment)
            }
            var entry = PeerReport(
                name: label(of: id, in: view), underlay: address, udpPort: node.record?.udpPort ?? VTEP.defaultUDPPort,
                state: (member?.state ?? node.state)?.reported ?? .dead, segments: shared.map(\.name.text), nodeID: id,
                rttSeconds: member?.roundTrip?.seconds)
            entry.incarnation = member.map { "\($0.incarnation)" }
            entry.changedSeconds = memberChanges[id].map { $0.duration(to: MonotonicClock.now()).seconds }
            return (entry, index)
        }
    }

    func fdb() -> [FDBEntryReport] {
        guard let plane, let fabric = compiled?.fabric else { return [] }
        let segments = Dictionary(fabric.segments.map { ($0.index, $0) }) { $1 }
        let peers = Dictionary(fabric.peers.map { ($0.index, $0) }) { $1 }
        let ports = Dictionary(
            loaded.topology.ports.filter { !$0.kind.isForeign }.flatMap { port in
                port.segments.compactMap { compiler.segmentIndex(of: $0) }.map { (FDBKey($0, port.mac), port) }
            }
        ) { first, _ in first }
        return plane.stations().compactMap { station -> FDBEntryReport? in
            guard let segment = segments[station.key.segment], let name = TopologyName(segment.name) else { return nil }
            let port = ports[station.key]
            var entry = FDBEntryReport(
                segment: segment.name, vni: segment.vni, mac: station.key.mac,
                addresses: addresses(of: port, in: name), port: port?.name.text, host: loaded.host.name.text,
                source: station.source.reported, ageSeconds: station.age?.seconds, sequence: station.sequence)
            switch station.location {
            case .port(let index):
                guard port?.host != loaded.host.name else { break }
                // A station that no port declares is behind a port that the agent reads, or somewhere behind the segment's bridge.
                entry.port = compiled?.readPorts[index]?.text ?? loaded.topology.mark(.bridge, name).deviceName.text
            case .peer(let index):
                entry.host = peers[index]?.name
                entry.vtep = peers[index]?.vtep.description
                if port?.host.text != entry.host { entry.port = nil }
            }
            return entry
        }.sorted { ($0.segment, $0.mac) < ($1.segment, $1.mac) }
    }

    func hosts() -> [WeftAPI.HostReport] {
        let peers = peers()
        let listed = loaded.topology.hosts.map { host in
            let peer = peers.first { $0.name == host.name.text && $0.nodeID != nil }
            return WeftAPI.HostReport(
                name: host.name.text, kind: host.kind.rawValue, underlay: host.addresses, udpPort: host.udpPort,
                state: host.name == loaded.host.name ? .local : peer.map { .init($0.state) } ?? .static,
                segments: loaded.topology.segments.filter { loaded.topology.isMember(host, of: $0) }.map(\.name.text),
                portCount: loaded.topology.ports(on: host.name).count, labels: host.labels)
        }
        let names = Set(listed.map(\.name))
        let others = peers.filter { $0.nodeID != nil && !names.contains($0.name) }.map { peer in
            WeftAPI.HostReport(
                name: peer.name, kind: peer.kind, underlay: [peer.underlay], udpPort: peer.udpPort, state: .init(peer.state),
                segments: peer.segments)
        }
        return (listed + others).sorted { $0.name < $1.name }
    }

    // MARK: Parts

    private func addresses(of port: Port?, in segment: TopologyName) -> [IPAddress] {
        guard let port, let segment = loaded.topology.segment(named: segment) else { return [] }
        return loaded.topology.addresses(of: port, in: segment)
    }

    var uptime: Duration { startedAt.duration(to: MonotonicClock.now()) }

    func mtu(of segment: Segment) -> Int { loaded.topology.mtu(of: segment, underlayMTU: report?.underlay.mtu ?? 1500) }

    /// Whether this host's part is up: objects made, sockets open, every uplink in the workers' hands.
    var isReady: Bool { report?.isReady == true && obstacles.isEmpty }

    /// What is missing, one sentence each.
    var obstacles: [String] {
        guard let report else { return ["the host was not looked at yet"] }
        var found: [String] = []
        if let failure = report.failure { found.append(failure) }
        if case .waiting(let cause) = report.underlay { found.append(cause) }
        if let planeFailure { found.append(planeFailure) }
        for entry in report.objects {
            switch entry.status {
            case .up, .down: break
            case .waiting(let cause), .error(let cause): found.append("\(entry.object): \(cause)")
            }
        }
        let missing = loaded.topology.bridgedSegments(on: loaded.host).filter { !isAttached($0) }
        found += socketObstacles
        found += missing.map { "uplink of \($0.name): no worker reads it yet" }
        // What is not made is told above.
        found += unreadPorts.filter(isMade).map { "port \($0.name): \(status(of: $0)?.cause ?? "no worker reads it yet")" }
        return found
    }

    private var features: [StatusReport.Feature] {
        guard let offloads = plane?.offloads else { return [] }
        let underlays = offloads.underlays.sorted { $0.address < $1.address }.flatMap { underlay in
            [
                StatusReport.Feature(
                    name: "udp-gso", isInForce: underlay.segmentLimit > 1,
                    detail: "\(underlay.address), \(underlay.segmentLimit) datagrams a send"),
                StatusReport.Feature(name: "udp-gro", isInForce: underlay.mergesReceived, detail: "\(underlay.address)"),
            ]
        }
        let taps = offloads.ports.values.reduce(nil as TapOffloads?) { $0?.intersection($1) ?? $1 } ?? []
        let kinds: [(String, TapOffloads)] = [("tap-checksum", .checksum), ("tap-tso", .tcp4), ("tap-uso", .udp)]
        var features = underlays + kinds.map { StatusReport.Feature(name: $0.0, isInForce: taps.contains($0.1)) }
        let spread = offloads.steering.values.filter { $0 != .single }
        if !spread.isEmpty {
            features.append(.init(name: "steering", isInForce: !spread.contains(.kernel), detail: "each flow has one queue"))
        }
        let (direct, unread) = (readPorts.count, unreadPorts.count)
        guard direct > 0 else { return features }
        let detail = "\(direct - unread) of \(direct) read by the agent, unheard by the host"
        return features + [StatusReport.Feature(name: "direct-ports", isInForce: unread < direct, detail: detail)]
    }

    private func alerts(_ ports: [PortReport]) -> [StatusReport.Alert] {
        var alerts = obstacles.map { StatusReport.Alert(object: loaded.host.name.text, text: $0, command: "weft doctor") }
        if let reloadFailure {
            alerts.append(
                .init(
                    object: options.topologySource, text: reloadFailure,
                    command: options.topologyPath.map { "weft validate \($0)" }))
        }
        alerts += revisionAlerts
        alerts += ports.filter { $0.state == .blocked }.map { port in
            .init(object: port.name, text: "blocked: \(port.detail ?? "a loop")", command: "weft events")
        }
        if let loopFailure {
            alerts.append(.init(object: loaded.host.name.text, text: "loops are not watched for: \(loopFailure)", command: nil))
        }
        alerts += floodWatch.stormy.compactMap(floodLimited).map { port in
            .init(
                object: port.name, text: "floods more than \(port.floodLimit) frames/s; what is beyond is dropped",
                command: "weft events")
        }
        let minutes = Int(uptime.seconds / 60)
        for port in ports where port.state == .up && port.rxFrames == 0 && minutes > 0 {
            alerts.append(
                .init(object: port.name, text: "no frame since start, \(minutes) min", command: "weft port show \(port.name)"))
        }
        return alerts
    }

    private static func named(_ drops: [DropReason: UInt64]) -> [String: UInt64] {
        Dictionary(drops.filter { $0.value > 0 }.map { ($0.key.name, $0.value) }) { $1 }
    }
}

extension Duration {
    /// The duration as seconds with a fraction.
    var seconds: Double { Double(wholeNanoseconds) / 1e9 }
}

extension WeftAPI.HostReport.State {
    /// The same word of a peer.
    fileprivate init(_ state: PeerReport.State) {
        switch state {
        case .alive: self = .alive
        case .suspect: self = .suspect
        case .dead: self = .dead
        case .left: self = .left
        case .static: self = .static
        }
    }
}

extension MemberState {
    /// The word of the API.
    var reported: PeerReport.State {
        switch self {
        case .alive: .alive
        case .suspect: .suspect
        case .dead: .dead
        case .left: .left
        }
    }
}

extension EntrySource {
    /// The word of the API.
    fileprivate var reported: FDBEntryReport.Source {
        switch self {
        case .declared: .declared
        case .static: .static
        case .gossip: .gossip
        case .bridge: .bridge
        case .frame: .frame
        }
    }
}

extension ObjectStatus {
    /// The state of the API.
    fileprivate var state: PortReport.State {
        switch self {
        case .up: .up
        case .down: .down
        case .waiting: .waiting
        case .error: .error
        }
    }
}
