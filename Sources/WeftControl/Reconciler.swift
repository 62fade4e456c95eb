import Logging
import WeftTopology

/// Keeps a host as it should be: observe, plan, apply, and observe again until the plan is empty (DESIGN §5).
///
/// It decides nothing itself: what to do comes from ``WeftTopology/plan(desired:observed:)``, how from the ``LinkDriver``. One
/// pass runs at a time. An object that fails does not keep the others back; it is tried again with growing pauses.
public actor Reconciler<Driver: LinkDriver> {
    private let driver: Driver
    private let logger: Logger
    private let clock: any Clock<Duration>
    private let pauses: Pauses
    private let repairs: Bool
    /// What was made as the present wish has it: where repairs are off, what differs of it since then is somebody's doing.
    private var made: Set<HostObject> = []
    private var wish: HostWish?
    /// Ends when the pass before the next has ended.
    private var tail: Task<HostReport, Never>?
    private var lastReport: HostReport?
    /// What was said about each object last, so that it is said once.
    private var said: [HostObject: ObjectStatus] = [:]
    private var saidUnderlay: UnderlayState?
    private var observers: [@Sendable (HostReport) async -> Void] = []
    private var removalObserver: @Sendable () async -> Void = {}
    private let kicks: AsyncStream<Void>
    private nonisolated let kick: AsyncStream<Void>.Continuation

    /// How long the reconciler waits between two looks at the host.
    public struct Pauses: Sendable {
        /// After a notification, so that a burst of them costs one look.
        public var afterChange: Duration = .milliseconds(20)
        /// While something is missing that comes without a notification.
        public var whileWaiting: Duration = .milliseconds(250)
        /// The most while something fails again and again.
        public var whileFailing: Duration = .seconds(5)
        /// While all is well: guests' namespaces send no notifications.
        public var whileSettled: Duration = .seconds(5)

        public init() {}
    }

    /// Creates a reconciler that does nothing until it is given a wish.
    ///
    /// - Parameter repairs: whether it puts right what somebody changes by hand, or only says so until it is given a wish again.
    public init(
        driver: Driver, logger: Logger, clock: any Clock<Duration> = ContinuousClock(), pauses: Pauses = Pauses(),
        repairs: Bool = true
    ) {
        self.repairs = repairs
        self.driver = driver
        self.logger = logger
        self.clock = clock
        self.pauses = pauses
        (kicks, kick) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// The outcome of the last pass.
    public var report: HostReport? { lastReport }

    /// Calls `body` after each pass, in the order of the passes. Two equal reports may have work between them: a queue that
    /// was lost is open again.
    public func onReport(_ body: @escaping @Sendable (HostReport) async -> Void) { observers.append(body) }

    /// Calls `body` when all is made that is wanted, and what is no longer wanted is about to be removed.
    public func beforeRemovals(_ body: @escaping @Sendable () async -> Void) { removalObserver = body }

    /// Says that the host may have changed, from any thread; ``run()`` then looks at it.
    public nonisolated func hostChanged() { kick.yield() }

    /// Makes the host what `wish` says, as far as it goes, and keeps that in mind for ``run()``.
    @discardableResult
    public func apply(_ wish: HostWish) async -> HostReport {
        self.wish = wish
        made = []
        let report = await pass(wish, isRepair: false)
        kick.yield()  // the pause that follows depends on the new report
        return report
    }

    /// Removes everything with the mark of `fabric`, or of any fabric when nil, and wishes for nothing from here on.
    @discardableResult
    public func removeAll(of fabric: TopologyName?) async -> HostReport { await apply(.nothing(of: fabric)) }

    /// Repairs the host when it is told of a change and, seldom, when it is not, until its task is cancelled.
    public func run() async {
        var failing = pauses.whileWaiting
        var alarm: Task<Void, Never>?
        defer { alarm?.cancel() }
        for await _ in kicks {
            alarm?.cancel()
            try? await clock.sleep(for: pauses.afterChange)
            guard !Task.isCancelled else { return }
            guard let wish else { continue }
            let report = await pass(wish, isRepair: true)
            let isFailing =
                report.failure != nil || report.objects.contains { if case .error = $0.status { true } else { false } }
            if isFailing {
                alarm = wakeUp(after: failing)
                failing = min(failing * 2, pauses.whileFailing)
            } else {
                alarm = wakeUp(after: report.needsAnotherLook ? pauses.whileWaiting : pauses.whileSettled)
                failing = pauses.whileWaiting
            }
        }
    }

    private func wakeUp(after pause: Duration) -> Task<Void, Never> {
        Task { [clock, kick] in
            try? await clock.sleep(for: pause)
            if !Task.isCancelled { kick.yield() }
        }
    }

    // MARK: One pass

    private func pass(_ wish: HostWish, isRepair: Bool) async -> HostReport {
        let before = tail
        let task = Task {
            _ = await before?.value
            return await settle(wish, isRepair: isRepair)
        }
        tail = task
        return await task.value
    }

    /// Observes, plans and applies until nothing is left to do or nothing more succeeds.
    private func settle(_ wish: HostWish, isRepair: Bool) async -> HostReport {
        var settling = Settling(
            wish: wish, driver: driver, logger: logger, isRepair: isRepair && lastReport?.isSettled == true,
            untouched: repairs || !isRepair ? nil : made)
        let report = await settling.run { [removalObserver] in await removalObserver() }
        lastReport = report
        made.formUnion(report.objects.filter(\.isMade).map(\.object))
        tell(report)
        for observer in observers { await observer(report) }
        return report
    }

    // MARK: What is said

    private func tell(_ report: HostReport) {
        if let failure = report.failure { logger.error("cannot look at the host", metadata: ["cause": "\(failure)"]) }
        if report.underlay != saidUnderlay {
            switch report.underlay {
            case .ready(let endpoints) where !endpoints.isEmpty:
                let addresses = endpoints.map { "\($0.address) on \($0.device), MTU \($0.mtu)" }.joined(separator: "; ")
                logger.info("underlay is ready", metadata: ["underlay": "\(addresses)"])
            case .ready: break
            case .waiting(let cause): logger.warning("underlay is waited for", metadata: ["cause": "\(cause)"])
            }
            saidUnderlay = report.underlay
        }
        for entry in report.objects where said[entry.object] != entry.status {
            let metadata = entry.metadata
            switch entry.status {
            case .up: logger.info("up", metadata: metadata)
            case .down: logger.info("down", metadata: metadata)
            case .waiting: logger.warning("waiting", metadata: metadata)
            case .error: logger.error("error", metadata: metadata)
            }
        }
        for object in said.keys.sorted() where report.status(of: object) == nil {
            logger.info("removed", metadata: object.metadata)
        }
        said = Dictionary(report.objects.map { ($0.object, $0.status) }) { first, _ in first }
    }
}
