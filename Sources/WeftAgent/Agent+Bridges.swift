import Logging
import WeftDataPlane
import WeftFabric
import WeftForwarding
import WeftGossip
import WeftLinux
import WeftNetlink
import WeftTopology
import WeftTypes

/// What the bridges of this host know, between the kernel that learns it and the packet path that needs it.
extension Agent {
    /// Reads what the bridges have learnt, when their ports have changed or notifications were lost; else these suffice.
    func readBridges(_ links: [Link], into plane: DataPlane, isOutdated: Bool = false) {
        var members: [Int32: BridgeTable.Member] = [:]
        var uplinks: [Int32: TopologyName] = [:]
        for segment in loaded.topology.bridgedSegments(on: loaded.host) {
            let bridge = loaded.topology.mark(.bridge, segment.name).deviceName.text
            let uplink = loaded.topology.mark(.uplink, segment.name).deviceName.text
            guard let master = links.first(where: { $0.name == bridge })?.index, let port = compiler.uplink(of: segment.name),
                let index = compiler.segmentIndex(of: segment.name)
            else { continue }
            for link in links where link.masterIndex == master {
                if link.name == uplink {
                    uplinks[link.index] = segment.name
                } else {
                    members[link.index] = BridgeTable.Member(segment: index, uplink: port)
                }
            }
        }
        guard isOutdated || members != bridgeTable.members, let entries = try? driver.netlink.fdb() else { return }
        take(bridgeTable.reset(members: members, entries: entries), into: plane)
        forgetStationsThatCame(entries, uplinks: uplinks)
    }

    /// Tells the packet path and the fabric what the bridges know now.
    func take(_ changes: [BridgeTable.Change], into plane: DataPlane) {
        plane.handle(changes.map(\.event))
        guard let gossip else { return }
        let now = MonotonicClock.now()
        gossip.tell(
            changes.compactMap { change in
                routes.endpointKey(change.key).map { key in
                    guard let device = change.device else { return .forgotten(key, .bridge) }
                    return .sighted(key, port: LocalPort(device), change.isListed ? .listing : .bridge, seen: now)
                }
            })
    }

    /// Has a bridge forget a station that is elsewhere, so that it asks the uplink, and tells when the station comes back.
    func forgetLocally(_ key: EndpointKey, port: LocalPort?) {
        guard let segment = compiled?.segments[key.vni],
            let device = port?.device ?? bridgeTable.device(of: FDBKey(segment, key.mac)), bridgeTable.members[device] != nil,
            let entries = try? driver.netlink.fdb()
        else { return }
        for entry in entries where entry.table == .bridge && entry.mac == key.mac && entry.linkIndex == device && !entry.isLocal {
            do throws(NetlinkError) {
                try driver.netlink.removeFDB(entry)
            } catch {
                logger.debug("FDB entry not removed", metadata: ["mac": "\(entry.mac)", "cause": "\(error)"])
            }
        }
    }

    /// Has the bridges forget that a station is behind the uplink which is now at a port of the bridge: until that station
    /// sends something, they would give the agent what is for it.
    private func forgetStationsThatCame(_ entries: [WeftNetlink.FDBEntry], uplinks: [Int32: TopologyName]) {
        let ports = loaded.topology.ports(on: loaded.host.name).filter { $0.attach == .bridge }
        let stations = ports.reduce(into: [TopologyName: Set<MACAddress>]()) { stations, port in
            for segment in port.segments { stations[segment, default: []].insert(port.mac) }
        }
        for entry in entries where entry.table == .bridge && entry.isLearned {
            guard let segment = uplinks[entry.linkIndex], stations[segment]?.contains(entry.mac) == true else { continue }
            do throws(NetlinkError) {
                try driver.netlink.removeFDB(entry)
            } catch {
                logger.debug("FDB entry not removed", metadata: ["mac": "\(entry.mac)", "cause": "\(error)"])
            }
        }
    }
}

extension LocalPort {
    /// The port that is a device, by the kernel's number for it.
    init(_ device: Int32) { self.init(UInt32(bitPattern: device)) }

    /// The kernel's number for its device.
    var device: Int32 { Int32(bitPattern: rawValue) }
}
