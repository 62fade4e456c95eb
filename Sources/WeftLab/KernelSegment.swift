import WeftTopology
import WeftTypes

/// A segment on a host of kind `vtep`: a bridge, a kernel VXLAN device for each address family in use, and the guests.
public struct KernelSegment: Hashable, Sendable {
    /// The segment's name.
    public let name: String
    /// Its number on the underlay.
    public let vni: VNI
    /// The tunnels, IPv4 first.
    public let tunnels: [Tunnel]
    /// The guests' ports, sorted by name.
    public let guests: [Guest]

    /// One VXLAN device: the kernel ties a device to one address family.
    public struct Tunnel: Hashable, Sendable {
        /// The end here.
        public let local: VTEP
        /// The ends that broadcast, unknown unicast and multicast go to, sorted.
        public let remotes: [VTEP]
    }

    /// A guest, wired by the lab.
    public struct Guest: Hashable, Sendable {
        /// The port's name.
        public let name: String
        /// The device at this end of the pair.
        public let device: String
        /// Its hardware address.
        public let mac: MACAddress
        /// Its addresses, each with its length.
        public let addresses: [IPPrefix]
    }

    /// The MTU of the guests, bytes.
    public let mtuByteCount: Int
    /// Whether checksums are left to the other end, and may be left to this one.
    public let usesRemoteChecksums: Bool

    init(_ segment: Segment, on host: Host, in topology: Topology, underlayMTU: Int) {
        self.name = segment.name.text
        self.vni = segment.vni
        self.mtuByteCount = topology.mtu(of: segment, underlayMTU: underlayMTU)
        self.usesRemoteChecksums = host.takesRemoteChecksums
        let ends = topology.members(of: segment).filter { $0.name != host.name }
            .compactMap { topology.tunnel(from: host, to: $0) }
        self.tunnels = Set(ends.map(\.local)).sorted().map { local in
            Tunnel(local: local, remotes: ends.filter { $0.local == local }.map(\.remote).sorted())
        }
        self.guests = topology.ports(in: segment.name).filter { $0.host == host.name }.compactMap { port in
            port.device.map { Guest(name: port.name.text, device: $0.text, mac: port.mac, addresses: port.addresses) }
        }
    }

    /// The bridge's name.
    var bridgeDevice: String { "br\(vni.rawValue)" }

    /// The VXLAN device's name.
    static func tunnelDevice(vni: VNI, family: IPAddress.Family) -> String {
        switch family {
        case .v4: "vx\(vni.rawValue)"
        case .v6: "vx6-\(vni.rawValue)"
        }
    }

    /// All of it as text.
    var fingerprint: String {
        let ends = tunnels.map { "\($0.local) to \($0.remotes.map(\.description).joined(separator: " "))" }
        let ports = guests.map { "\($0.name) \($0.device) \($0.mac) \($0.addresses.map(\.description).joined(separator: " "))" }
        return (["\(name) vni \(vni.rawValue) mtu \(mtuByteCount)\(usesRemoteChecksums ? " remcsum" : "")"] + ends + ports)
            .joined(separator: ", ")
    }
}
