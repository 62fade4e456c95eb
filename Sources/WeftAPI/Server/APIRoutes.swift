import Hummingbird
import HummingbirdCore
import NIOCore

/// What each path of the API answers.
struct APIRoutes: Sendable {
    let reporter: any AgentReporting
    let rates: RateKeeper

    /// Paths of the API; the client uses the same.
    enum Path {
        static let status = "/v1/status"
        static let ports = "/v1/ports"
        static let segments = "/v1/segments"
        static let peers = "/v1/peers"
        static let fdb = "/v1/fdb"
        static let hosts = "/v1/hosts"
        static let doctor = "/v1/doctor"
        static let metrics = "/metrics"
    }

    func router() -> Router<BasicRequestContext> {
        let router = Router()
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
        return router
    }

    private func get(
        _ path: String, _ router: Router<BasicRequestContext>,
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

extension Response {
    /// An answer in JSON.
    fileprivate init(status: HTTPResponse.Status = .ok, json value: some Encodable) throws(APIError) {
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
