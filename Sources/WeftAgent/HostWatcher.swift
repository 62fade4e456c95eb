import Logging
import ServiceLifecycle
import Synchronization
import WeftLinux
import WeftNetlink

/// Hands on what netlink notifies about this host's namespace, until it is told to stop.
struct HostWatcher: Service {
    let monitor: NetlinkMonitor
    let logger: Logger
    /// Called with each batch, in order.
    let body: @Sendable ([NetlinkEvent]) async -> Void

    /// How long events gather after some were lost: to read everything again is dear where guests or their peers invent
    /// addresses faster than they can be noted.
    private static var pauseAfterOverrun: Duration { .milliseconds(200) }

    func run() async throws {
        let mailbox = EventMailbox()
        let stop = try StopSignal()
        let (monitor, logger) = (monitor, logger)
        let thread = try WorkerThread(name: "weft-netlink") {
            Self.pump(monitor, until: stop, into: mailbox, logger)
            mailbox.close()
        }
        await withGracefulShutdownHandler {
            for await _ in mailbox.arrivals {
                let events = mailbox.take()
                guard !events.isEmpty else { continue }
                await body(events)
                if events == [.overrun] { try? await Task.sleep(for: Self.pauseAfterOverrun) }
            }
        } onGracefulShutdown: {
            stop.signal.raise()
        }
        stop.signal.raise()
        thread.join()
    }

    private static func pump(
        _ monitor: NetlinkMonitor, until stop: StopSignal, into mailbox: EventMailbox, _ logger: Logger
    ) {
        do {
            var poller = try Poller()
            try poller.add(stop.signal.rawValue, token: 0)
            try poller.add(monitor.rawValue, token: 1)
            while true {
                guard case .transferred(let count) = poller.wait(timeout: nil) else { return }
                for index in 0..<count where poller[index].token == 0 { return }
                mailbox.leave(try monitor.receive())
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

/// Events on their way from the thread that reads them to whoever acts on them; too many become one ``NetlinkEvent/overrun``.
final class EventMailbox: Sendable {
    /// One element when there is something to take, however much it is.
    let arrivals: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation
    private let pending = Mutex<[NetlinkEvent]>([])

    /// Events that may wait.
    static var limit: Int { 4096 }

    init() { (arrivals, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    /// Leaves events; after an overrun nothing else matters, since whoever takes it reads everything again.
    func leave(_ events: [NetlinkEvent]) {
        guard !events.isEmpty else { return }
        pending.withLock { pending in
            guard pending != [.overrun] else { return }
            let isTooMuch = events.contains(.overrun) || pending.count + events.count > Self.limit
            if isTooMuch { pending = [.overrun] } else { pending += events }
        }
        bell.yield()
    }

    /// Takes all that is there.
    func take() -> [NetlinkEvent] {
        pending.withLock { pending in
            defer { pending = [] }
            return pending
        }
    }

    /// Ends ``arrivals``.
    func close() { bell.finish() }
}
