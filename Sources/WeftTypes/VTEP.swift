/// A VXLAN tunnel end point as a sender sees it: an underlay address and a UDP port (RFC 7348 §3).
@frozen public struct VTEP: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The underlay address.
    public let address: IPAddress
    /// The UDP destination port, 4789 unless configured.
    public let udpPort: UInt16

    /// The port IANA assigned to VXLAN.
    public static var defaultUDPPort: UInt16 { 4789 }

    /// Creates an end point.
    @inlinable public init(address: IPAddress, udpPort: UInt16 = 4789) {
        self.address = address
        self.udpPort = udpPort
    }

    public static func < (left: VTEP, right: VTEP) -> Bool {
        (left.address, left.udpPort) < (right.address, right.udpPort)
    }

    /// `192.0.2.11:4789` or `[2001:db8::1]:4789`.
    public var description: String {
        switch address {
        case .v4(let address): "\(address):\(udpPort)"
        case .v6(let address): "[\(address)]:\(udpPort)"
        }
    }
}
