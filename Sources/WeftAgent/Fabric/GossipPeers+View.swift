import WeftFabric
import WeftGossip
import WeftGossipShell
import WeftTypes

extension GossipPeers {
    /// Chooses the tunnels of a host to the nodes of `view`.
    ///
    /// - Parameters:
    ///   - addresses: the host's own; a tunnel needs one of the same family, IPv4 where there are both.
    ///   - taken: addresses that no node can have: those of plain end points.
    init(_ view: FabricView, from addresses: [IPAddress], taken: Set<IPAddress>, paused: Set<NodeID> = []) {
        var (peers, unreachable): ([Peer], [NodeID: String]) = ([], [:])
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
        self.init(
            peers: peers.sorted { $0.id < $1.id }, unreachable: unreachable, segments: view.segments, paused: paused)
    }

    private static func isPresent(_ node: FabricView.Node) -> Bool { node.state?.isPresent ?? true }

    /// How people see a node: its name, told apart where that is not its alone.
    static func label(of id: NodeID, _ name: String, isShared: Bool) -> String {
        isShared ? "\(name)#\(id.description.prefix(4))" : name
    }
}
