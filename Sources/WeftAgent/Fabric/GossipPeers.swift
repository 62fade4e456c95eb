import WeftGossip
import WeftGossipShell
import WeftTopology
import WeftTypes

/// The other nodes of the fabric as tunnels can reach them: each by one end point, and each end point of one node.
struct GossipPeers: Hashable, Sendable {
    /// One other node with a tunnel to it.
    struct Peer: Hashable, Sendable {
        var id: NodeID
        /// Its own name, with four digits of its identity where another node has the same.
        var name: String
        /// Where frames to it go.
        var vtep: VTEP
        /// Its other addresses.
        var otherAddresses: [IPAddress]
        /// Whether it completes transport checksums that are left to it.
        var takesRemoteChecksums: Bool
    }

    /// By identity.
    var peers: [Peer] = []
    /// Those without a tunnel, with the reason.
    var unreachable: [NodeID: String] = [:]
    /// What the members of each segment say about it.
    var segments: [VNI: [NodeID: SegmentRecord]] = [:]
    /// The nodes that floods leave out, because they have been dead for a while.
    var paused: Set<NodeID> = []

    /// What a node can do, one bit each in ``WeftGossip/NodeRecord/features``.
    enum Feature {
        /// It completes transport checksums that are left to it.
        static let remoteChecksums: UInt64 = 1
    }

    /// Chooses the tunnels of a host to the nodes of `view`.
    ///
    /// - Parameters:
    ///   - addresses: the host's own; a tunnel needs one of the same family, IPv4 where there are both.
    ///   - taken: addresses that no node can have: those of plain end points.
    init(_ view: FabricView, from addresses: [IPAddress], taken: Set<IPAddress>, paused: Set<NodeID> = []) {
        segments = view.segments
        self.paused = paused
        let names = Dictionary(grouping: view.nodes.values.compactMap(\.record?.name), by: \.self).mapValues(\.count)
        var used = taken.union(addresses)
        // Who is present first: of two with one address the one that answers has it.
        let order = view.nodes.sorted { left, right in
            let (first, second) = (Self.isPresent(left.value), Self.isPresent(right.value))
            return first == second ? left.key < right.key : first
        }
        for (id, node) in order where node.state != .left {
            guard let record = node.record else { continue }
            let name = Self.label(of: id, record.name, isShared: names[record.name, default: 0] > 1)
            let families = IPAddress.Family.allCases.filter { family in addresses.contains { $0.family == family } }
            let candidates = families.compactMap { family in record.vtepAddresses.first { $0.family == family } }
            guard let address = candidates.first else {
                unreachable[id] = "\(name) has no underlay address of a family that this host has"
                continue
            }
            guard !used.contains(address) else {
                unreachable[id] = "\(name) says its underlay address is \(address), which another has"
                continue
            }
            let others = record.vtepAddresses.filter { $0 != address && !used.contains($0) }
            used.formUnion(others + [address])
            peers.append(
                Peer(
                    id: id, name: name, vtep: VTEP(address: address, udpPort: record.udpPort), otherAddresses: others,
                    takesRemoteChecksums: record.features & Feature.remoteChecksums != 0))
        }
        peers.sort { $0.id < $1.id }
    }

    private static func isPresent(_ node: FabricView.Node) -> Bool { node.state?.isPresent ?? true }

    /// How people see a node: its name, told apart where that is not its alone.
    static func label(of id: NodeID, _ name: String, isShared: Bool) -> String {
        isShared ? "\(name)#\(id.description.prefix(4))" : name
    }
}
