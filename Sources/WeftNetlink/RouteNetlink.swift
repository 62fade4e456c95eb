import CMnl
import Glibc
import Synchronization

/// rtnetlink, as verbs: the links, addresses, routes, neighbours and bridge entries of one network namespace.
///
/// The verbs are those of `ip` and `bridge`, and their documentation names the command. A verb sends one request and waits for
/// the kernel's verdict, which takes microseconds; any thread may call, one at a time goes through. What a verb reads is
/// consistent: a dump that the kernel marks as interrupted is begun again.
///
/// The socket belongs for good to the namespace of the thread that called ``open()``.
public final class RouteNetlink: Sendable {
    private let exchange: Mutex<Exchange<NetlinkSocket>>

    private init(_ socket: consuming sending NetlinkSocket) {
        exchange = Mutex(Exchange(transport: socket))
    }

    /// Opens a socket in the calling thread's network namespace.
    public static func open() throws(NetlinkError) -> RouteNetlink {
        do {
            return RouteNetlink(try NetlinkSocket(.requests))
        } catch {
            throw NetlinkError(verb: .openSocket, object: "NETLINK_ROUTE", errno: error.errno)
        }
    }

    /// Sends a request that changes something; `object` names what, should it fail.
    func change(
        _ verb: NetlinkError.Verb, _ object: @autoclosure () -> String, _ request: MessageBuilder
    ) throws(NetlinkError) {
        do {
            try exchange.withLock { exchange throws(ExchangeFailure) in try exchange.change(request) }
        } catch {
            throw NetlinkError(verb, object(), error)
        }
    }

    /// Reads all objects that `request` asks for.
    func dump<Item: Sendable>(
        _ verb: NetlinkError.Verb, _ request: MessageBuilder, of type: Int,
        decode: @Sendable (RawSpan) throws(MalformedMessage) -> Item?
    ) throws(NetlinkError) -> [Item] {
        do {
            return try exchange.withLock { exchange throws(ExchangeFailure) in
                try exchange.dump(request) { got, payload throws(MalformedMessage) in
                    got == type ? try decode(payload) : nil
                }
            }
        } catch {
            throw NetlinkError(verb, "this network namespace", error)
        }
    }

    /// Reads the one object that `request` asks for, nil when the kernel says that there is none with `absent`.
    func get<Item: Sendable>(
        _ verb: NetlinkError.Verb, _ object: String, _ request: MessageBuilder, of type: Int, absent: Int32,
        decode: @Sendable (RawSpan) throws(MalformedMessage) -> Item?
    ) throws(NetlinkError) -> Item? {
        do {
            return try exchange.withLock { exchange throws(ExchangeFailure) in
                try exchange.get(request) { got, payload throws(MalformedMessage) in
                    got == type ? try decode(payload) : nil
                }
            }.first
        } catch .refused(let answer) where answer.errno == absent {
            return nil
        } catch {
            throw NetlinkError(verb, object, error)
        }
    }

    /// The name of a link for an error's text, or its number when it has gone.
    func name(of index: Int32) -> String {
        let link = try? link(index: index)
        return link.map(\.name) ?? "link \(index)"
    }
}
