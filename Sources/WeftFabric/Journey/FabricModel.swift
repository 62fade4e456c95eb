import WeftForwarding
import WeftTopology
import WeftTypes

/// All hosts of a topology as they would be once it is applied: what the packet path of each knows, with nothing learnt yet.
///
/// A packet's way is found by the very functions that forward it (``WeftForwarding/Pipeline``), one host after the other; only
/// what the kernel's bridges and plain end points do is told here in our own words. <doc:WhatIf> says what that can prove.
public struct FabricModel: Sendable {
    /// The topology; hosts whose address the file does not tell have one that stands in for it.
    public let topology: Topology
    var nodes: [TopologyName: Node]

    /// An agent's host.
    struct Node: Sendable {
        let host: Host
        let compiler: FabricCompiler
        let compiled: FabricCompiler.Result
        let tables: ForwardingTables
        var memory = PathMemory()
    }

    /// Compiles every host's part.
    ///
    /// - Parameter underlayMTU: bytes of an IP packet between the hosts.
    public init(_ topology: Topology, underlayMTU: Int = 1500) {
        let topology = topology.withStandInAddresses
        self.topology = topology
        nodes = [:]
        for host in topology.hosts where host.kind == .agent {
            var compiler = FabricCompiler()
            let compiled = compiler.compile(topology, for: host, underlayMTU: underlayMTU)
            var directory = Directory()
            directory.configure(compiled.stations)
            let tables = ForwardingTables(fabric: FabricTables(compiled.fabric), fdb: directory.fdb)
            nodes[host.name] = Node(host: host, compiler: compiler, compiled: compiled, tables: tables)
        }
    }
}

extension Topology {
    /// The topology with an address of each family, of networks that nobody has, for each host whose addresses the file does not
    /// tell.
    fileprivate var withStandInAddresses: Topology {
        let hosts = self.hosts.enumerated().map { number, host in
            guard host.addresses.isEmpty else { return host }
            let addresses: [IPAddress] = [
                .v4(IPv4Address(rawValue: 0xF000_0001 + UInt32(number))),
                .v6(IPv6Address(rawValue: UInt128(0x0100) << 112 | UInt128(number + 1))),
            ]
            return Host(
                name: host.name, underlay: .addresses(addresses), kind: host.kind, udpPort: host.udpPort,
                gossipPort: host.gossipPort, takesRemoteChecksums: host.takesRemoteChecksums, labels: host.labels)
        }
        return Topology(name: name, hosts: hosts, segments: segments, ports: ports, checks: checks)
    }
}
