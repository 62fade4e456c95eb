import WeftTypes

/// Something about stations that an operator has to look at.
public enum EndpointAlarm: Hashable, Sendable {
    /// A MAC address moved too often and is taken for two stations (E5): it stays at the first place, and this host no longer takes
    /// it away from another until it is cleared.
    case duplicateMAC(VNI, MACAddress, staysAt: EndpointPlace, alsoAt: EndpointPlace)
    /// One IP address is used by two stations (E9); the first one keeps it.
    case duplicateAddress(
        VNI, IPAddress, kept: MACAddress, keptAt: EndpointPlace, refused: MACAddress, refusedAt: EndpointPlace)
    /// A station that never moves was seen elsewhere (E6).
    case stickyConflict(VNI, MACAddress, staysAt: EndpointPlace, seenAt: EndpointPlace)
}
