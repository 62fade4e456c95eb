import WeftForwarding
import WeftTopology
import WeftTypes

/// Turns a topology into what the packet path of one host must know of it, with indices that survive a reload.
///
/// A segment of this host has one port in the packet path, its uplink; the ports of the topology are behind the bridge.
struct FabricCompiler {
    private var segments = IndexBook<TopologyName>()
    private var peers = IndexBook<TopologyName>()

    /// A topology as the packet path takes it.
    struct Result: Hashable, Sendable {
        var fabric: FabricDescription
        /// Where the file says stations are.
        var stations: [Directory.Station]
        /// The peers that no tunnel leads to, by name: they have no address of a family that this host has.
        var unreachable: [TopologyName]
    }

    /// Compiles the part of `host`; `underlayMTU` decides the MTU of segments that have none of their own.
    mutating func compile(_ topology: Topology, for host: Host, underlayMTU: Int) -> Result {
        let local = topology.segments(on: host)
        let segmentNumbers = segments.update(to: local.map(\.name))
        let tunnels = topology.peers(of: host).map { (host: $0, tunnel: topology.tunnel(from: host, to: $0)) }
        let peerNumbers = peers.update(to: tunnels.filter { $0.tunnel != nil }.map(\.host.name))

        var result = Result(fabric: FabricDescription(), stations: [], unreachable: [])
        result.fabric.notJoined = Set(topology.segments.map(\.vni)).subtracting(local.map(\.vni))
        for (peer, tunnel) in tunnels {
            guard let tunnel, let number = peerNumbers[peer.name] else {
                result.unreachable.append(peer.name)
                continue
            }
            result.fabric.peers.append(
                PeerDescription(
                    index: PeerIndex(number), name: peer.name.text, vtep: tunnel.remote,
                    otherAddresses: peer.addresses.filter { $0 != tunnel.remote.address },
                    kind: peer.kind == .vtep ? .plain : .staticAgent))
        }
        for segment in local {
            guard let number = segmentNumbers[segment.name] else { continue }
            let index = SegmentIndex(number)
            result.fabric.segments.append(
                SegmentDescription(
                    index: index, vni: segment.vni, name: segment.name.text,
                    mtu: topology.mtu(of: segment, underlayMTU: underlayMTU), tags: segment.tags == .carry ? .carry : .drop,
                    unknownUnicast: segment.flood == .members ? .flood : .drop,
                    members: topology.members(of: segment).compactMap { peerNumbers[$0.name] }.map { PeerIndex($0) }))
            result.fabric.ports.append(
                PortDescription(index: PortIndex(number), name: segment.name.text, segment: index, isManyMACs: true))
            result.stations += stations(of: segment, in: topology, on: host, at: index, peers: peerNumbers)
        }
        return result
    }

    private func stations(
        of segment: Segment, in topology: Topology, on host: Host, at index: SegmentIndex, peers: [TopologyName: UInt16]
    ) -> [Directory.Station] {
        topology.ports(in: segment.name).compactMap { port in
            let key = FDBKey(index, port.mac)
            let isLocal = port.host == host.name
            let location = isLocal ? Location.port(PortIndex(index.rawValue)) : peers[port.host].map { .peer(PeerIndex($0)) }
            return location.map { Directory.Station(key: key, location: $0, isSticky: port.isSticky) }
        }
    }

    /// The index of a segment's uplink in the packet path, which is the segment's own number.
    func uplink(of segment: TopologyName) -> PortIndex? { segments[segment].map { PortIndex($0) } }
    /// The segment that has an index.
    func segmentIndex(of segment: TopologyName) -> SegmentIndex? { segments[segment].map { SegmentIndex($0) } }
    /// The index of a peer.
    func peerIndex(of peer: TopologyName) -> PeerIndex? { peers[peer].map { PeerIndex($0) } }
}
