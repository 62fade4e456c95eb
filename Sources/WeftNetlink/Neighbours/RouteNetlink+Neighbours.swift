import CMnl
import WeftTypes

extension RouteNetlink {
    /// The neighbours of all links, or of one (`ip neighbour show`).
    public func neighbours(of linkIndex: Int32? = nil) throws(NetlinkError) -> [Neighbour] {
        var request = MessageBuilder(type: RTM_GETNEIGH, flags: NLM_F_DUMP)
        NeighbourHeader(family: AF_UNSPEC).emit(into: &request)
        if let linkIndex { request.put(NDA_IFINDEX, linkIndex) }
        let neighbours = try dump(.listNeighbours, request, of: RTM_NEWNEIGH) { payload throws(MalformedMessage) in
            try Neighbour(parsing: payload)
        }
        return neighbours.sorted()
    }

    /// Adds a neighbour (`ip neighbour add`), or with `replacing` changes the one there is (`ip neighbour replace`).
    public func addNeighbour(_ neighbour: Neighbour, replacing: Bool = false) throws(NetlinkError) {
        try check(.addNeighbour, neighbour.linkIndex)
        var request = MessageBuilder(type: RTM_NEWNEIGH, flags: NLM_F_CREATE | (replacing ? NLM_F_REPLACE : NLM_F_EXCL))
        neighbour.emit(into: &request)
        try change(.addNeighbour, "\(name(of: neighbour.linkIndex)) (\(neighbour.address))", request)
    }

    /// Removes a neighbour (`ip neighbour del`).
    public func removeNeighbour(_ neighbour: Neighbour) throws(NetlinkError) {
        try check(.removeNeighbour, neighbour.linkIndex)
        var request = MessageBuilder(type: RTM_DELNEIGH)
        neighbour.emit(into: &request)
        try change(.removeNeighbour, "\(name(of: neighbour.linkIndex)) (\(neighbour.address))", request)
    }
}

extension RouteNetlink {
    /// How to treat an entry that is there already.
    public enum FDBMode: Hashable, Sendable {
        /// Refuse with `EEXIST` (`bridge fdb add`).
        case add
        /// Add a further destination to it, such as to the flood list of a VXLAN device (`bridge fdb append`).
        case append
        /// Put the new one in its place (`bridge fdb replace`).
        case replace
    }

    /// The FDB entries of all bridges and devices (`bridge fdb show`).
    public func fdb() throws(NetlinkError) -> [FDBEntry] { try fdb(NeighbourHeader(family: AF_BRIDGE), nil) }

    /// The FDB entries of one link: those of its own table, and those of its bridge's that point to it
    /// (`bridge fdb show dev …`).
    public func fdb(of linkIndex: Int32) throws(NetlinkError) -> [FDBEntry] {
        var header = NeighbourHeader(family: AF_BRIDGE)
        header.linkIndex = linkIndex
        return try fdb(header, nil).filter { $0.linkIndex == linkIndex }
    }

    /// The FDB of one bridge (`bridge fdb show br …`), without the ports' own tables.
    public func fdb(ofBridge bridgeIndex: Int32) throws(NetlinkError) -> [FDBEntry] {
        try fdb(NeighbourHeader(family: AF_BRIDGE), bridgeIndex).filter { $0.masterIndex == bridgeIndex }
    }

    private func fdb(_ header: NeighbourHeader, _ bridgeIndex: Int32?) throws(NetlinkError) -> [FDBEntry] {
        var request = MessageBuilder(type: RTM_GETNEIGH, flags: NLM_F_DUMP)
        header.emit(into: &request)
        if let bridgeIndex { request.put(NDA_MASTER, bridgeIndex) }
        let entries = try dump(.listFDB, request, of: RTM_NEWNEIGH) { payload throws(MalformedMessage) in
            try FDBEntry(parsing: payload)
        }
        return entries.sorted { ($0.linkIndex, $0.mac, $0.vlan?.rawValue ?? 0) < ($1.linkIndex, $1.mac, $1.vlan?.rawValue ?? 0) }
    }

    /// Adds an FDB entry (`bridge fdb add|append|replace`).
    public func addFDB(_ entry: FDBEntry, mode: FDBMode = .add) throws(NetlinkError) {
        try check(.addFDB, entry.linkIndex)
        let flags =
            switch mode {
            case .add: NLM_F_CREATE | NLM_F_EXCL
            case .append: NLM_F_CREATE | NLM_F_APPEND
            case .replace: NLM_F_CREATE | NLM_F_REPLACE
            }
        var request = MessageBuilder(type: RTM_NEWNEIGH, flags: flags)
        entry.emit(into: &request)
        try change(.addFDB, "\(name(of: entry.linkIndex)) (\(entry))", request)
    }

    /// Removes an FDB entry (`bridge fdb del`); with a destination, only that one.
    public func removeFDB(_ entry: FDBEntry) throws(NetlinkError) {
        try check(.removeFDB, entry.linkIndex)
        var request = MessageBuilder(type: RTM_DELNEIGH)
        entry.emit(into: &request)
        try change(.removeFDB, "\(name(of: entry.linkIndex)) (\(entry))", request)
    }
}
