import CMnl
import WeftTypes

extension Route {
    /// Reads the payload of `RTM_NEWROUTE` or `RTM_DELROUTE`: `struct rtmsg`, then attributes.
    ///
    /// Nil for a family other than IP, for an action we do not know, and for what is no route but a cached copy of one.
    init?(parsing bytes: RawSpan) throws(MalformedMessage) {
        try bytes.require(MemoryLayout<rtmsg>.size, "rtmsg")
        let length = Int(bytes.native(at: 1, as: UInt8.self))
        let flags: UInt32 = bytes.native(at: 8)
        guard let action = Action(rawValue: bytes.native(at: 7)), flags & UInt32(RTM_F_CLONED) == 0,
            let anywhere = IPPrefix.everything(family: bytes.native(at: 0))
        else { return nil }
        let table: UInt8 = bytes.native(at: 4)
        self.init(destination: anywhere, action: action, table: UInt32(table), origin: bytes.native(at: 5))
        scope = AddressScope(rawValue: bytes.native(at: 6))
        var destination: IPAddress?
        var single = NextHop(isOnLink: flags & UInt32(RTNH_F_ONLINK) != 0)
        try bytes.forEachAttribute(from: MemoryLayout<rtmsg>.size) { type, value throws(MalformedMessage) in
            switch type {
            case Int(RTA_DST.rawValue): destination = try value.address("RTA_DST")
            case Int(RTA_OIF.rawValue): single.linkIndex = try value.number("RTA_OIF")
            case Int(RTA_TABLE.rawValue): self.table = try value.number("RTA_TABLE")
            case Int(RTA_PRIORITY.rawValue): priority = try value.number("RTA_PRIORITY")
            case Int(RTA_PREFSRC.rawValue): preferredSource = try value.address("RTA_PREFSRC")
            case Int(RTA_METRICS.rawValue):
                try value.forEachAttribute { type, value throws(MalformedMessage) in
                    if type == RTAX_MTU { mtu = Int(try value.number("RTAX_MTU", as: UInt32.self)) }
                }
            case Int(RTA_MULTIPATH.rawValue): nextHops = try NextHop.list(parsing: value)
            default: try single.takeGateway(type, value)
            }
        }
        guard let prefix = IPPrefix(address: destination ?? anywhere.address, length: length) else { return nil }
        self.destination = prefix
        if nextHops.isEmpty, single.gateway != nil || single.linkIndex != nil { nextHops = [single] }
    }

    /// Writes `struct rtmsg` and the attributes.
    func emit(into message: inout MessageBuilder) {
        let single = nextHops.count == 1 ? nextHops.first : nil
        message.append(UInt8(destination.address.family.number))
        message.append(UInt8(destination.length))
        message.append(UInt16(0))
        message.append(UInt8(table < 256 ? table : UInt32(RT_TABLE_COMPAT.rawValue)))
        message.append(origin)
        message.append(scope.rawValue)
        message.append(action.rawValue)
        message.append(single?.isOnLink == true ? UInt32(RTNH_F_ONLINK) : 0)
        if destination.length > 0 { message.put(RTA_DST.rawValue, destination.network) }
        message.put(RTA_TABLE.rawValue, table)
        if priority != 0 { message.put(RTA_PRIORITY.rawValue, priority) }
        if let preferredSource { message.put(RTA_PREFSRC.rawValue, preferredSource) }
        if let mtu { message.nest(RTA_METRICS.rawValue) { $0.put(RTAX_MTU, UInt32(clamping: mtu)) } }
        if let single {
            if let linkIndex = single.linkIndex { message.put(RTA_OIF.rawValue, linkIndex) }
            single.emitGateway(into: &message, family: destination.address.family)
        } else if nextHops.count > 1 {
            message.nest(RTA_MULTIPATH.rawValue) { message in
                for hop in nextHops { hop.emit(into: &message, family: destination.address.family) }
            }
        }
    }
}

extension IPPrefix {
    /// The prefix of length 0 of a family by its number, nil for one other than IP.
    fileprivate static func everything(family: UInt8) -> IPPrefix? {
        switch Int32(family) {
        case AF_INET: IPPrefix(address: .v4(IPv4Address(rawValue: 0)), length: 0)
        case AF_INET6: IPPrefix(address: .v6(IPv6Address(rawValue: 0)), length: 0)
        default: nil
        }
    }
}

extension Route.NextHop {
    /// Takes `RTA_GATEWAY`, or `RTA_VIA` with its family before the address.
    fileprivate mutating func takeGateway(_ type: Int, _ value: RawSpan) throws(MalformedMessage) {
        switch type {
        case Int(RTA_GATEWAY.rawValue): gateway = try value.address("RTA_GATEWAY")
        case Int(RTA_VIA.rawValue):
            try value.require(2, "RTA_VIA")
            gateway = try value.extracting(2..<value.byteCount).address("RTA_VIA")
        default: break
        }
    }

    /// Reads `RTA_MULTIPATH`: one `struct rtnexthop` with attributes after the other.
    fileprivate static func list(parsing bytes: RawSpan) throws(MalformedMessage) -> [Self] {
        var hops: [Self] = []
        var offset = 0
        let headerByteCount = MemoryLayout<rtnexthop>.size
        while bytes.byteCount - offset >= headerByteCount {
            let byteCount = Int(bytes.native(at: offset, as: UInt16.self))
            guard byteCount >= headerByteCount else {
                throw MalformedMessage(part: "rtnexthop", needed: headerByteCount, got: byteCount)
            }
            try bytes.extracting(offset..<bytes.byteCount).require(byteCount, "rtnexthop")
            let part = bytes.extracting(offset..<offset + byteCount)
            let flags = UInt32(part.native(at: 2, as: UInt8.self))
            var hop = Self(linkIndex: part.native(at: 4), isOnLink: flags & UInt32(RTNH_F_ONLINK) != 0)
            try part.forEachAttribute(from: headerByteCount) { type, value throws(MalformedMessage) in
                try hop.takeGateway(type, value)
            }
            hops.append(hop)
            offset += aligned(byteCount)
        }
        return hops
    }

    fileprivate func emitGateway(into message: inout MessageBuilder, family: IPAddress.Family) {
        guard let gateway else { return }
        if gateway.family == family {
            message.put(RTA_GATEWAY.rawValue, gateway)
        } else {
            message.put(RTA_VIA.rawValue, bytes: UInt16(gateway.family.number).hostBytes + gateway.wireBytes)
        }
    }

    fileprivate func emit(into message: inout MessageBuilder, family: IPAddress.Family) {
        message.sized { message in
            message.append(UInt8(isOnLink ? RTNH_F_ONLINK : 0))
            message.append(UInt8(0))
            message.append(linkIndex ?? 0)
            emitGateway(into: &message, family: family)
        }
    }
}

extension RouteNetlink {
    /// The routes of all tables, or of one (`ip route show table …`).
    public func routes(table: UInt32? = nil) throws(NetlinkError) -> [Route] {
        var request = MessageBuilder(type: RTM_GETROUTE, flags: NLM_F_DUMP)
        request.append(UInt64(0))  // all families
        request.append(UInt32(0))
        let routes = try dump(.listRoutes, request, of: RTM_NEWROUTE) { payload throws(MalformedMessage) in
            try Route(parsing: payload)
        }
        return routes.filter { table == nil || $0.table == table }.sorted {
            ($0.table, $0.destination, $0.priority) < ($1.table, $1.destination, $1.priority)
        }
    }

    /// Adds a route (`ip route add`), refused with `EEXIST` when the table has one for the same prefix and priority.
    public func addRoute(_ route: Route) throws(NetlinkError) {
        var request = MessageBuilder(type: RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_EXCL)
        route.emit(into: &request)
        try change(.addRoute, route.description, request)
    }

    /// Adds a route or puts it in the place of the one for the same prefix and priority (`ip route replace`).
    public func replaceRoute(_ route: Route) throws(NetlinkError) {
        var request = MessageBuilder(type: RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_REPLACE)
        route.emit(into: &request)
        try change(.addRoute, route.description, request)
    }

    /// Removes a route (`ip route del`).
    public func removeRoute(_ route: Route) throws(NetlinkError) {
        var request = MessageBuilder(type: RTM_DELROUTE)
        route.emit(into: &request)
        try change(.removeRoute, route.description, request)
    }
}
