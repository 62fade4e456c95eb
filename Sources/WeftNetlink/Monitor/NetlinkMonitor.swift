import CMnl
import Glibc
import Synchronization

/// Notifications of one network namespace: what changes in it, whoever changed it.
///
/// Open the monitor first and read the state afterwards, so that nothing falls between. Events describe what was when they were
/// sent; the state that was read may be newer already, so apply them as "this is how it is", not as differences.
///
/// The socket belongs for good to the namespace of the thread that called ``open(_:receiveByteCount:)``.
public final class NetlinkMonitor: Sendable {
    /// What to be told about.
    public enum Topic: Hashable, Sendable, CaseIterable {
        /// Links, and their memberships in bridges.
        case links
        case addresses
        case routes
        /// Neighbours and FDB entries.
        case neighbours
        /// Qdiscs and filters.
        case trafficControl

        var groups: [UInt32] {
            switch self {
            case .links: [RTNLGRP_LINK.rawValue]
            case .addresses: [RTNLGRP_IPV4_IFADDR.rawValue, RTNLGRP_IPV6_IFADDR.rawValue]
            case .routes: [RTNLGRP_IPV4_ROUTE.rawValue, RTNLGRP_IPV6_ROUTE.rawValue]
            case .neighbours: [RTNLGRP_NEIGH.rawValue]
            case .trafficControl: [RTNLGRP_TC.rawValue]
            }
        }
    }

    private let inbox: Mutex<Inbox<NetlinkSocket>>
    /// The descriptor, readable when ``receive()`` has something to return. For epoll only: it stays the monitor's.
    public let rawValue: Int32

    private init(_ socket: consuming sending NetlinkSocket) {
        rawValue = socket.descriptor
        inbox = Mutex(Inbox(transport: socket))
    }

    /// Subscribes, in the calling thread's network namespace. The kernel queues notifications up to about
    /// `receiveByteCount`; what goes beyond is lost and told as ``NetlinkEvent/overrun``.
    public static func open(
        _ topics: [Topic] = Topic.allCases, receiveByteCount: Int = 4 << 20
    ) throws(NetlinkError) -> NetlinkMonitor {
        let groups = topics.flatMap(\.groups)
        do {
            return NetlinkMonitor(
                try NetlinkSocket(.notifications(groups: groups, receiveByteCount: receiveByteCount)))
        } catch {
            throw NetlinkError(verb: .openSocket, object: "NETLINK_ROUTE", errno: error.errno)
        }
    }

    /// The notifications that wait, oldest first and without waiting for more: none when there are none, only some when there
    /// are very many, so ask again while the descriptor is readable. ``NetlinkEvent/overrun`` comes alone.
    public func receive() throws(NetlinkError) -> [NetlinkEvent] {
        do {
            return try inbox.withLock { inbox throws(SystemFailure) in try inbox.receive() }
        } catch {
            throw NetlinkError(verb: .monitor, object: "NETLINK_ROUTE", errno: error.errno)
        }
    }
}

/// Takes datagrams from a transport that does not wait, and knows what to do when some were lost.
struct Inbox<Transport: NetlinkTransport & ~Copyable>: ~Copyable {
    private var transport: Transport

    /// The most datagrams that are read at a time.
    static var batchLimit: Int { 256 }

    init(transport: consuming Transport) { self.transport = transport }

    mutating func receive() throws(SystemFailure) -> [NetlinkEvent] {
        var events: [NetlinkEvent] = []
        for _ in 0..<Self.batchLimit {
            do throws(SystemFailure) {
                events += NetlinkEvent.list(parsing: try transport.receive())
            } catch {
                switch error.errno {
                case EAGAIN: return settled(events)
                case ENOBUFS: return try drained()
                default: throw error
                }
            }
        }
        return settled(events)
    }

    /// After it lost one notification the kernel drops all others, silently, until the queue is empty. So the queue is emptied
    /// first, and its events are left out: the caller reads everything again, which is newer.
    private mutating func drained() throws(SystemFailure) -> [NetlinkEvent] {
        while true {
            do throws(SystemFailure) {
                _ = try transport.receive()
            } catch {
                switch error.errno {
                case EAGAIN: return [.overrun]
                case ENOBUFS: continue
                default: throw error
                }
            }
        }
    }

    private func settled(_ events: [NetlinkEvent]) -> [NetlinkEvent] { events.contains(.overrun) ? [.overrun] : events }
}
