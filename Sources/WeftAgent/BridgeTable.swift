import WeftForwarding
import WeftNetlink
import WeftTypes
import WeftWire

/// What the kernel's bridges have learnt about local stations, as events for the directory.
///
/// Only guests' ports count: what a bridge learns on the uplink port came from another host.
struct BridgeTable {
    /// What changed about a station.
    struct Change: Hashable {
        var key: FDBKey
        /// The segment's uplink, by which the packet path knows the bridge.
        var uplink: PortIndex
        /// The kernel's number of the device it is behind; nil for one that was forgotten.
        var device: Int32?
        /// Whether it stands in a listing, since nobody knows when.
        var isListed = false

        /// The same for the directory.
        var event: Directory.Event { device == nil ? .bridgeForgot(key, uplink) : .bridgeLearnt(key, uplink) }
    }

    /// A port of one of our bridges.
    struct Member: Hashable {
        var segment: SegmentIndex
        /// The segment's uplink, the port by which the packet path knows the bridge.
        var uplink: PortIndex
    }

    /// Guests' devices by the kernel's number.
    private(set) var members: [Int32: Member] = [:]
    private var known: [Station: Int32] = [:]
    /// Stations that are kept in mind; a bridge learns as many as its guests make up, unless the kernel can be told a limit.
    private let limit: Int

    private struct Station: Hashable {
        var key: FDBKey
        var uplink: PortIndex
    }

    init(limit: Int = 1 << 17) { self.limit = limit }

    /// Replaces the ports, and the whole table by `entries`; returns what that changes.
    mutating func reset(members: [Int32: Member], entries: [WeftNetlink.FDBEntry]) -> [Change] {
        self.members = members
        var present: [Station: Int32] = [:]
        for entry in entries where present.count < limit {
            if let station = station(entry) { present[station] = entry.linkIndex }
        }
        defer { known = present }
        let gone = known.keys.filter { present[$0] == nil }.sorted { $0.key < $1.key }
        let new = present.filter { known[$0.key] != $0.value }.sorted { $0.key.key < $1.key.key }
        return gone.map { Change(key: $0.key, uplink: $0.uplink) }
            + new.map { Change(key: $0.key.key, uplink: $0.key.uplink, device: $0.value, isListed: true) }
    }

    /// The device a station is behind.
    func device(of key: FDBKey) -> Int32? {
        members.values.lazy.map(\.uplink).compactMap { known[Station(key: key, uplink: $0)] }.first
    }

    /// Takes in one notification.
    mutating func handle(_ event: NetlinkEvent) -> Change? {
        switch event {
        case .fdb(let entry):
            guard let station = station(entry), known.count < limit || known[station] != nil else { return nil }
            known[station] = entry.linkIndex
            return Change(key: station.key, uplink: station.uplink, device: entry.linkIndex)
        case .fdbRemoved(let entry):
            guard let station = station(entry), known[station] == entry.linkIndex else { return nil }
            known[station] = nil
            return Change(key: station.key, uplink: station.uplink)
        default: return nil
        }
    }

    private func station(_ entry: WeftNetlink.FDBEntry) -> Station? {
        guard entry.table == .bridge, !entry.isLocal, entry.mac.isStation, !LoopProbe.isSource(entry.mac),
            let member = members[entry.linkIndex]
        else {
            return nil
        }
        return Station(key: FDBKey(member.segment, entry.mac), uplink: member.uplink)
    }
}
