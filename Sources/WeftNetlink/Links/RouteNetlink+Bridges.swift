import CMnl
import WeftTypes

extension RouteNetlink {
    /// The ports of a bridge with their attributes, by number (`bridge -d link show master …`).
    public func bridgePorts(of bridgeIndex: Int32) throws(NetlinkError) -> [Link] {
        var request = MessageBuilder(type: RTM_GETLINK, flags: NLM_F_DUMP)
        request.appendLinkHeader()
        request.put(IFLA_MASTER, bridgeIndex)
        let ports = try dump(.listBridgePorts, request, of: RTM_NEWLINK) { payload throws(MalformedMessage) in
            try Link(parsing: payload)
        }
        return ports.filter { $0.masterIndex == bridgeIndex }.sorted { $0.index < $1.index }
    }

    /// Changes what a port does for its bridge (`bridge link set dev …`).
    public func setBridgePort(_ index: Int32, _ port: BridgePort) throws(NetlinkError) {
        try check(.setBridgePort, index)
        var request = MessageBuilder(type: RTM_SETLINK)
        request.appendLinkHeader(family: AF_BRIDGE, index: index)
        request.nest(IFLA_PROTINFO) { port.emit(into: &$0) }
        try change(.setBridgePort, name(of: index), request)
    }

    /// The VLANs of all ports of VLAN-aware bridges and of these bridges themselves, by link and VLAN
    /// (`bridge vlan show`); none on a kernel without VLAN filtering.
    public func bridgeVLANs() throws(NetlinkError) -> [BridgeVLAN] {
        var request = MessageBuilder(type: RTM_GETLINK, flags: NLM_F_DUMP)
        request.appendLinkHeader(family: AF_BRIDGE)
        // A port can be in 4094 VLANs, which are too many for one message unless they are told as ranges.
        request.put(IFLA_EXT_MASK, UInt32(RTEXT_FILTER_BRVLAN_COMPRESSED))
        let memberships = try dump(.listVLANs, request, of: RTM_NEWLINK) { payload throws(MalformedMessage) in
            try BridgeVLAN.list(parsing: payload)
        }
        return memberships.flatMap { $0 }.sorted { ($0.linkIndex, $0.vlans.lowerBound) < ($1.linkIndex, $1.vlans.lowerBound) }
    }

    /// Puts a port into VLANs, or changes the flags of those it is in (`bridge vlan add dev … vid …`, with `self` when
    /// `isBridgeItself`).
    public func addVLAN(_ membership: BridgeVLAN, isBridgeItself: Bool = false) throws(NetlinkError) {
        try changeVLAN(.addVLAN, RTM_SETLINK, membership, isBridgeItself)
    }

    /// Takes a port out of VLANs (`bridge vlan del dev … vid …`).
    public func removeVLAN(_ membership: BridgeVLAN, isBridgeItself: Bool = false) throws(NetlinkError) {
        try changeVLAN(.removeVLAN, RTM_DELLINK, membership, isBridgeItself)
    }

    private func changeVLAN(
        _ verb: NetlinkError.Verb, _ type: Int, _ membership: BridgeVLAN, _ isBridgeItself: Bool
    ) throws(NetlinkError) {
        try check(verb, membership.linkIndex)
        let vlans = membership.vlans
        let text = vlans.lowerBound == vlans.upperBound ? "\(vlans.lowerBound)" : "\(vlans.lowerBound)–\(vlans.upperBound)"
        let request = membership.request(type: type, isBridgeItself: isBridgeItself)
        try change(verb, "\(name(of: membership.linkIndex)) (VLAN \(text))", request)
    }
}
