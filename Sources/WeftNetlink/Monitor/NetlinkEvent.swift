import CMnl

/// Something that changed in a network namespace, as `ip monitor` and `bridge monitor` print it.
public enum NetlinkEvent: Hashable, Sendable {
    /// A link was made or changed; this is its present state, without the details that need a question of their own.
    case link(Link)
    case linkRemoved(Link)
    /// A link became a port of a bridge, or its attributes as such changed.
    case bridgePort(Link)
    /// A link is no longer a port of a bridge.
    case bridgePortRemoved(Link)
    case address(InterfaceAddress)
    case addressRemoved(InterfaceAddress)
    case route(Route)
    case routeRemoved(Route)
    case neighbour(Neighbour)
    case neighbourRemoved(Neighbour)
    case fdb(FDBEntry)
    case fdbRemoved(FDBEntry)
    /// A qdisc or a filter of the link with this number was made, changed or removed.
    case trafficControl(linkIndex: Int32)
    /// Notifications were lost: read everything again, and compare.
    case overrun

    /// Reads one notification; nil for a type or family that is not ours.
    init?(type: Int, payload: RawSpan) throws(MalformedMessage) {
        switch type {
        case RTM_NEWLINK, RTM_DELLINK:
            let link = try Link(parsing: payload)
            let isNew = type == RTM_NEWLINK
            // A message of the bridges' family that says "removed" is about the membership: the link lives on.
            if Int32(payload.native(at: 0, as: UInt8.self)) == AF_BRIDGE {
                self = isNew ? .bridgePort(link) : .bridgePortRemoved(link)
            } else {
                self = isNew ? .link(link) : .linkRemoved(link)
            }
        case RTM_NEWADDR, RTM_DELADDR:
            guard let address = try InterfaceAddress(parsing: payload) else { return nil }
            self = type == RTM_NEWADDR ? .address(address) : .addressRemoved(address)
        case RTM_NEWROUTE, RTM_DELROUTE:
            guard let route = try Route(parsing: payload) else { return nil }
            self = type == RTM_NEWROUTE ? .route(route) : .routeRemoved(route)
        case RTM_NEWNEIGH, RTM_DELNEIGH:
            let isNew = type == RTM_NEWNEIGH
            if let entry = try FDBEntry(parsing: payload) {
                self = isNew ? .fdb(entry) : .fdbRemoved(entry)
            } else if let neighbour = try Neighbour(parsing: payload) {
                self = isNew ? .neighbour(neighbour) : .neighbourRemoved(neighbour)
            } else {
                return nil
            }
        case RTM_NEWQDISC, RTM_DELQDISC, RTM_NEWTFILTER, RTM_DELTFILTER:
            self = .trafficControl(linkIndex: try TrafficControlHeader(parsing: payload).linkIndex)
        default: return nil
        }
    }

    /// Reads all notifications of one datagram; one that is malformed counts as lost.
    static func list(parsing datagram: [UInt8]) -> [NetlinkEvent] {
        var events: [NetlinkEvent] = []
        do throws(MalformedMessage) {
            // Sound: bytes have no padding between them.
            try unsafe datagram.span.bytes.forEachMessage { header, payload throws(MalformedMessage) in
                if header.type == NLMSG_OVERRUN {
                    events.append(.overrun)
                } else if let event = try NetlinkEvent(type: header.type, payload: payload) {
                    events.append(event)
                }
            }
        } catch {
            events.append(.overrun)
        }
        return events
    }
}
