import CMnl
import WeftTypes

// Each kind's attributes within `IFLA_INFO_DATA`, read and written.

/// The unit in which bridges tell times: a hundredth of a second, whatever the kernel's own tick (`USER_HZ`).
private func duration(ticks: some BinaryInteger) -> Duration { .milliseconds(Int64(clamping: ticks) * 10) }

extension Duration {
    /// The number of hundredths of a second, rounded down, at most what 32 bits hold.
    var kernelTicks: UInt32 {
        let (seconds, attoseconds) = components
        let hundredths = seconds.multipliedReportingOverflow(by: 100)
        return hundredths.overflow ? .max : UInt32(clamping: hundredths.partialValue + attoseconds / 10_000_000_000_000_000)
    }
}

extension BridgeAttributes {
    init(parsing bytes: RawSpan) throws(MalformedMessage) {
        self.init()
        try bytes.forEachAttribute { type, value throws(MalformedMessage) in
            switch type {
            case IFLA_BR_AGEING_TIME: ageingTime = duration(ticks: try value.number("IFLA_BR_AGEING_TIME", as: UInt32.self))
            case IFLA_BR_FORWARD_DELAY: forwardDelay = duration(ticks: try value.number("IFLA_BR_FORWARD_DELAY", as: UInt32.self))
            case IFLA_BR_STP_STATE: isSTPEnabled = try value.number("IFLA_BR_STP_STATE", as: UInt32.self) != 0
            case IFLA_BR_VLAN_FILTERING: isVLANFiltering = try value.flag("IFLA_BR_VLAN_FILTERING")
            case IFLA_BR_VLAN_DEFAULT_PVID: defaultPVID = try value.number("IFLA_BR_VLAN_DEFAULT_PVID")
            case IFLA_BR_MCAST_SNOOPING: isMulticastSnooping = try value.flag("IFLA_BR_MCAST_SNOOPING")
            case IFLA_BR_GROUP_FWD_MASK: groupForwardMask = try value.number("IFLA_BR_GROUP_FWD_MASK")
            default: break
            }
        }
    }

    func emit(into message: inout MessageBuilder) {
        if let ageingTime { message.put(IFLA_BR_AGEING_TIME, ageingTime.kernelTicks) }
        if let forwardDelay { message.put(IFLA_BR_FORWARD_DELAY, forwardDelay.kernelTicks) }
        if let isSTPEnabled { message.put(IFLA_BR_STP_STATE, UInt32(isSTPEnabled ? 1 : 0)) }
        if let isVLANFiltering { message.put(IFLA_BR_VLAN_FILTERING, isVLANFiltering) }
        if let defaultPVID { message.put(IFLA_BR_VLAN_DEFAULT_PVID, defaultPVID) }
        if let isMulticastSnooping { message.put(IFLA_BR_MCAST_SNOOPING, isMulticastSnooping) }
        if let groupForwardMask { message.put(IFLA_BR_GROUP_FWD_MASK, groupForwardMask) }
    }
}

extension VLANAttributes {
    /// Nil when the identifier is missing or names no VLAN.
    init?(parsing bytes: RawSpan) throws(MalformedMessage) {
        var id: VLANID?
        var tagProtocol: TagProtocol?
        try bytes.forEachAttribute { type, value throws(MalformedMessage) in
            switch type {
            case IFLA_VLAN_ID: id = VLANID(try value.number("IFLA_VLAN_ID"))
            case IFLA_VLAN_PROTOCOL: tagProtocol = TagProtocol(rawValue: try value.bigEndianNumber("IFLA_VLAN_PROTOCOL"))
            default: break
            }
        }
        guard let id else { return nil }
        self.init(id: id, tagProtocol: tagProtocol ?? .dot1Q)
    }

    func emit(into message: inout MessageBuilder) {
        message.put(IFLA_VLAN_ID, id.rawValue)
        message.put(IFLA_VLAN_PROTOCOL, bigEndian: tagProtocol.rawValue)
    }
}

extension TunAttributes {
    init(parsing bytes: RawSpan) throws(MalformedMessage) {
        self.init()
        try bytes.forEachAttribute { type, value throws(MalformedMessage) in
            switch type {
            case IFLA_TUN_OWNER: owner = try value.number("IFLA_TUN_OWNER")
            case IFLA_TUN_GROUP: group = try value.number("IFLA_TUN_GROUP")
            case IFLA_TUN_TYPE: mode = Mode(rawValue: try value.number("IFLA_TUN_TYPE")) ?? .tap
            case IFLA_TUN_PI: hasPacketInformation = try value.flag("IFLA_TUN_PI")
            case IFLA_TUN_VNET_HDR: hasVirtioNetHeader = try value.flag("IFLA_TUN_VNET_HDR")
            case IFLA_TUN_PERSIST: isPersistent = try value.flag("IFLA_TUN_PERSIST")
            case IFLA_TUN_MULTI_QUEUE: isMultiQueue = try value.flag("IFLA_TUN_MULTI_QUEUE")
            case IFLA_TUN_NUM_QUEUES: queueCount = Int(try value.number("IFLA_TUN_NUM_QUEUES", as: UInt32.self))
            case IFLA_TUN_NUM_DISABLED_QUEUES:
                disabledQueueCount = Int(try value.number("IFLA_TUN_NUM_DISABLED_QUEUES", as: UInt32.self))
            default: break
            }
        }
    }
}

extension VXLANAttributes {
    init(parsing bytes: RawSpan) throws(MalformedMessage) {
        var vni: UInt32 = 0
        self.init(vni: VNI(headerWord: 0), udpPort: nil)
        try bytes.forEachAttribute { type, value throws(MalformedMessage) in
            switch type {
            case IFLA_VXLAN_ID: vni = try value.number("IFLA_VXLAN_ID")
            case IFLA_VXLAN_GROUP, IFLA_VXLAN_GROUP6: remote = try value.address("IFLA_VXLAN_GROUP")
            case IFLA_VXLAN_LOCAL, IFLA_VXLAN_LOCAL6: local = try value.address("IFLA_VXLAN_LOCAL")
            case IFLA_VXLAN_LINK: underlayIndex = try value.number("IFLA_VXLAN_LINK")
            case IFLA_VXLAN_PORT: udpPort = try value.bigEndianNumber("IFLA_VXLAN_PORT")
            case IFLA_VXLAN_PORT_RANGE:
                try value.require(4, "IFLA_VXLAN_PORT_RANGE")
                let low = UInt16(bigEndian: value.native(at: 0))
                let high = UInt16(bigEndian: value.native(at: 2))
                if low != 0 || high != 0, low <= high { sourcePorts = low...high }
            case IFLA_VXLAN_LEARNING: isLearning = try value.flag("IFLA_VXLAN_LEARNING")
            case IFLA_VXLAN_UDP_CSUM: hasUDPChecksum = try value.flag("IFLA_VXLAN_UDP_CSUM")
            case IFLA_VXLAN_UDP_ZERO_CSUM6_TX: sendsZeroChecksumOverIPv6 = try value.flag("IFLA_VXLAN_UDP_ZERO_CSUM6_TX")
            case IFLA_VXLAN_UDP_ZERO_CSUM6_RX: acceptsZeroChecksumOverIPv6 = try value.flag("IFLA_VXLAN_UDP_ZERO_CSUM6_RX")
            case IFLA_VXLAN_REMCSUM_TX: sendsRemoteChecksum = try value.flag("IFLA_VXLAN_REMCSUM_TX")
            case IFLA_VXLAN_REMCSUM_RX: acceptsRemoteChecksum = try value.flag("IFLA_VXLAN_REMCSUM_RX")
            case IFLA_VXLAN_TTL: ttl = try value.number("IFLA_VXLAN_TTL")
            case IFLA_VXLAN_DF: dontFragment = DontFragment(rawValue: try value.number("IFLA_VXLAN_DF"))
            case IFLA_VXLAN_AGEING: ageingTime = .seconds(try value.number("IFLA_VXLAN_AGEING", as: UInt32.self))
            default: break
            }
        }
        self.vni = VNI(headerWord: vni << 8)
    }

    func emit(into message: inout MessageBuilder) {
        message.put(IFLA_VXLAN_ID, vni.rawValue)
        if let local { message.put(local.family == .v4 ? IFLA_VXLAN_LOCAL : IFLA_VXLAN_LOCAL6, local) }
        if let remote { message.put(remote.family == .v4 ? IFLA_VXLAN_GROUP : IFLA_VXLAN_GROUP6, remote) }
        if let underlayIndex { message.put(IFLA_VXLAN_LINK, underlayIndex) }
        if let udpPort { message.put(IFLA_VXLAN_PORT, bigEndian: udpPort) }
        if let sourcePorts {
            let bounds = UInt32(sourcePorts.lowerBound) << 16 | UInt32(sourcePorts.upperBound)
            message.put(IFLA_VXLAN_PORT_RANGE, bigEndian: bounds)
        }
        if let isLearning { message.put(IFLA_VXLAN_LEARNING, isLearning) }
        if let hasUDPChecksum { message.put(IFLA_VXLAN_UDP_CSUM, hasUDPChecksum) }
        if let sendsZeroChecksumOverIPv6 { message.put(IFLA_VXLAN_UDP_ZERO_CSUM6_TX, sendsZeroChecksumOverIPv6) }
        if let acceptsZeroChecksumOverIPv6 { message.put(IFLA_VXLAN_UDP_ZERO_CSUM6_RX, acceptsZeroChecksumOverIPv6) }
        if let sendsRemoteChecksum { message.put(IFLA_VXLAN_REMCSUM_TX, sendsRemoteChecksum) }
        if let acceptsRemoteChecksum { message.put(IFLA_VXLAN_REMCSUM_RX, acceptsRemoteChecksum) }
        if let ttl { message.put(IFLA_VXLAN_TTL, ttl) }
        if let dontFragment { message.put(IFLA_VXLAN_DF, dontFragment.rawValue) }
        if let ageingTime { message.put(IFLA_VXLAN_AGEING, UInt32(clamping: ageingTime.components.seconds)) }
    }
}

extension BridgePort {
    /// Reads `IFLA_INFO_SLAVE_DATA` or `IFLA_PROTINFO`.
    init(parsing bytes: RawSpan) throws(MalformedMessage) {
        self.init()
        try bytes.forEachAttribute { type, value throws(MalformedMessage) in
            switch type {
            case IFLA_BRPORT_STATE: state = State(rawValue: try value.number("IFLA_BRPORT_STATE"))
            case IFLA_BRPORT_COST: cost = try value.number("IFLA_BRPORT_COST")
            case IFLA_BRPORT_LEARNING: isLearning = try value.flag("IFLA_BRPORT_LEARNING")
            case IFLA_BRPORT_UNICAST_FLOOD: floodsUnicast = try value.flag("IFLA_BRPORT_UNICAST_FLOOD")
            case IFLA_BRPORT_MCAST_FLOOD: floodsMulticast = try value.flag("IFLA_BRPORT_MCAST_FLOOD")
            case IFLA_BRPORT_BCAST_FLOOD: floodsBroadcast = try value.flag("IFLA_BRPORT_BCAST_FLOOD")
            case IFLA_BRPORT_ISOLATED: isIsolated = try value.flag("IFLA_BRPORT_ISOLATED")
            case IFLA_BRPORT_MODE: isHairpin = try value.flag("IFLA_BRPORT_MODE")
            case IFLA_BRPORT_LOCKED: isLocked = try value.flag("IFLA_BRPORT_LOCKED")
            case IFLA_BRPORT_NEIGH_SUPPRESS: suppressesNeighbours = try value.flag("IFLA_BRPORT_NEIGH_SUPPRESS")
            case IFLA_BRPORT_GUARD: guardsBPDU = try value.flag("IFLA_BRPORT_GUARD")
            default: break
            }
        }
    }

    func emit(into message: inout MessageBuilder) {
        if let state { message.put(IFLA_BRPORT_STATE, state.rawValue) }
        if let cost { message.put(IFLA_BRPORT_COST, cost) }
        if flushes { message.put(IFLA_BRPORT_FLUSH, true) }
        let flags: [(Int, Bool?)] = [
            (IFLA_BRPORT_LEARNING, isLearning), (IFLA_BRPORT_UNICAST_FLOOD, floodsUnicast),
            (IFLA_BRPORT_MCAST_FLOOD, floodsMulticast), (IFLA_BRPORT_BCAST_FLOOD, floodsBroadcast),
            (IFLA_BRPORT_ISOLATED, isIsolated), (IFLA_BRPORT_MODE, isHairpin), (IFLA_BRPORT_LOCKED, isLocked),
            (IFLA_BRPORT_NEIGH_SUPPRESS, suppressesNeighbours), (IFLA_BRPORT_GUARD, guardsBPDU),
        ]
        for case (let type, let value?) in flags { message.put(type, value) }
    }
}
