import WeftForwarding
import WeftGossip
import WeftTopology
import WeftTypes

/// Turns a topology into what the packet path of one host must know of it, with indices that survive a reload.
///
/// To the packet path a segment of this host has an uplink, behind which are all its ports on the bridge, and a port for each
/// one that the agent reads itself; a trunk is one for each of its VLANs.
public struct FabricCompiler: Sendable {
    private var segments = IndexBook<TopologyName>()
    private var ports = IndexBook<PathPort>()
    private var peers = IndexBook<PathPeer>()

    /// Creates a compiler that has numbered nothing yet.
    public init() {}

    /// What the packet path has a port for.
    public enum PathPort: Hashable, Comparable, Sendable {
        /// The uplink of a segment.
        case uplink(TopologyName)
        /// A port of the topology that the agent reads itself: its device, and its segment or the native one of its trunk.
        case device(TopologyName)
        /// Another segment of a trunk, by its VLAN.
        case member(TopologyName, VLANID)

        /// The place of a port's segment.
        init(_ port: Port, in segment: TopologyName) {
            self = .device(port.name)
            guard case .trunk(let trunk) = port.attachment, trunk.native != segment, let vlan = trunk.vlan(of: segment) else {
                return
            }
            self = .member(port.name, vlan)
        }
    }

    /// Whom the packet path has a peer for.
    public enum PathPeer: Hashable, Comparable, Sendable {
        /// A host of the topology: a plain end point, or an agent without gossip.
        case host(TopologyName)
        /// A node of the fabric.
        case node(NodeID)
    }

    /// Members of a segment that do not mean the same network by its number.
    public struct Mismatch: Hashable, Sendable, Comparable {
        /// The segment, as this host knows it.
        public var segment: TopologyName
        /// The node that means another by its number.
        public var node: NodeID

        public static func < (left: Mismatch, right: Mismatch) -> Bool { (left.segment, left.node) < (right.segment, right.node) }
    }

    /// A topology as the packet path takes it.
    public struct Result: Hashable, Sendable {
        /// Segments, ports and peers.
        public var fabric: FabricDescription
        /// Where the file says stations are.
        public var stations: [Directory.Station]
        /// The peers that no tunnel leads to, by name: they have no address of a family that this host has.
        public var unreachable: [TopologyName]
        /// The nodes of the fabric that are peers.
        public var nodes: [NodeID: PeerIndex] = [:]
        /// The segments that this host has.
        public var segments: [VNI: SegmentIndex] = [:]
        /// How the devices of trunks are told apart, by the port that the device is.
        public var trunks: [PortIndex: TrunkMap] = [:]
        /// The ports of the topology that the agent reads itself, by each of their places in the packet path.
        public var readPorts: [PortIndex: TopologyName] = [:]
        /// The nodes that don't exchange a segment with this one, because their topologies differ in what it is.
        public var mismatches: [Mismatch] = []
    }

    /// Compiles the part of `host`.
    ///
    /// - Parameters:
    ///   - underlayMTU: decides the MTU of segments that have none of their own.
    ///   - gossip: the other nodes, where the fabric has a key: they, and not the file, then say who has which segment. Nil
    ///     without a key: all hosts of the file are peers for good.
    public mutating func compile(_ topology: Topology, for host: Host, underlayMTU: Int, gossip: GossipPeers? = nil) -> Result {
        let local = topology.segments(on: host)
        let segmentNumbers = segments.update(to: local.map(\.name))
        let read = topology.ports(on: host.name).filter(\.isReadByAgent)
        let bridgedSegments = topology.bridgedSegments(on: host)
        let bridged = Self.bySegment(topology.ports(on: host.name).filter { !$0.isReadByAgent })
        let places = read.map { port in Set([.device(port.name)] + port.segments.map { PathPort(port, in: $0) }) }
        _ = ports.update(to: bridgedSegments.map { .uplink($0.name) } + places.flatMap { $0 })
        let readBySegment = Self.bySegment(read)
        let portsBySegment = Self.bySegment(topology.ports)
        let hosts = topology.peers(of: host).filter { gossip == nil || $0.kind == .vtep }
        let tunnels = hosts.map { (host: $0, tunnel: topology.tunnel(from: host, to: $0)) }
        let nodes = gossip?.peers ?? []
        let peerNumbers = peers.update(
            to: tunnels.filter { $0.tunnel != nil }.map { .host($0.host.name) } + nodes.map { .node($0.id) })

        var result = Result(fabric: FabricDescription(), stations: [], unreachable: [])
        result.fabric.notJoined = Set(topology.segments.map(\.vni)).subtracting(local.map(\.vni))
        for (peer, tunnel) in tunnels {
            guard let tunnel, let number = peerNumbers[.host(peer.name)] else {
                result.unreachable.append(peer.name)
                continue
            }
            result.fabric.peers.append(
                PeerDescription(
                    index: PeerIndex(number), name: peer.name.text, vtep: tunnel.remote,
                    otherAddresses: peer.addresses.filter { $0 != tunnel.remote.address },
                    kind: peer.kind == .vtep ? .plain : .staticAgent,
                    takesRemoteChecksums: peer.takesRemoteChecksums))
        }
        for node in nodes {
            guard let number = peerNumbers[.node(node.id)] else { continue }
            result.nodes[node.id] = PeerIndex(number)
            if gossip?.paused.contains(node.id) == true { result.fabric.pausedPeers.insert(PeerIndex(number)) }
            result.fabric.peers.append(
                PeerDescription(
                    index: PeerIndex(number), name: node.name, vtep: node.vtep, otherAddresses: node.otherAddresses,
                    kind: .gossipAgent, takesRemoteChecksums: node.takesRemoteChecksums))
        }
        for segment in local {
            guard let number = segmentNumbers[segment.name] else { continue }
            let index = SegmentIndex(number)
            result.segments[segment.vni] = index
            var mtu = topology.mtu(of: segment, underlayMTU: underlayMTU)
            var members = topology.members(of: segment).compactMap { peerNumbers[.host($0.name)] }.map { PeerIndex($0) }
            let spec = topology.specNumber(of: segment)
            for (id, record) in (gossip?.segments[segment.vni] ?? [:]).sorted(by: { $0.key < $1.key }) {
                guard let peer = result.nodes[id] else { continue }
                guard record.specHash == spec else {
                    result.mismatches.append(Mismatch(segment: segment.name, node: id))
                    continue
                }
                members.append(peer)
                if segment.mtu == .automatic { mtu = min(mtu, max(576, Int(record.mtu))) }
            }
            result.fabric.segments.append(
                SegmentDescription(
                    index: index, vni: segment.vni, name: segment.name.text, mtu: mtu,
                    tags: segment.tags == .carry ? .carry : .drop,
                    unknownUnicast: segment.flood == .members ? .flood : .drop, members: members))
            if let uplink = uplink(of: segment.name) {
                result.fabric.ports.append(
                    PortDescription(
                        index: uplink, name: segment.name.text, segment: index, isManyMACs: true,
                        floodLimit: Self.floodLimit(ofUplinkWith: bridged[segment.name] ?? [])))
            }
            for port in readBySegment[segment.name] ?? [] {
                guard let place = place(of: port, in: segment.name) else { continue }
                result.fabric.ports.append(
                    PortDescription(
                        index: place, name: port.name.text, segment: index, isManyMACs: port.kind.isForeign,
                        floodLimit: port.floodLimit))
                result.readPorts[place] = port.name
            }
            result.stations += stations(
                of: portsBySegment[segment.name] ?? [], in: segment, on: host, at: index, peers: peerNumbers)
        }
        for port in read {
            guard case .trunk(let trunk) = port.attachment, let device = readPort(port.name) else { continue }
            result.readPorts[device] = port.name
            result.trunks[device] = TrunkMap(
                trunk.members.compactMap { member in
                    place(of: port, in: member.segment).map { TrunkMap.Member(vlan: member.vlan, port: $0) }
                },
                native: trunk.native == nil ? nil : device, tagType: trunk.tagProtocol == .dot1AD ? .serviceVLAN : .vlan)
        }
        return result
    }

    private static func bySegment(_ ports: [Port]) -> [TopologyName: [Port]] {
        ports.reduce(into: [:]) { all, port in
            for segment in port.segments { all[segment, default: []].append(port) }
        }
    }

    /// What a segment's uplink may bring to be flooded: as much as the port behind it that may most. One port's storm is cut at
    /// its own figure or a little above, and a bridge full of guests has more than honest ones need together.
    private static func floodLimit(ofUplinkWith ports: [Port]) -> Int {
        let limits = ports.map(\.floodLimit)
        return limits.contains(0) ? 0 : limits.max() ?? 0
    }

    private func stations(
        of ports: [Port], in segment: Segment, on host: Host, at index: SegmentIndex, peers: [PathPeer: UInt16]
    ) -> [Directory.Station] {
        // Of what is behind a device of others the file says nothing.
        ports.filter { !$0.kind.isForeign && $0.isEnabled }.compactMap { port in
            let location: Location?
            if port.host == host.name {
                location = place(of: port, in: segment.name).map { .port($0) }
            } else {
                location = peers[.host(port.host)].map { .peer(PeerIndex($0)) }
            }
            return location.map {
                Directory.Station(key: FDBKey(index, port.mac), location: $0, isSticky: port.isSticky)
            }
        }
    }

    /// The port of the packet path that a local port of the topology is, or is behind.
    func place(of port: Port, in segment: TopologyName) -> PortIndex? {
        guard port.isReadByAgent else { return uplink(of: segment) }
        return ports[PathPort(port, in: segment)].map { PortIndex($0) }
    }

    /// The index of a segment's uplink in the packet path; nil where the agent reads all ports of this host itself.
    public func uplink(of segment: TopologyName) -> PortIndex? { ports[.uplink(segment)].map { PortIndex($0) } }
    /// The index of a port that the agent reads itself; of a trunk the one that its device is.
    public func readPort(_ port: TopologyName) -> PortIndex? { ports[.device(port)].map { PortIndex($0) } }
    /// The index of a peer that the topology names.
    public func peerIndex(of peer: TopologyName) -> PeerIndex? { peers[.host(peer)].map { PeerIndex($0) } }
    /// The segment that has an index.
    public func segmentIndex(of segment: TopologyName) -> SegmentIndex? { segments[segment].map { SegmentIndex($0) } }
}

extension Topology {
    /// The first 8 bytes of ``WeftTopology/Topology/specHash(of:)``, as gossip carries them.
    public func specNumber(of segment: Segment) -> UInt64 { specHash(of: segment).prefix(8).reduce(0) { $0 << 8 | UInt64($1) } }
}
