import CMnl
import WeftTypes

/// VLANs that a port of a VLAN-aware bridge belongs to, as `bridge vlan show` prints them.
public struct BridgeVLAN: Hashable, Sendable {
    /// The port, or the bridge itself for what goes up into the host.
    public var linkIndex: Int32
    /// The VLANs that the flags hold for.
    public var vlans: ClosedRange<VLANID>
    /// Whether untagged frames that come in belong to it; for a single VLAN only.
    public var isPVID: Bool
    /// Whether frames go out untagged.
    public var isUntagged: Bool

    /// Describes a membership.
    public init(linkIndex: Int32, vlans: ClosedRange<VLANID>, isPVID: Bool = false, isUntagged: Bool = false) {
        self.linkIndex = linkIndex
        self.vlans = vlans
        self.isPVID = isPVID
        self.isUntagged = isUntagged
    }

    /// Describes a membership in one VLAN.
    public init(linkIndex: Int32, vlan: VLANID, isPVID: Bool = false, isUntagged: Bool = false) {
        self.init(linkIndex: linkIndex, vlans: vlan...vlan, isPVID: isPVID, isUntagged: isUntagged)
    }

    /// Reads what `RTM_NEWLINK` of the bridges' family tells of one port: `struct bridge_vlan_info`, of which two make a range.
    static func list(parsing bytes: RawSpan) throws(MalformedMessage) -> [BridgeVLAN] {
        try bytes.require(MemoryLayout<ifinfomsg>.size, "ifinfomsg")
        guard Int32(bytes.native(at: 0, as: UInt8.self)) == AF_BRIDGE else { return [] }
        let linkIndex: Int32 = bytes.native(at: 4)
        var memberships: [BridgeVLAN] = []
        var first: VLANID?
        try bytes.forEachAttribute(from: MemoryLayout<ifinfomsg>.size) { type, value throws(MalformedMessage) in
            guard type == IFLA_AF_SPEC else { return }
            try value.forEachAttribute { type, value throws(MalformedMessage) in
                guard type == IFLA_BRIDGE_VLAN_INFO else { return }
                try value.require(4, "IFLA_BRIDGE_VLAN_INFO")
                let flags = Int32(value.native(at: 0, as: UInt16.self))
                guard let vlan = VLANID(value.native(at: 2)) else { return }
                if flags & BRIDGE_VLAN_INFO_RANGE_BEGIN != 0 {
                    first = vlan
                    return
                }
                let isEnd = flags & BRIDGE_VLAN_INFO_RANGE_END != 0
                let start = isEnd ? min(first ?? vlan, vlan) : vlan
                memberships.append(
                    BridgeVLAN(
                        linkIndex: linkIndex, vlans: start...vlan, isPVID: flags & BRIDGE_VLAN_INFO_PVID != 0,
                        isUntagged: flags & BRIDGE_VLAN_INFO_UNTAGGED != 0))
                first = nil
            }
        }
        return memberships
    }

    /// Writes the message of the bridges' family that adds (`RTM_SETLINK`) or removes (`RTM_DELLINK`) the membership.
    func request(type: Int, isBridgeItself: Bool) -> MessageBuilder {
        var message = MessageBuilder(type: type)
        message.appendLinkHeader(family: AF_BRIDGE, index: linkIndex)
        let flags = (isPVID ? BRIDGE_VLAN_INFO_PVID : 0) | (isUntagged ? BRIDGE_VLAN_INFO_UNTAGGED : 0)
        message.nest(IFLA_AF_SPEC) { message in
            let put = { (message: inout MessageBuilder, flags: Int32, vlan: VLANID) in
                message.put(IFLA_BRIDGE_VLAN_INFO, bytes: UInt16(truncatingIfNeeded: flags).hostBytes + vlan.rawValue.hostBytes)
            }
            if isBridgeItself { message.put(IFLA_BRIDGE_FLAGS, UInt16(BRIDGE_FLAGS_SELF)) }
            if vlans.lowerBound == vlans.upperBound {
                put(&message, flags, vlans.lowerBound)
            } else {
                put(&message, flags | BRIDGE_VLAN_INFO_RANGE_BEGIN, vlans.lowerBound)
                put(&message, flags | BRIDGE_VLAN_INFO_RANGE_END, vlans.upperBound)
            }
        }
        return message
    }
}
