internal import FoundationEssentials
import Hummingbird
import HummingbirdCore
import NIOCore

/// What each path of the API answers.
struct APIRoutes: Sendable {
    let reporter: any AgentReporting
    let rates: RateKeeper
    let streaming: EventStreaming
    let permission: ChangePermission
    /// The longest body of a request.
    let bodyByteCount: Int

    /// Paths of the API; the client uses the same.
    enum Path {
        static let status = "/v1/status"
        static let ports = "/v1/ports"
        static let segments = "/v1/segments"
        static let peers = "/v1/peers"
        static let fdb = "/v1/fdb"
        static let clear = "/v1/fdb/clear"
        static let hosts = "/v1/hosts"
        static let doctor = "/v1/doctor"
        static let events = "/v1/events"
        static let converged = "/v1/converged"
        static let leave = "/v1/peer/leave"
        static let join = "/v1/peer/join"
        static let metrics = "/metrics"
    }

    /// How long `GET /v1/converged` may wait for the nodes.
    static let convergenceTimeouts = Duration.milliseconds(10)...Duration.seconds(600)

    func router() -> Router<APIRequestContext> {
        let router = Router(context: APIRequestContext.self)
        router.add(middleware: ErrorsAsJSON())
        get(Path.status, router) { _ in await reporter.status() }
        get(Path.ports, router) { query in
            await rates.withRates(await reporter.ports(query.scope)).filter { port in
                query.admits(host: port.host) && query.admits(segment: port.segment)
            }
        }
        get(Path.segments, router) { query in
            await reporter.segments(query.scope).filter { segment in
                query.admits(segment: segment.name) && (query.host.map(segment.hosts.contains) ?? true)
            }
        }
        get(Path.peers, router) { query in
            await reporter.peers().filter { peer in
                query.admits(host: peer.name) && (query.segment.map(peer.segments.contains) ?? true)
            }
        }
        get(Path.fdb, router) { query in
            await reporter.fdb().filter { query.admits(host: $0.host) && query.admits(segment: $0.segment) }
        }
        get(Path.hosts, router) { query in
            await reporter.hosts().filter { host in
                query.admits(host: host.name) && (query.segment.map(host.segments.contains) ?? true)
            }
        }
        get(Path.doctor, router) { _ in await reporter.doctor() }
        router.get("metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: OpenMetrics.contentType],
                body: ResponseBody(byteBuffer: ByteBuffer(string: await metrics())))
        }
        addFabric(router)
        if let changer = reporter as? any TopologyChanging { addRevisions(router, changer) }
        return router
    }

    private func addFabric(_ router: Router<APIRequestContext>) {
        router.get(RouterPath(Path.events)) { request, context in
            let since = try Self.number("since", in: request.uri.queryParameters)
            return try streaming.response(since: since, channel: context.channel)
        }
        router.get(RouterPath(Path.converged)) { request, _ in
            let timeout = try Self.number("timeout_milliseconds", in: request.uri.queryParameters).map {
                Duration.milliseconds(Int64(clamping: $0))
            }
            let limits = Self.convergenceTimeouts
            let bounded = min(max(timeout ?? .seconds(5), limits.lowerBound), limits.upperBound)
            return try Response(json: try await reporter.convergence(timeout: bounded))
        }
        router.post(RouterPath(Path.leave)) { _, context in
            try await permission.check(context, to: "leave the fabric")
            try await reporter.leave()
            return try Response(json: Done())
        }
        router.post(RouterPath(Path.join)) { request, context in
            try await permission.check(context, to: "join a fabric")
            let body = try await request.body.collect(upTo: bodyByteCount)
            guard let join = try? JSON.decode(JoinRequest.self, from: Data(body.readableBytesView)) else {
                throw APIError(
                    .usage, cannot: "answer", on: "the API", cause: "the body is not what this path takes",
                    help: #"send {"addresses":["HOST:PORT"]}"#)
            }
            try join.validate()
            try await reporter.join(join.addresses)
            return try Response(json: Done())
        }
        router.post(RouterPath(Path.clear)) { request, context in
            try await permission.check(context, to: "clear a duplicate")
            let body = try await request.body.collect(upTo: bodyByteCount)
            guard let clear = try? JSON.decode(ClearRequest.self, from: Data(body.readableBytesView)) else {
                throw APIError(
                    .usage, cannot: "answer", on: "the API", cause: "the body is not what this path takes",
                    help: #"send {"address":"52:54:00:00:01:01","segment":"blue"}"#)
            }
            _ = try clear.subject()
            try await reporter.clearDuplicate(clear)
            return try Response(json: Done())
        }
    }

    /// The only parameter that a path has, a number; nil where it is not given.
    private static func number(
        _ name: String, in parameters: FlatDictionary<Substring, Substring>
    ) throws(APIError) -> UInt64? {
        var number: UInt64?
        for (key, value) in parameters {
            guard key == name else {
                throw APIError(
                    .usage, cannot: "answer", on: "the API", cause: "unknown parameter '\(key)'", help: "use \(name)")
            }
            guard let given = UInt64(value) else {
                throw APIError(
                    .usage, cannot: "answer", on: "the API", cause: "\(name) '\(value)' is no number",
                    help: "give a number of at least 0")
            }
            number = given
        }
        return number
    }

    private func get(
        _ path: String, _ router: Router<APIRequestContext>,
        _ answer: @escaping @Sendable (ListQuery) async -> some Encodable & Sendable
    ) {
        router.get(RouterPath(path)) { request, _ in
            try Response(json: await answer(try ListQuery(parameters: request.uri.queryParameters)))
        }
    }

    private func metrics() async -> String {
        let families = ReportMetrics.families(
            status: await reporter.status(), ports: await reporter.ports(.host), segments: await reporter.segments(.host))
        return OpenMetrics.text(families + (await reporter.metrics()))
    }
}

extension ListQuery {
    /// Reads the parameters of a request.
    ///
    /// - Throws: ``APIError`` `usage` for a parameter that is unknown or has a value it can't have.
    fileprivate init(parameters: FlatDictionary<Substring, Substring>) throws(APIError) {
        self.init()
        for (key, value) in parameters {
            switch key {
            case "host": self = ListQuery(scope: .fabric, host: String(value), segment: segment)
            case "segment": segment = String(value)
            case "scope":
                guard let scope = ListScope(rawValue: String(value)) else {
                    throw Self.error("scope '\(value)' is neither host nor fabric")
                }
                if host == nil { self.scope = scope }
            default: throw Self.error("unknown parameter '\(key)'")
            }
        }
    }

    private static func error(_ cause: String) -> APIError {
        APIError(.usage, cannot: "answer", on: "the API", cause: cause, help: "use scope, host and segment")
    }

    fileprivate func admits(host name: String?) -> Bool { host == nil || host == name }
    fileprivate func admits(segment name: String?) -> Bool { segment == nil || segment == name }
}

/// The answer to a change that was made: `{}`.
struct Done: Codable, Sendable {}

extension Response {
    /// An answer in JSON.
    init(status: HTTPResponse.Status = .ok, json value: some Encodable) throws(APIError) {
        let bytes = try JSON.encode(value)
        self.init(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}

/// Turns every failure of a request into `{error: {…}}`.
private struct ErrorsAsJSON<Context: RequestContext>: RouterMiddleware {
    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as APIError {
            return try Response(status: error.code.httpStatus, json: APIError.Envelope(error: error))
        } catch let error as any HTTPResponseError {
            let isUnknown = error.status == .notFound || error.status == .methodNotAllowed
            let answer = APIError(
                isUnknown ? .notFound : .failed, cannot: "answer \(request.method.rawValue)",
                on: String(request.uri.path.prefix(100)), cause: error.status.description,
                help: isUnknown ? "this agent may be older than the client: see weft version and weft status" : nil)
            return try Response(status: error.status, json: APIError.Envelope(error: answer))
        }
    }
}

extension APIError.Code {
    /// The status that HTTP knows for this kind of failure.
    fileprivate var httpStatus: HTTPResponse.Status {
        switch self {
        case .failed, .interrupted, .topologyInvalid: .unprocessableContent
        case .notFound: .notFound
        case .usage: .badRequest
        case .unreachable: .serviceUnavailable
        case .timedOut: .gatewayTimeout
        case .notPermitted: .forbidden
        }
    }
}
