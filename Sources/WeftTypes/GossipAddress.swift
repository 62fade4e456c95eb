/// Where an agent's gossip is heard: an underlay address and a UDP port.
///
/// It says how to reach a node, never who it is: that is its ``NodeID``, which it keeps when its address changes.
@frozen public struct GossipAddress: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The underlay address.
    public let address: IPAddress
    /// The UDP port.
    public let udpPort: UInt16

    /// The port agents gossip on unless configured.
    public static var defaultUDPPort: UInt16 { 7948 }

    /// Creates an address.
    @inlinable public init(address: IPAddress, udpPort: UInt16 = 7948) {
        self.address = address
        self.udpPort = udpPort
    }

    /// IPv4 before IPv6, then by number, then by port.
    public static func < (left: GossipAddress, right: GossipAddress) -> Bool {
        (left.address, left.udpPort) < (right.address, right.udpPort)
    }

    /// `192.0.2.11:7948` or `[2001:db8::1]:7948`.
    public var description: String {
        switch address {
        case .v4(let address): "\(address):\(udpPort)"
        case .v6(let address): "[\(address)]:\(udpPort)"
        }
    }
}
