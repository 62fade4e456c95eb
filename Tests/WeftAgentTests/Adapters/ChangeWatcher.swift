import WeftLinux
import WeftNetlink

/// Calls back on every change of a namespace's links and addresses, as the agent is told of them.
final class ChangeWatcher: Sendable {
    private let stop: StopSignal

    private final class StopSignal: Sendable {
        let signal: EventSignal
        init() throws { signal = try EventSignal() }
    }

    init(_ namespace: NetworkNamespace, _ body: @escaping @Sendable () -> Void) throws {
        let monitor = try namespace.run { try NetlinkMonitor.open([.links, .addresses]) }
        let stop = try StopSignal()
        self.stop = stop
        _ = try WorkerThread(name: "weft-watch") {
            guard var poller = try? Poller(capacity: 2) else { return }
            guard (try? poller.add(monitor.rawValue, token: 0)) != nil, (try? poller.add(stop.signal.rawValue, token: 1)) != nil
            else { return }
            while case .transferred = poller.wait(timeout: nil), !stop.signal.drain() {
                if let events = try? monitor.receive(), !events.isEmpty { body() }
            }
        }
    }

    deinit { stop.signal.raise() }
}
