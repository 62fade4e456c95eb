import WeftTypes

/// Which address belongs to which simulated node, without a table: 10.0.0.0/8 with 7 bits for how often the node has moved and
/// 17 bits for its number.
enum Addressing {
    static var maximumNodeCount: Int { 1 << 17 }

    static func address(of node: Int, moves: Int) -> GossipAddress {
        let number = UInt32(moves & 127) << 17 | UInt32(node & (maximumNodeCount - 1))
        return GossipAddress(address: .v4(IPv4Address(rawValue: 0x0A00_0000 | number)))
    }

    /// The node that has or had an address.
    @inline(__always) static func node(at address: GossipAddress) -> Int? {
        guard case .v4(let address) = address.address, address.rawValue >> 24 == 10 else { return nil }
        return Int(address.rawValue & UInt32(maximumNodeCount - 1))
    }

    /// The address a node's tunnels end at; it stays when the gossip address moves, and when the disk is lost.
    static func vtep(of node: Int) -> IPAddress { .v4(IPv4Address(rawValue: 0xC612_0000 + UInt32(node))) }
}

extension NodeID {
    /// The identity of a simulated node: as random as the hash of a key, and the same for the same seed.
    static func simulated(seed: UInt64, node: Int, disk: Int) -> NodeID {
        var random = SeededRandom(seed: seed ^ UInt64(node) << 20 ^ UInt64(disk) << 48 ^ 0x5EED_0F1D)
        return NodeID(rawValue: UInt128(random.next()) << 64 | UInt128(random.next()))
    }
}
