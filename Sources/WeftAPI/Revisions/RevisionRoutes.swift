internal import FoundationEssentials
import Hummingbird
import NIOCore

extension APIRoutes.Path {
    static let plan = "/v1/plan"
    static let edit = "/v1/edit"
    static let apply = "/v1/apply"
    static let confirm = "/v1/confirm"
    static let resolve = "/v1/resolve"
    static let history = "/v1/history"
    static let revision = "/v1/revision"
    static let export = "/v1/export"
}

extension APIRoutes {
    /// The largest file that can be planned, in bytes: that of a topology.
    static let planByteLimit = 4 << 20
    /// The longest name and note in a request, in bytes.
    private static let wordByteLimit = 256

    /// Adds the paths that change the topology, where the agent can do that.
    func addRevisions(_ router: Router<APIRequestContext>, _ changer: any TopologyChanging) {
        router.post(RouterPath(Path.plan)) { request, _ in
            let words = try Self.words(["name", "note"], in: request)
            let file = try await Self.body(of: request, limit: Self.planByteLimit)
            return try Response(json: try await changer.plan(file, named: words["name"] ?? "the request", note: words["note"]))
        }
        router.post(RouterPath(Path.edit)) { request, _ in
            let edit: PortEditRequest = try await decoded(
                request, example: #"{"action":"move","port":"vm1","values":{"segment":"green"}}"#)
            return try Response(json: try await changer.plan(edit))
        }
        router.post(RouterPath(Path.apply)) { request, context in
            try await permission.check(context, to: "apply a topology")
            let order: ApplyRequest = try await decoded(
                request, example: #"{"plan":"HASH","partial":false,"local":false,"confirm_seconds":0}"#)
            try order.validate()
            return try Response(json: try await changer.apply(order))
        }
        router.post(RouterPath(Path.confirm)) { _, context in
            try await permission.check(context, to: "confirm a revision")
            try await changer.confirm()
            return try Response(json: Done())
        }
        router.post(RouterPath(Path.resolve)) { request, context in
            try await permission.check(context, to: "end a doubt")
            let order: ResolveRequest = try await decoded(request, example: #"{"commit":true}"#)
            try await changer.resolve(commits: order.commits)
            return try Response(json: Done())
        }
        router.get(RouterPath(Path.history)) { _, _ in try Response(json: await changer.history()) }
        router.get(RouterPath(Path.revision)) { request, _ in
            guard let number = try Self.words(["number"], in: request)["number"].flatMap({ UInt64($0) }) else {
                throw APIError(
                    .usage, cannot: "show a revision", on: "the API", cause: "no number was given", help: "use ?number=41")
            }
            return Response(yaml: try await changer.file(ofRevision: number))
        }
        router.get(RouterPath(Path.export)) { _, _ in Response(yaml: Array(await changer.export().utf8)) }
    }

    private func decoded<Order: Decodable>(_ request: Request, example: String) async throws -> Order {
        let body = try await Self.body(of: request, limit: bodyByteCount)
        guard let order = try? JSON.decode(Order.self, from: Data(body)) else {
            throw APIError(
                .usage, cannot: "answer", on: "the API", cause: "the body is not what this path takes", help: "send \(example)")
        }
        return order
    }

    private static func body(of request: Request, limit: Int) async throws -> [UInt8] {
        var request = request
        return Array(try await request.collectBody(upTo: limit).readableBytesView)
    }

    /// The parameters of a request, all of them with one of these names.
    private static func words(_ names: [String], in request: Request) throws(APIError) -> [String: String] {
        var words: [String: String] = [:]
        for (key, value) in request.uri.queryParameters {
            guard names.contains(String(key)), value.utf8.count <= wordByteLimit else {
                throw APIError(
                    .usage, cannot: "answer", on: "the API",
                    cause: "unknown parameter '\(key.prefix(40))', or one that is too long",
                    help: "use \(names.joined(separator: ", "))")
            }
            words[String(key)] = String(value)
        }
        return words
    }
}

extension Response {
    /// A topology file.
    fileprivate init(yaml bytes: [UInt8]) {
        self.init(
            status: .ok, headers: [.contentType: "application/yaml"], body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
