/// A link as a port of a bridge, as `bridge -d link` prints it.
///
/// Nil means "leave it" in a request, and in what was read that this kernel does not have it.
public struct BridgePort: Hashable, Sendable {
    /// What the port does with frames (802.1D).
    public enum State: UInt8, Hashable, Sendable {
        case disabled, listening, learning, forwarding, blocking
    }

    public var state: State?
    /// Path cost for the spanning tree.
    public var cost: UInt32?
    /// Whether source addresses are learnt.
    public var isLearning: Bool?
    /// Whether frames for an unknown station go out here.
    public var floodsUnicast: Bool?
    /// Whether multicast that nobody asked for goes out here.
    public var floodsMulticast: Bool?
    /// Whether broadcast goes out here.
    public var floodsBroadcast: Bool?
    /// Whether frames pass only to and from ports that are not isolated.
    public var isIsolated: Bool?
    /// Whether frames may leave by the port they came in by.
    public var isHairpin: Bool?
    /// Whether frames from a station that the FDB does not know here are dropped.
    public var isLocked: Bool?
    /// Whether ARP and ND are answered from the neighbour table instead of being flooded.
    public var suppressesNeighbours: Bool?
    /// Whether BPDUs that come in take the port down.
    public var guardsBPDU: Bool?

    /// In a request: forgets what was learnt at the port.
    public var flushes = false

    /// Creates a set of attributes, by default none.
    public init(
        isLearning: Bool? = nil, floodsUnicast: Bool? = nil, floodsMulticast: Bool? = nil, floodsBroadcast: Bool? = nil,
        isIsolated: Bool? = nil, isHairpin: Bool? = nil
    ) {
        self.isLearning = isLearning
        self.floodsUnicast = floodsUnicast
        self.floodsMulticast = floodsMulticast
        self.floodsBroadcast = floodsBroadcast
        self.isIsolated = isIsolated
        self.isHairpin = isHairpin
    }
}
