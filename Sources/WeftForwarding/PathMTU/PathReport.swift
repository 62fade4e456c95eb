/// What is known of the path to a peer.
public struct PathReport: Hashable, Sendable {
    /// The smoothed round-trip time between the two agents.
    public var rtt: Duration?
    /// The share of the last probes that were lost, 0…1.
    public var lossRatio: Double?
    /// Bytes of the largest IP packet that the path is known to take; nil while none was acknowledged.
    public var mtu: Int?

    /// Nothing is known unless said.
    public init(rtt: Duration? = nil, lossRatio: Double? = nil, mtu: Int? = nil) {
        self.rtt = rtt
        self.lossRatio = lossRatio
        self.mtu = mtu
    }
}
