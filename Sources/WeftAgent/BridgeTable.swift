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

    private struct Station: Hashable {
        var key: FDBKey
        var uplink: PortIndex
    }

    /// Replaces the ports, and the whole table by `entries`; returns what that changes.
    mutating func reset(members: [Int32: Member], entries: [WeftNetlink.FDBEntry]) -> [Directory.Event] {
        self.members = members
        let present = Set(entries.compactMap(station))
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
            guard let station = station(entry) else { return nil }
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
