import Logging
import Synchronization
import WeftLinux

/// What a relay tells of itself, and how it is told to end: shared by its thread and the agent.
final class RelayState: Sendable {
    /// How far the way to the guest is.
    enum Link: Hashable, Sendable {
        /// A guest is there, and frames pass.
        case up
        /// No guest is there; what is waited for.
        case down(String)
        /// The socket can't be made or used; why, and what to do.
        case error(String)
    }

    /// Why a frame got no further; the names are those of the API.
    enum Drop: String, CaseIterable, Sendable {
        /// The guest sent something that is no Ethernet frame, or too long for one.
        case invalid = "socket-invalid"
        /// The device did not take a frame of the guest's: it is down, or gone.
        case refused = "socket-refused"
        /// The guest went away, or its socket failed, before it had the frame.
        case lost = "socket-lost"
    }

    /// Raised when the relay shall end.
    let stop: EventSignal
    private let current = Mutex<Link>(.down("its relay has not begun yet"))
    private let counts = Mutex<[Drop: UInt64]>([:])
    private let onChange: @Sendable (Link) -> Void

    /// Creates the state of a relay that has not begun.
    ///
    /// - Parameter onChange: called by the relay's thread whenever the link is another than before.
    init(onChange: @escaping @Sendable (Link) -> Void) throws(LinuxError) {
        stop = try EventSignal()
        self.onChange = onChange
    }

    /// How far the way to the guest is.
    var link: Link { current.withLock { $0 } }

    /// The frames that got no further, by the reason's name.
    var drops: [String: UInt64] {
        counts.withLock { counts in counts.reduce(into: [:]) { $0[$1.key.rawValue] = $1.value } }
    }

    func set(_ link: Link) {
        let isNew = current.withLock { current in
            defer { current = link }
            return current != link
        }
        if isNew { onChange(link) }
    }

    func count(_ drop: Drop, _ number: Int = 1) {
        guard number > 0 else { return }
        counts.withLock { $0[drop, default: 0] &+= UInt64(number) }
    }
}
