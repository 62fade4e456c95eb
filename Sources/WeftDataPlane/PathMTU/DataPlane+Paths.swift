import WeftForwarding
import WeftTypes

/// What happened to the path to a peer.
public enum PathEvent: Hashable, Sendable {
    /// It takes IP packets of so many bytes now; `from` is nil when nothing was known before.
    case mtuChanged(PeerIndex, from: Int?, to: Int)
}

extension DataPlane {
    /// Round-trip time, loss and MTU of the paths to agents; of those with traffic they are kept up to date. See
    /// <doc:PathProbes>.
    public func pathReports() -> [PeerIndex: PathReport] { prober?.reports() ?? [:] }
}

extension DataPlane.State {
    /// Notes what a path takes; whether the peer is still where that was found out.
    mutating func note(_ change: PathProber.Change) -> Bool {
        guard fabric.vtep(of: change.peer) == change.vtep else { return false }
        switch change.event {
        case .mtuChanged(let peer, _, let mtu): _ = paths.set(mtu, for: peer, over: change.vtep.address.family)
        }
        return true
    }

    /// Forgets what the paths to peers take that have gone, moved, or are no agents.
    mutating func forgetPaths(of former: FabricTables) {
        for peer in former.description.peers where fabric.vtep(of: peer.index) != peer.vtep || !fabric.isAgent(peer.index) {
            _ = paths.set(nil, for: peer.index, over: peer.vtep.address.family)
        }
    }
}
