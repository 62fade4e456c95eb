import WeftTypes

extension Topology {
    /// The ports on a host, sorted by name.
    public func ports(on host: TopologyName) -> [Port] { ports.filter { $0.host == host } }

    /// The ports in a segment, sorted by name.
    public func ports(in segment: TopologyName) -> [Port] { ports.filter { $0.isIn(segment) } }

    /// The addresses that a port has in one of its segments: all of an access port's; of a trunk's those of the segment's subnets,
    /// or all in the native one where that has none.
    public func addresses(of port: Port, in segment: Segment) -> [IPAddress] {
        let all = port.addresses.map(\.address)
        guard case .trunk(let trunk) = port.attachment else { return all }
        guard !segment.subnets.isEmpty else { return trunk.native == segment.name ? all : [] }
        return all.filter { address in segment.subnets.contains { $0.contains(address) } }
    }

    /// Whether a host has a segment: through a port in it, or as a plain end point that the segment's `vteps` allows.
    public func isMember(_ host: Host, of segment: Segment) -> Bool {
        Self.isMember(host, of: segment) { ports.contains { $0.host == host.name && $0.isIn(segment.name) } }
    }

    /// The hosts that have a segment, sorted by name.
    public func members(of segment: Segment) -> [Host] {
        let withPorts = Set(ports(in: segment.name).map(\.host))
        return hosts.filter { host in Self.isMember(host, of: segment) { withPorts.contains(host.name) } }
    }

    /// The segments that a host has, sorted by name.
    public func segments(on host: Host) -> [Segment] {
        let withPorts = Set(ports(on: host.name).flatMap(\.segments))
        return segments.filter { segment in Self.isMember(host, of: segment) { withPorts.contains(segment.name) } }
    }

    /// The segments that have a bridge and an uplink on a host, sorted by name: where all ports are direct there is neither.
    public func bridgedSegments(on host: Host) -> [Segment] {
        let bridged = Set(ports(on: host.name).filter { !$0.isReadByAgent }.flatMap(\.segments))
        return segments.filter { bridged.contains($0.name) }
    }

    private static func isMember(_ host: Host, of segment: Segment, hasPort: () -> Bool) -> Bool {
        switch (host.kind, segment.vteps) {
        case (.agent, _): hasPort()
        case (.vtep, .all): true
        case (.vtep, .only(let names)): names.contains(host.name)
        }
    }

    /// The other hosts that share a segment with this one, sorted by name: those it exchanges frames with.
    public func peers(of host: Host) -> [Host] {
        let shared = Set(segments(on: host).flatMap { members(of: $0).map(\.name) })
        return hosts.filter { $0.name != host.name && shared.contains($0.name) }
    }

    /// The two ends of the tunnel from one host to another: IPv4 where both have it, because it costs 20 bytes less,
    /// else IPv6; nil when they have no family in common or one is known by its interface only.
    public func tunnel(from source: Host, to destination: Host) -> (local: VTEP, remote: VTEP)? {
        for family in IPAddress.Family.allCases {
            if let local = source.address(of: family), let remote = destination.address(of: family) {
                return (VTEP(address: local, udpPort: source.udpPort), VTEP(address: remote, udpPort: destination.udpPort))
            }
        }
        return nil
    }
}
