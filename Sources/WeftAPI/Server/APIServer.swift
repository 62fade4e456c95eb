import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle
import Synchronization
import WeftLinux

/// The agent's side of the API: HTTP/1.1 and JSON on a unix socket that root and one group may use.
///
/// Everything has a limit: connections, the size of a request, the time a client may take. What goes wrong with one
/// client ends that client's connection and nothing else.
public struct APIServer: Service {
    /// How much clients may ask for.
    public struct Limits: Sendable {
        /// Connections at a time; further ones wait in the socket's queue.
        public var connectionCount = 64
        /// Bytes of a request's headers.
        public var headerByteCount = 16 << 10
        /// Bytes of a request's body.
        public var bodyByteCount = 64 << 10
        /// How long a connection may be silent.
        public var idleTime = Duration.seconds(10)
        /// Connections that may listen to events at a time.
        public var listenerCount = 16
        /// Time between signs of life to those that listen.
        public var keepAlive = Duration.seconds(15)
        /// How long one that listens may take for what is sent to it.
        public var writeTime = Duration.seconds(30)

        /// The limits of an agent.
        public init() {}
    }

    private let reporter: any AgentReporting
    private let socketPath: String
    private let group: String
    private let adminGroup: String
    private let limits: Limits
    private let logger: Logger
    private let onListening: @Sendable () async -> Void

    /// Prepares a server; nothing happens before ``run()``.
    ///
    /// - Parameters:
    ///   - reporter: the agent.
    ///   - socketPath: where the socket is made; a file that a killed agent left there is replaced.
    ///   - group: the group that may use the socket, if the system has it.
    ///   - adminGroup: the group that may change something besides root, if the system has it.
    ///   - onListening: called once clients can connect.
    public init(
        reporter: any AgentReporting, socketPath: String, group: String = "weft", adminGroup: String = "weft-admin",
        limits: Limits = Limits(), logger: Logger, onListening: @escaping @Sendable () async -> Void = {}
    ) {
        (self.reporter, self.socketPath) = (reporter, socketPath)
        (self.group, self.adminGroup) = (group, adminGroup)
        (self.limits, self.logger, self.onListening) = (limits, logger, onListening)
    }

    /// Serves until graceful shutdown or cancellation, then removes the socket.
    ///
    /// - Throws: ``APIError`` when the socket can't be made or another agent answers there.
    public func run() async throws {
        let file = try SocketFile(claiming: socketPath, group: group)
        defer { file.withdraw() }
        let publication = Publication(file: file)
        let rates = RateKeeper(reporter: reporter)
        let application = application(rates: rates, publication: publication)
        do {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { await rates.run() }
                tasks.addTask { try await application.run() }
                // Taking samples ends only when it is cancelled: whoever ends first is the server.
                defer { tasks.cancelAll() }
                try await tasks.next()
            }
        } catch let error as IOError {
            throw APIError(
                error.errnoCode == EACCES ? .notPermitted : .failed, cannot: "serve the API", on: socketPath,
                cause: LinuxError.text(of: error.errnoCode), help: "run as root or give a path of your own by --socket")
        }
        if let failure = publication.failure { throw failure }
    }

    private func application(rates: RateKeeper, publication: Publication) -> some ApplicationProtocol {
        let decoding = HTTP1Channel.Configuration.DecoderConfiguration(
            maxHeaderFieldSize: limits.headerByteCount, maxHeaderListSize: limits.headerByteCount, maxHeaderFieldCount: 64)
        let (bodyByteCount, idleTime) = (limits.bodyByteCount, limits.idleTime)
        // What the server library has to say is nothing that an operator could act on.
        var libraryLogger = logger
        libraryLogger.logLevel = max(logger.logLevel, .warning)
        let channel = HTTP1Channel.Configuration(
            additionalChannelHandlers: [RequestLimit(bodyByteCount: bodyByteCount)],
            idleTimeout: TimeAmount(idleTime), httpDecoderConfiguration: decoding)
        let configuration = ApplicationConfiguration(
            address: .unixDomainSocket(path: publication.file.stagingPath), serverName: "weft",
            availableConnectionsDelegate: .maximum(limits.connectionCount, logger: libraryLogger))
        let streaming = EventStreaming(
            log: reporter.events, places: ListenerPlaces(limit: limits.listenerCount), keepAlive: limits.keepAlive,
            writeLimit: limits.writeTime)
        let routes = APIRoutes(
            reporter: reporter, rates: rates, streaming: streaming, permission: ChangePermission(group: adminGroup),
            bodyByteCount: bodyByteCount)
        return Application(
            router: routes.router(), server: .http1(configuration: channel),
            configuration: configuration,
            onServerRunning: { [onListening, logger] channel in
                guard publication.publish() else { return channel.close(promise: nil) }
                logger.info("API is served", metadata: ["socket": "\(publication.file.path)"])
                await onListening()
            }, eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), logger: libraryLogger)
    }
}

/// Publishes the socket once it is bound and keeps what went wrong, since the server's callback can't throw.
private final class Publication: Sendable {
    let file: SocketFile
    private let outcome = Mutex<APIError?>(nil)

    init(file: SocketFile) { self.file = file }

    var failure: APIError? { outcome.withLock { $0 } }

    /// Whether the socket is in its place now.
    func publish() -> Bool {
        do {
            try file.publish()
            return true
        } catch {
            outcome.withLock { $0 = error }
            return false
        }
    }
}

/// Takes a sample of the ports' counters once in a while and tells rates from them.
actor RateKeeper {
    private let reporter: any AgentReporting
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var meter = RateMeter()

    init(reporter: any AgentReporting) {
        self.reporter = reporter
        start = clock.now
    }

    /// Samples until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            let ports = await reporter.ports(.host)
            meter.keep(ports, at: elapsed)
            try? await clock.sleep(for: RateMeter.interval)
        }
    }

    /// The same ports with their rates filled in.
    func withRates(_ ports: [PortReport]) -> [PortReport] {
        let now = elapsed
        return ports.map { port in
            var port = port
            if let rates = meter.rates(of: port, at: now) {
                (port.rxFramesPerSecond, port.txFramesPerSecond) = (rates.rx, rates.tx)
            }
            return port
        }
    }

    private var elapsed: Duration { start.duration(to: clock.now) }
}
