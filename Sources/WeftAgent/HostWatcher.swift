import Logging
import ServiceLifecycle
import WeftLinux
import WeftNetlink

/// Hands on what netlink notifies about this host's namespace, until it is told to stop.
struct HostWatcher: Service {
    let monitor: NetlinkMonitor
    let logger: Logger
    /// Called with each batch, in order.
    let body: @Sendable ([NetlinkEvent]) async -> Void

    /// Batches that may wait; beyond that the reader is told to read everything again.
    private static var backlog: Int { 256 }

    func run() async throws {
        let (batches, continuation) = AsyncStream.makeStream(
            of: [NetlinkEvent].self, bufferingPolicy: .bufferingNewest(Self.backlog))
        let stop = try StopSignal()
        let (monitor, logger) = (monitor, logger)
        let thread = try WorkerThread(name: "weft-netlink") {
            Self.pump(monitor, until: stop, into: continuation, logger)
            continuation.finish()
        }
        await withGracefulShutdownHandler {
            for await batch in batches { await body(batch) }
        } onGracefulShutdown: {
            stop.signal.raise()
        }
        stop.signal.raise()
        thread.join()
    }

    private static func pump(
        _ monitor: NetlinkMonitor, until stop: StopSignal, into continuation: AsyncStream<[NetlinkEvent]>.Continuation,
        _ logger: Logger
    ) {
        do {
            var poller = try Poller()
            try poller.add(stop.signal.rawValue, token: 0)
            try poller.add(monitor.rawValue, token: 1)
            var lostOne = false
            while true {
                guard case .transferred(let count) = poller.wait(timeout: nil) else { return }
                for index in 0..<count where poller[index].token == 0 { return }
                let events = lostOne ? [.overrun] : try monitor.receive()
                guard !events.isEmpty else { continue }
                if case .dropped = continuation.yield(events) { lostOne = true } else { lostOne = false }
            }
        } catch {
            // The reconciler still looks by itself every few seconds.
            logger.error("cannot watch the host's devices any longer", metadata: ["cause": "\(error)"])
        }
    }

    private final class StopSignal: Sendable {
        let signal: EventSignal
        init() throws { signal = try EventSignal() }
    }
}
