import WeftForwarding
import WeftNetlink
import WeftTypes

/// What the kernel's bridges have learnt about local stations, as events for the directory.
///
/// Only guests' ports count: what a bridge learns on the uplink port came from another host.
struct BridgeTable {
    /// A port of one of our bridges.
    struct Member: Hashable {
        var segment: SegmentIndex
        /// The segment's uplink, the port by which the packet path knows the bridge.
        var uplink: PortIndex
    }

    /// Guests' devices by the kernel's number.
    private(set) var members: [Int32: Member] = [:]
    private var known: Set<Station> = []
    /// Stations that are kept in mind; a bridge learns as many as its guests make up, unless the kernel can be told a limit.
    private let limit: Int

    private struct Station: Hashable {
        var key: FDBKey
        var uplink: PortIndex
    }

    init(limit: Int = 1 << 17) { self.limit = limit }

    /// Replaces the ports, and the whole table by `entries`; returns what that changes.
    mutating func reset(members: [Int32: Member], entries: [WeftNetlink.FDBEntry]) -> [Directory.Event] {
        self.members = members
        let present = Set(entries.lazy.compactMap(station).prefix(limit))
        defer { known = present }
        let gone = known.subtracting(present).sorted { $0.key < $1.key }
        let new = present.subtracting(known).sorted { $0.key < $1.key }
        var events = gone.map { Directory.Event.bridgeForgot($0.key, $0.uplink) }
        events += new.map { Directory.Event.bridgeLearnt($0.key, $0.uplink) }
        return events
    }

    /// Takes in one notification.
    mutating func handle(_ event: NetlinkEvent) -> Directory.Event? {
        switch event {
        case .fdb(let entry):
            guard let station = station(entry), known.count < limit || known.contains(station) else { return nil }
            known.insert(station)
            return .bridgeLearnt(station.key, station.uplink)
        case .fdbRemoved(let entry):
            guard let station = station(entry), known.remove(station) != nil else { return nil }
            return .bridgeForgot(station.key, station.uplink)
        default: return nil
        }
    }

    private func station(_ entry: WeftNetlink.FDBEntry) -> Station? {
        guard entry.table == .bridge, !entry.isLocal, entry.mac.isStation, let member = members[entry.linkIndex] else {
            return nil
        }
        return Station(key: FDBKey(member.segment, entry.mac), uplink: member.uplink)
    }
}
