import Synchronization
import WeftLinux
import WeftNetlink

/// Tells of changes in a network namespace as they happen, from a thread of its own.
///
/// Create it before the state is read for the first time, so that no change falls between. The links and addresses among the
/// events are a reason to reconcile; FDB entries are local learning.
public final class HostWatcher: Sendable {
    private let stop: StopSignal

    /// Raised to end the thread; it keeps the signal alive until it has ended.
    private final class StopSignal: Sendable {
        let signal: EventSignal
        init() throws(LinuxError) { signal = try EventSignal() }
    }

    /// Starts watching.
    ///
    /// - Parameters:
    ///   - namespace: the network namespace to watch.
    ///   - topics: what to be told about.
    ///   - handler: called on the watcher's thread with events in order; ``NetlinkEvent/overrun`` means that some were lost.
    /// - Throws: ``LinkFailure`` when the namespace can't be entered, or no socket opened.
    public init(
        namespace: NetworkNamespace = .current, topics: [NetlinkMonitor.Topic] = [.links, .addresses, .neighbours],
        handler: @escaping @Sendable ([NetlinkEvent]) -> Void
    ) throws(LinkFailure) {
        let monitor = try namespace.visit { () throws(LinkFailure) in
            try asking { () throws(NetlinkError) in try NetlinkMonitor.open(topics) }
        }
        let stop = try calling { () throws(LinuxError) in try StopSignal() }
        self.stop = stop
        let poller = try calling { () throws(LinuxError) in
            let poller = try Poller(capacity: 2)
            try poller.add(monitor.rawValue, token: 0)
            try poller.add(stop.signal.rawValue, token: 1)
            return PollerBox(poller)
        }
        _ = try calling { () throws(LinuxError) in
            try WorkerThread(name: "weft-watch") { Self.watch(monitor, poller, stop, handler) }
        }
    }

    deinit { stop.signal.raise() }

    /// Takes the poller to the thread, which then has it to itself.
    private final class PollerBox: Sendable {
        let poller: Mutex<Poller>
        init(_ poller: consuming sending Poller) { self.poller = Mutex(consume poller) }
    }

    private static func watch(
        _ monitor: NetlinkMonitor, _ poller: PollerBox, _ stop: StopSignal, _ handler: @Sendable ([NetlinkEvent]) -> Void
    ) {
        poller.poller.withLock { poller in
            while case .transferred = poller.wait(timeout: nil), !stop.signal.drain() {
                // A socket that fails has lost something; it is asked again when it is readable.
                let events = (try? monitor.receive()) ?? [.overrun]
                if !events.isEmpty { handler(events) }
            }
        }
    }
}

extension NetlinkEvent {
    /// Whether a host that was as it should be may not be any more.
    public var isReasonToReconcile: Bool {
        switch self {
        case .link, .linkRemoved, .bridgePort, .bridgePortRemoved, .address, .addressRemoved, .overrun: true
        case .route, .routeRemoved, .neighbour, .neighbourRemoved, .fdb, .fdbRemoved: false
        }
    }
}
