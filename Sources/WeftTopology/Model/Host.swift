import WeftTypes

/// A machine of the fabric: one that runs an agent, or a plain VXLAN end point.
public struct Host: Hashable, Sendable {
    /// Its name, unique in the fabric; without a tenant.
    public let name: TopologyName
    /// How the others reach it.
    public let underlay: Underlay
    /// What runs on it.
    public let kind: Kind
    /// The UDP port its VXLAN end point listens on, 4789 unless given.
    public let udpPort: UInt16
    /// The UDP port its agent gossips on, 7948 unless given.
    public let gossipPort: UInt16
    /// Whether the others may leave transport checksums to its VXLAN end point (remote checksum offload, `remcsum`): every agent
    /// can complete them, a kernel's device with `remcsumrx`, and nobody else.
    public let takesRemoteChecksums: Bool
    /// Free key-value pairs for the operator's own use.
    public let labels: [String: String]

    /// The gossip port unless the file gives another.
    public static var defaultGossipPort: UInt16 { 7948 }

    /// What runs on a host.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A Weft agent.
        case agent
        /// No agent: a kernel, Open vSwitch or hardware VXLAN peer.
        case vtep
    }

    /// Where a host's end point is.
    public enum Underlay: Hashable, Sendable {
        /// At most one address of each family, at least one; IPv4 first.
        case addresses([IPAddress])
        /// Whatever addresses this device of the host itself has.
        case interface(DeviceName)
    }

    /// Creates a host; `addresses` are put in order.
    public init(
        name: TopologyName, underlay: Underlay, kind: Kind = .agent, udpPort: UInt16 = VTEP.defaultUDPPort,
        gossipPort: UInt16 = Host.defaultGossipPort, takesRemoteChecksums: Bool = false, labels: [String: String] = [:]
    ) {
        self.name = name
        self.kind = kind
        self.udpPort = udpPort
        self.gossipPort = gossipPort
        self.takesRemoteChecksums = takesRemoteChecksums
        self.labels = labels
        switch underlay {
        case .addresses(let addresses): self.underlay = .addresses(addresses.sorted())
        case .interface: self.underlay = underlay
        }
    }

    /// The addresses the file gives, IPv4 first; none when it names an interface.
    public var addresses: [IPAddress] {
        switch underlay {
        case .addresses(let addresses): addresses
        case .interface: []
        }
    }

    /// The address of one family.
    public func address(of family: IPAddress.Family) -> IPAddress? { addresses.first { $0.family == family } }

    /// Its end points, one for each address, IPv4 first.
    public var vteps: [VTEP] { addresses.map { VTEP(address: $0, udpPort: udpPort) } }
}
