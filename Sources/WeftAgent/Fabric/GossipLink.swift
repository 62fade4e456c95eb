import Synchronization
import WeftGossipShell

/// Where the gossip of this agent is found once there is one; read by the threads of the packet path.
final class GossipLink: Sendable {
    private let place = Mutex<GossipService?>(nil)

    /// The service, while it runs.
    var service: GossipService? {
        get { place.withLock { $0 } }
        set { place.withLock { $0 = newValue } }
    }
}
