import Glibc
import Logging
import ServiceLifecycle
import UnixSignals
import WeftAPI
import WeftControl
import WeftLinux
import WeftNetlink
import WeftTopology

/// The entry points of `weft agent`.
public enum AgentMain {
    /// Runs the agent of a host until SIGTERM or SIGINT.
    ///
    /// - Throws: ``APIError`` with everything a user needs to know when it can't start; nothing was changed then.
    public static func run(_ options: AgentOptions) async throws {
        LoggingSystem.bootstrap { LineLogHandler(label: $0, level: options.logLevel) }
        let logger = Logger(label: "weft")

        try Preconditions.checkPrivileges()
        try Preconditions.checkTun()
        let loaded = try LoadedTopology(options)
        for text in options.joinAddresses { _ = try JoinAddress(text, defaultPort: Host.defaultGossipPort) }
        DescriptorLimit.raise()
        let lock = try OnlyAgent()
        let driver = try NetlinkLinkDriver()
        let agent = Agent(options, loaded: loaded, driver: driver, logger: logger)
        let monitor = try NetlinkMonitor.open([.links, .addresses, .neighbours, .trafficControl])

        logger.info(
            "starting",
            metadata: ["version": "\(WeftVersion.current)", "host": "\(options.host)", "fabric": "\(loaded.topology.name)"])
        let services: [any Service] = [
            APIServer(reporter: agent, socketPath: options.socketPath, logger: logger),
            HostWatcher(monitor: monitor, logger: logger) { await agent.handle($0) },
            AgentService(agent: agent, logger: logger),
        ]
        // What this writes must not reach a client that has gone away as a signal.
        signal(SIGPIPE, SIG_IGN)
        let group = ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
        lock.release()
    }

    /// Removes the objects that carry the mark of `scope` and says how many were changed.
    ///
    /// - Throws: ``APIError`` when an agent runs here, or when something can't be removed.
    public static func cleanUp(_ scope: CleanupScope) async throws -> Int {
        try Preconditions.checkPrivileges()
        let lock: OnlyAgent
        do throws(APIError) {
            lock = try OnlyAgent()
        } catch {
            throw APIError(
                .failed, cannot: "clean up", on: "this host", cause: error.cause,
                help: "stop the agent first; nothing was changed")
        }
        defer { lock.release() }
        let logger = Logger(label: "weft") { _ in SwiftLogNoOpLogHandler() }
        let reconciler = Reconciler(driver: try NetlinkLinkDriver(), logger: logger)
        let report =
            switch scope {
            case .fabric(let fabric): await reconciler.removeAll(of: fabric)
            case .all: await reconciler.removeAll(of: nil)
            }
        if let obstacle = report.failure ?? report.objects.first.map({ "\($0.object): \($0.status.cause ?? "still there")" }) {
            throw APIError(
                .failed, cannot: "clean up", on: "this host", cause: obstacle, help: "run it again, or remove that by hand",
                changed: report.changeCount > 0)
        }
        return report.changeCount
    }
}

/// The right to be this namespace's agent, as an object so that it outlives suspension points.
private final class OnlyAgent: Sendable {
    private let lock: AgentLock

    init() throws(APIError) {
        do throws(LinuxError) {
            lock = try AgentLock()
        } catch {
            throw APIError(
                .failed, cannot: "start the agent", on: "this host", cause: "\(error)",
                help: "there is one agent per network namespace; nothing was changed")
        }
    }

    /// Ends the right; reading the lock here keeps it alive until then.
    func release() { withExtendedLifetime(self) {} }
}

/// Brings the agent up, keeps it so, reloads on SIGHUP, and takes it down when the process is told to stop.
private struct AgentService: Service {
    let agent: Agent
    let logger: Logger
    private let notifier = ServiceNotifier()

    init(agent: Agent, logger: Logger) { (self.agent, self.logger) = (agent, logger) }

    func run() async throws {
        let reloads = await UnixSignalsSequence(trapping: .sighup)
        try await agent.start()
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await agent.reconciler.run() }
            tasks.addTask {
                for await _ in reloads {
                    tell(.reloading)
                    await agent.reload()
                    tell(.ready)
                }
            }
            tasks.addTask {
                if await agent.becomesReady() {
                    logger.info("ready")
                    tell(.ready)
                    // The reconciler looks once more at what it has made; then start-up is over.
                    if (try? await Task.sleep(for: .seconds(5))) != nil { ResidentMemory.release() }
                }
            }
            tasks.addTask {
                while (try? await Task.sleep(for: .seconds(1))) != nil { await agent.lookAtFabric() }
            }
            tasks.addTask {
                while (try? await Task.sleep(for: .seconds(1))) != nil { await agent.lookAtFloods() }
            }
            tasks.addTask { try? await gracefulShutdown() }
            // The last of them ends first, when the process is told to stop; the others end by cancellation.
            while !Task.isShuttingDownGracefully, await tasks.next() != nil {}
            tell(.stopping)
            tasks.cancelAll()
        }
        await agent.stop()
        logger.info("stopped")
    }

    private func tell(_ state: ServiceNotifier.State) {
        do throws(LinuxError) {
            try notifier.notify(state)
        } catch {
            logger.warning("cannot notify the service manager", metadata: ["cause": "\(error)"])
        }
    }
}
