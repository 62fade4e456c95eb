internal import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix
import WeftLinux

/// The other side of the API: asks one agent over its unix socket.
///
/// Each request is a connection of its own, so a client that waits holds nothing of the agent's.
public struct AgentClient: Sendable {
    /// Where an agent listens unless told otherwise.
    public static let defaultSocketPath = "/run/weft/agent.sock"

    /// The socket of the agent that is asked.
    public let socketPath: String
    /// How long a request may take, connecting included.
    public let timeout: Duration

    /// Creates a client; it connects with each request.
    public init(socketPath: String = defaultSocketPath, timeout: Duration = .seconds(5)) {
        (self.socketPath, self.timeout) = (socketPath, timeout)
    }

    /// How the agent is doing.
    public func status() async throws(APIError) -> StatusReport { try await get(APIRoutes.Path.status) }
    /// The ports that `query` asks for.
    public func ports(_ query: ListQuery = ListQuery()) async throws(APIError) -> [PortReport] {
        try await get(APIRoutes.Path.ports, query)
    }
    /// The segments that `query` asks for.
    public func segments(_ query: ListQuery = ListQuery()) async throws(APIError) -> [SegmentReport] {
        try await get(APIRoutes.Path.segments, query)
    }
    /// The end points this host sends to.
    public func peers(_ query: ListQuery = ListQuery()) async throws(APIError) -> [PeerReport] {
        try await get(APIRoutes.Path.peers, query)
    }
    /// Where MAC addresses are.
    public func fdb(_ query: ListQuery = ListQuery()) async throws(APIError) -> [FDBEntryReport] {
        try await get(APIRoutes.Path.fdb, query)
    }
    /// The hosts of the fabric.
    public func hosts(_ query: ListQuery = ListQuery()) async throws(APIError) -> [HostReport] {
        try await get(APIRoutes.Path.hosts, query)
    }
    /// What the agent finds about its host's health.
    public func doctor() async throws(APIError) -> [Finding] { try await get(APIRoutes.Path.doctor) }
    /// The metrics as OpenMetrics text.
    public func metrics() async throws(APIError) -> String {
        String(decoding: try await request(APIRoutes.Path.metrics).bytes, as: UTF8.self)
    }

    /// Whether all nodes of the fabric have the same state; those that have not answered after ``timeout`` differ.
    public func convergence() async throws(APIError) -> ConvergenceReport {
        // The agent's answer is waited for a little longer than the agent waits for the nodes.
        let patient = AgentClient(socketPath: socketPath, timeout: timeout + .seconds(2))
        let milliseconds = max(10, Int64(timeout / .milliseconds(1)))
        return try await patient.get(APIRoutes.Path.converged + "?timeout_milliseconds=\(milliseconds)")
    }
    /// Lets the agent say goodbye to the fabric and stop gossiping.
    public func leave() async throws(APIError) {
        let _: Done = try await post(APIRoutes.Path.leave, [])
    }
    /// Lets the agent look for the fabric at these addresses, each `HOST[:PORT]`.
    public func join(_ addresses: [String]) async throws(APIError) {
        let request = JoinRequest(addresses: addresses)
        try request.validate()
        let _: Done = try await post(APIRoutes.Path.join, Array(try JSON.encode(request)))
    }
    /// Lets the agent forget that an address was found at two places.
    public func clearDuplicate(_ request: ClearRequest) async throws(APIError) {
        _ = try request.subject()
        let body = Array(try JSON.encode(request))
        let _: Done = try decode(try await self.request(APIRoutes.Path.clear, body: body), APIRoutes.Path.clear)
    }

    // MARK: - Requests

    /// Asks for a path and decodes the answer.
    func get<Report: Decodable>(_ path: String, _ query: ListQuery? = nil) async throws(APIError) -> Report {
        try decode(try await request(path + (query.map(\.text) ?? "")), path)
    }

    /// Has something changed, or worked out, and decodes the answer.
    func post<Report: Decodable>(_ target: String, _ body: [UInt8]) async throws(APIError) -> Report {
        try decode(try await request(target, body: body), target)
    }

    private func decode<Report: Decodable>(
        _ response: ResponseCollector.Response, _ path: String
    ) throws(APIError) -> Report {
        do {
            return try JSON.decode(Report.self, from: Data(response.bytes))
        } catch {
            throw self.error(
                .failed, "its answer to \(path) has another form than expected",
                "the agent is of another version: compare weft version with weft status -o json")
        }
    }

    /// One exchange with the agent: with a body something is to be changed, without one it is a question.
    func request(_ target: String, body: [UInt8]? = nil) async throws(APIError) -> ResponseCollector.Response {
        let response: ResponseCollector.Response
        do {
            response = try await exchange(target, body)
        } catch {
            throw describe(error)
        }
        if response.status == .ok { return response }
        throw refusal(status: "\(response.status)", response.bytes, target)
    }

    /// The error that another answer than 200 stands for.
    func refusal(status: String, _ bytes: [UInt8], _ target: String) -> APIError {
        if let envelope = try? JSON.decode(APIError.Envelope.self, from: Data(bytes)) { return envelope.error }
        return error(.failed, "it answered \(status) to \(target)", nil)
    }

    private func exchange(_ target: String, _ body: [UInt8]?) async throws -> ResponseCollector.Response {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: ResponseCollector.Response.self)
        let end = NIODeadline.now() + TimeAmount(timeout)
        let deadline = loop.scheduleTask(deadline: end) { promise.fail(ResponseCollector.Failure.timedOut) }
        promise.futureResult.whenComplete { _ in deadline.cancel() }
        connect(on: loop, target: target, body, until: end, promise: promise)
        return try await promise.futureResult.get()
    }

    /// Connects and sends the request; while the socket's queue is full (EAGAIN, `unix(7)`) it tries again.
    private func connect(
        on loop: any EventLoop, target: String, _ body: [UInt8]?, until end: NIODeadline,
        promise: EventLoopPromise<ResponseCollector.Response>
    ) {
        ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(ResponseCollector(promise: promise))
                }
            }
            .connect(unixDomainSocketPath: socketPath)
            .whenComplete { outcome in
                switch outcome {
                case .failure(let error as IOError) where error.errnoCode == EAGAIN && NIODeadline.now() < end:
                    loop.scheduleTask(in: .milliseconds(10)) {
                        connect(on: loop, target: target, body, until: end, promise: promise)
                    }
                case .failure(let error): promise.fail(error)
                case .success(let channel):
                    promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
                    for part in Self.parts(of: target, body, accepting: "application/json") {
                        channel.write(part, promise: nil)
                    }
                    channel.flush()
                }
            }
    }

    /// What a request consists of.
    static func parts(of target: String, _ body: [UInt8]?, accepting type: String) -> [HTTPClientRequestPart] {
        var head = HTTPRequestHead(version: .http1_1, method: body == nil ? .GET : .POST, uri: target)
        head.headers = ["host": "weft", "connection": "close", "accept": type]
        guard let body else { return [.head(head), .end(nil)] }
        head.headers.add(name: "content-type", value: "application/json")
        head.headers.add(name: "content-length", value: "\(body.count)")
        return [.head(head), .body(.byteBuffer(ByteBuffer(bytes: body))), .end(nil)]
    }

    // MARK: - Errors

    func describe(_ error: any Error) -> APIError {
        switch error {
        case ResponseCollector.Failure.timedOut:
            return self.error(
                .timedOut, "no answer within \(timeout.formatted)", "give it longer with --timeout, or see the agent's log")
        case ResponseCollector.Failure.closed:
            return self.error(.unreachable, "the agent closed the connection", "see the agent's log")
        case ResponseCollector.Failure.tooLarge:
            return self.error(.failed, "the answer is larger than \(ResponseCollector.maximumByteCount) bytes", nil)
        case let error as IOError: return describe(errorNumber: error.errnoCode)
        case is SocketAddressError:
            return self.error(.usage, "the path is longer than a socket address can hold", "give a shorter one by --socket")
        default: return self.error(.unreachable, "\(error)", nil)
        }
    }

    private func describe(errorNumber: Int32) -> APIError {
        let start = "start one with: weft agent --host NAME --topology FILE"
        return switch errorNumber {
        case ENOENT: error(.unreachable, "no agent runs here (there is no such socket)", start)
        case ECONNREFUSED:
            error(.unreachable, "no agent runs here (the socket is left over from one that ended)", start)
        case EACCES, EPERM:
            error(.notPermitted, "Permission denied", "use sudo, or join the group weft: sudo usermod -aG weft $USER")
        default: error(.unreachable, LinuxError.text(of: errorNumber), start)
        }
    }

    func error(_ code: APIError.Code, _ cause: String, _ help: String?) -> APIError {
        APIError(code, cannot: "ask the agent", on: socketPath, cause: cause, help: help)
    }
}

extension ListQuery {
    /// The query part of a request's target, with its question mark; empty when it says nothing.
    var text: String {
        var parts: [String] = []
        if scope != .host { parts.append("scope=\(scope.rawValue)") }
        if let host { parts.append("host=\(Self.escape(host))") }
        if let segment { parts.append("segment=\(Self.escape(segment))") }
        return parts.isEmpty ? "" : "?" + parts.joined(separator: "&")
    }

    /// Percent-encodes all but unreserved characters (RFC 3986 §2.3).
    static func escape(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            default: escaped += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return escaped
    }
}

extension Duration {
    /// The duration as `5 s` or `0.5 s`.
    fileprivate var formatted: String {
        let seconds = self / .seconds(1)
        return seconds == seconds.rounded() ? "\(Int(seconds)) s" : "\(seconds) s"
    }
}
