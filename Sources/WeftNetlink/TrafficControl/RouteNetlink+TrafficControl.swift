import CMnl

extension RouteNetlink {
    /// The qdiscs of all links, by link (`tc qdisc show`), without those that the kernel puts where none was asked for.
    public func qdiscs() throws(NetlinkError) -> [Qdisc] {
        var request = MessageBuilder(type: RTM_GETQDISC, flags: NLM_F_DUMP)
        TrafficControlHeader(linkIndex: 0).emit(into: &request)
        let qdiscs = try dump(.listQdiscs, request, of: RTM_NEWQDISC) { payload throws(MalformedMessage) in
            try Qdisc(parsing: payload)
        }
        return qdiscs.sorted { ($0.linkIndex, $0.parent, $0.handle) < ($1.linkIndex, $1.parent, $1.handle) }
    }

    /// Adds a qdisc (`tc qdisc add`), refused with `EEXIST` when one is in its place.
    public func addQdisc(_ qdisc: Qdisc) throws(NetlinkError) {
        try check(.addQdisc, qdisc.linkIndex)
        var request = MessageBuilder(type: RTM_NEWQDISC, flags: NLM_F_CREATE | NLM_F_EXCL)
        qdisc.emit(into: &request)
        try change(.addQdisc, "\(name(of: qdisc.linkIndex)) (\(qdisc.kind))", request)
    }

    /// Removes a qdisc with its filters (`tc qdisc del`).
    public func removeQdisc(_ qdisc: Qdisc) throws(NetlinkError) {
        try check(.removeQdisc, qdisc.linkIndex)
        var request = MessageBuilder(type: RTM_DELQDISC)
        qdisc.emit(into: &request)
        try change(.removeQdisc, "\(name(of: qdisc.linkIndex)) (\(qdisc.kind))", request)
    }

    /// The filters of a link in one direction, in the order they are asked (`tc filter show dev … ingress|egress`); none
    /// when the link has no clsact qdisc.
    public func filters(of linkIndex: Int32, at hook: TrafficFilter.Hook) throws(NetlinkError) -> [TrafficFilter] {
        try check(.listFilters, linkIndex)
        var request = MessageBuilder(type: RTM_GETTFILTER, flags: NLM_F_DUMP)
        var header = TrafficControlHeader(linkIndex: linkIndex)
        header.parent = hook.parent
        header.emit(into: &request)
        let filters = try dump(.listFilters, request, of: RTM_NEWTFILTER) { payload throws(MalformedMessage) in
            try TrafficFilter(parsing: payload)
        }
        return filters.sorted { ($0.chain, $0.priority, $0.handle) < ($1.chain, $1.priority, $1.handle) }
    }

    /// Adds a filter, or puts it in the place of the one with its priority and handle (`tc filter replace`). Refused with
    /// `EINVAL` when that priority has filters of another kind or protocol.
    public func setFilter(_ filter: TrafficFilter) throws(NetlinkError) {
        try check(.addFilter, filter.linkIndex)
        var request = MessageBuilder(type: RTM_NEWTFILTER, flags: NLM_F_CREATE)
        filter.emit(into: &request)
        try change(.addFilter, "\(name(of: filter.linkIndex)) (\(filter.kind))", request)
    }

    /// Removes a filter (`tc filter del`).
    public func removeFilter(_ filter: TrafficFilter) throws(NetlinkError) {
        try check(.removeFilter, filter.linkIndex)
        var request = MessageBuilder(type: RTM_DELTFILTER)
        var name = filter
        name.program = nil  // what it does says nothing about which it is
        name.emit(into: &request)
        try change(.removeFilter, "\(self.name(of: filter.linkIndex)) (\(filter.kind))", request)
    }
}
