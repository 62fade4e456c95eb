import WeftTypes

extension Topology {
    /// What VXLAN adds to a packet of the segment on its widest tunnel, 50 or 70 bytes.
    ///
    /// The tunnels of members that all have an IPv4 address use it; one member without makes some tunnel use IPv6.
    public func overheadByteCount(of segment: Segment) -> Int {
        let families = members(of: segment).map(\.addresses).filter { !$0.isEmpty }
        let isAllIPv4 = families.allSatisfy { addresses in addresses.contains { $0.family == .v4 } }
        return (isAllIPv4 ? IPAddress.Family.v4 : .v6).overheadByteCount
    }

    /// The bytes an IP packet of a guest in the segment may have.
    ///
    /// - Parameter underlayMTU: the MTU of this host's underlay; without gossip the others are taken to have 1500.
    public func mtu(of segment: Segment, underlayMTU: Int = 1500) -> Int {
        switch segment.mtu {
        case .automatic: min(1500, underlayMTU) - overheadByteCount(of: segment)
        case .bytes(let count): count
        }
    }

    /// Digest of what all hosts must agree on to exchange a segment: fabric, name, VNI and subnets; not MTU, flood, ports
    /// or hosts. 32 bytes.
    public func specHash(of segment: Segment) -> [UInt8] {
        let subnets = segment.subnets.map { IPPrefix.network(of: $0) }.sorted().map(\.description)
        return SHA256.digest(
            of: (["weft segment 1", name.text, segment.name.text, segment.vni.description] + subnets).joined(separator: "\n"))
    }
}

extension IPPrefix {
    /// The prefix without host bits, so that two ways to write one network are equal.
    fileprivate static func network(of prefix: IPPrefix) -> IPPrefix {
        IPPrefix(address: prefix.network, length: prefix.length) ?? prefix
    }
}
