import WeftTypes

/// One node's word that a station is behind it.
struct EndpointClaim: Hashable {
    var node: NodeID
    var sequence: UInt32
    var isSticky: Bool
    var isDeclared: Bool
    /// What it answers for.
    var addresses: [IPAddress]
    /// When this node heard of it.
    var received: Instant
    /// It is a router, and advertises itself as one.
    var isRouter = false
}

/// All that other nodes say of one station.
struct RemoteClaims {
    /// By node; hardly ever more than one.
    var claims: [EndpointClaim] = []
    /// The one that the shell was told to use; nil while the station is this host's.
    var inUse: EndpointClaim?

    func index(of node: NodeID) -> Int? { claims.firstIndex { $0.node == node } }

    /// Replaces a node's claim, or removes it with nil; returns the one it had.
    mutating func set(_ claim: EndpointClaim?, of node: NodeID) -> EndpointClaim? {
        if let index = index(of: node) {
            let old = claims[index]
            if let claim { claims[index] = claim } else { claims.remove(at: index) }
            return old
        }
        if let claim { claims.insert(claim, at: claims.partitionPoint { $0.node < node }) }
        return nil
    }
}
