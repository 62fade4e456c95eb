import Hummingbird
import NIOCore
import HTTPTypes
import NIOHTTPTypes

/// Ends a connection whose request has a body beyond the limit, with the answer 413; no request of this API needs one
/// that long.
final class RequestLimit: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundOut = HTTPResponsePart

    private let bodyByteCount: Int
    private var remainingByteCount: Int
    private var isRefused = false

    /// Creates the handler of one connection.
    init(bodyByteCount: Int) { (self.bodyByteCount, remainingByteCount) = (bodyByteCount, bodyByteCount) }

    /// The most bytes of a request's body: where a file is sent, those of a file.
    private func limit(of head: HTTPRequest) -> Int {
        head.path?.hasPrefix(APIRoutes.Path.plan) == true ? max(bodyByteCount, APIRoutes.planByteLimit) : bodyByteCount
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isRefused else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            remainingByteCount = limit(of: head)
            if let declared = head.headerFields[.contentLength].flatMap({ Int($0) }), declared > remainingByteCount {
                return refuse(context: context)
            }
        case .body(let bytes):
            remainingByteCount -= bytes.readableBytes
            if remainingByteCount < 0 { return refuse(context: context) }
        case .end: break
        }
        context.fireChannelRead(data)
    }

    private func refuse(context: ChannelHandlerContext) {
        isRefused = true
        let fields: HTTPFields = [.connection: "close", .contentLength: "0"]
        context.write(wrapOutboundOut(.head(HTTPResponse(status: .contentTooLarge, headerFields: fields))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.close(promise: nil)
    }
}
