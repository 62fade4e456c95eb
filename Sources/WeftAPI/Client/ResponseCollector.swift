import NIOCore
import NIOHTTP1

/// Gathers one response and hands it over whole.
final class ResponseCollector: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    /// A response with its body.
    struct Response: Sendable {
        var status: HTTPResponseStatus
        var bytes: [UInt8]
    }

    /// Why there is no response.
    enum Failure: Error {
        case timedOut, closed, tooLarge
    }

    /// The largest body that is accepted.
    static let maximumByteCount = 256 << 20

    private let promise: EventLoopPromise<Response>
    private var response: Response?

    /// Creates the handler of one connection; `promise` is kept or broken by it, except on a timeout.
    init(promise: EventLoopPromise<Response>) { self.promise = promise }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): response = Response(status: head.status, bytes: [])
        case .body(let buffer):
            response?.bytes += buffer.readableBytesView
            if let count = response?.bytes.count, count > Self.maximumByteCount { promise.fail(Failure.tooLarge) }
        case .end:
            if let response { promise.succeed(response) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(Failure.closed)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.close(promise: nil)
    }
}
