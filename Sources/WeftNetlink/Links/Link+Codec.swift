import CMnl
import WeftTypes

extension Link {
    /// Reads the payload of `RTM_NEWLINK` or `RTM_DELLINK`: `struct ifinfomsg`, then attributes.
    init(parsing bytes: RawSpan) throws(MalformedMessage) {
        try bytes.require(MemoryLayout<ifinfomsg>.size, "ifinfomsg")
        self.init(index: bytes.native(at: 4), name: "")
        flags = LinkFlags(rawValue: bytes.native(at: 8))
        let family: UInt8 = bytes.native(at: 0)
        try bytes.forEachAttribute(from: MemoryLayout<ifinfomsg>.size) { type, value throws(MalformedMessage) in
            if try takeNumber(type, value) { return }
            switch type {
            case IFLA_IFNAME: name = value.text
            case IFLA_IFALIAS: alias = value.text
            case IFLA_ADDRESS: mac = value.macAddress
            case IFLA_OPERSTATE: operationalState = OperationalState(rawValue: try value.number("IFLA_OPERSTATE")) ?? .unknown
            case IFLA_CARRIER: hasCarrier = try value.flag("IFLA_CARRIER")
            case IFLA_PROP_LIST:
                try value.forEachAttribute { type, value in
                    if type == IFLA_ALT_IFNAME { alternativeNames.append(value.text) }
                }
            case IFLA_LINKINFO: try takeLinkInformation(value)
            case IFLA_PROTINFO where family == AF_BRIDGE: bridgePort = try BridgePort(parsing: value)
            case IFLA_AF_SPEC where family == AF_UNSPEC: try takeFamilies(value)
            case IFLA_STATS64: statistics = try LinkStatistics(parsing: value)
            default: break
            }
        }
    }

    /// Takes an attribute that is a 32-bit number, says whether it was one.
    private mutating func takeNumber(_ type: Int, _ value: RawSpan) throws(MalformedMessage) -> Bool {
        let assign: (inout Link, UInt32) -> Void
        switch type {
        case IFLA_MTU: assign = { $0.mtu = Int($1) }
        case IFLA_MIN_MTU: assign = { $0.minimumMTU = Int($1) }
        case IFLA_MAX_MTU: assign = { $0.maximumMTU = Int($1) }
        case IFLA_GROUP: assign = { $0.group = $1 }
        case IFLA_TXQLEN: assign = { $0.txQueueLength = Int($1) }
        case IFLA_NUM_TX_QUEUES: assign = { $0.txQueueCount = Int($1) }
        case IFLA_NUM_RX_QUEUES: assign = { $0.rxQueueCount = Int($1) }
        case IFLA_GSO_MAX_SIZE: assign = { $0.gsoMaxSize = Int($1) }
        case IFLA_PROMISCUITY: assign = { $0.promiscuityCount = Int($1) }
        case IFLA_MASTER: assign = { $0.masterIndex = Int32(bitPattern: $1) }
        case IFLA_LINK: assign = { $0.linkIndex = Int32(bitPattern: $1) }
        case IFLA_LINK_NETNSID: assign = { $0.linkNamespaceID = Int32(bitPattern: $1) }
        default: return false
        }
        assign(&self, try value.number("link attribute \(type)"))
        return true
    }

    /// Reads `IFLA_LINKINFO`: the kind's name comes before its data.
    private mutating func takeLinkInformation(_ bytes: RawSpan) throws(MalformedMessage) {
        var kindName: String?
        var portKindName: String?
        try bytes.forEachAttribute { type, value throws(MalformedMessage) in
            switch type {
            case IFLA_INFO_KIND:
                kindName = value.text
                kind = try Kind(name: value.text, data: RawSpan())
            case IFLA_INFO_DATA: if let kindName { kind = try Kind(name: kindName, data: value) }
            case IFLA_INFO_SLAVE_KIND: portKindName = value.text
            case IFLA_INFO_SLAVE_DATA: if portKindName == "bridge" { bridgePort = try BridgePort(parsing: value) }
            default: break
            }
        }
    }

    /// Reads `IFLA_AF_SPEC`: per address family, what is set on the link.
    private mutating func takeFamilies(_ bytes: RawSpan) throws(MalformedMessage) {
        try bytes.forEachAttribute { family, value throws(MalformedMessage) in
            switch Int32(family) {
            case AF_INET:
                try value.forEachAttribute { type, value throws(MalformedMessage) in
                    if type == IFLA_INET_CONF { ipv4 = IPv4LinkSettings(parsing: value) }
                }
            case AF_INET6:
                try value.forEachAttribute { type, value throws(MalformedMessage) in
                    guard type == IFLA_INET6_ADDR_GEN_MODE else { return }
                    addressGeneration = IPv6AddressGeneration(rawValue: try value.number("IFLA_INET6_ADDR_GEN_MODE"))
                }
            default: break
            }
        }
    }
}

extension Link.Kind {
    /// The kind with the kernel's name and, as far as it is one of ours, its data.
    init(name: String, data: RawSpan) throws(MalformedMessage) {
        switch name {
        case "bridge": self = .bridge(try BridgeAttributes(parsing: data))
        case "veth": self = .veth
        case "vlan": self = try VLANAttributes(parsing: data).map { .vlan($0) } ?? .other(name)
        case "tun": self = .tun(try TunAttributes(parsing: data))
        case "vxlan": self = .vxlan(try VXLANAttributes(parsing: data))
        default: self = .other(name)
        }
    }
}

extension LinkStatistics {
    /// Reads `struct rtnl_link_stats64`, whose first nine counters have been the same since it exists.
    init(parsing bytes: RawSpan) throws(MalformedMessage) {
        try bytes.require(72, "IFLA_STATS64")
        rxPackets = bytes.native(at: 0)
        txPackets = bytes.native(at: 8)
        rxBytes = bytes.native(at: 16)
        txBytes = bytes.native(at: 24)
        rxErrors = bytes.native(at: 32)
        txErrors = bytes.native(at: 40)
        rxDropped = bytes.native(at: 48)
        txDropped = bytes.native(at: 56)
        multicast = bytes.native(at: 64)
    }
}

extension IPv4LinkSettings {
    /// Reads `IFLA_INET_CONF` as the kernel tells it: one 32-bit number per switch, from number 1.
    init(parsing bytes: RawSpan) {
        self.init()
        for key in Key.allCases where 4 * key.rawValue <= bytes.byteCount {
            values[key] = bytes.native(at: 4 * (key.rawValue - 1))
        }
    }

    /// Writes `IFLA_INET_CONF` as the kernel takes it: one attribute per switch.
    func emit(into message: inout MessageBuilder) {
        message.nest(IFLA_INET_CONF) { message in
            for (key, value) in values.sorted(by: { $0.key.rawValue < $1.key.rawValue }) { message.put(key.rawValue, value) }
        }
    }
}

extension MessageBuilder {
    /// Appends `struct ifinfomsg`.
    mutating func appendLinkHeader(
        family: Int32 = AF_UNSPEC, index: Int32 = 0, flags: LinkFlags = [], changing: LinkFlags = []
    ) {
        append(UInt8(truncatingIfNeeded: family))
        append(UInt8(0))
        append(UInt16(0))
        append(index)
        append(flags.rawValue)
        append(changing.rawValue)
    }
}

extension LinkSpec {
    /// The message that makes the link: `RTM_NEWLINK`, refused when the name is taken.
    var request: MessageBuilder {
        var message = MessageBuilder(type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL)
        message.appendLinkHeader(flags: isUp ? .up : [], changing: isUp ? .up : [])
        message.put(IFLA_IFNAME, name)
        message.putCommon(mac: mac, mtu: mtu, group: group)
        if let txQueueLength { message.put(IFLA_TXQLEN, UInt32(clamping: txQueueLength)) }
        if let masterIndex { message.put(IFLA_MASTER, masterIndex) }
        if case .vlan(_, let lower) = kind { message.put(IFLA_LINK, lower) }
        message.nest(IFLA_LINKINFO) { message in
            message.put(IFLA_INFO_KIND, kind.name)
            message.nest(IFLA_INFO_DATA) { message in
                switch kind {
                case .bridge(let bridge): bridge.emit(into: &message)
                case .veth(let peer): message.nest(VETH_INFO_PEER) { peer.emit(into: &$0) }
                case .vlan(let vlan, _): vlan.emit(into: &message)
                case .vxlan(let vxlan): vxlan.emit(into: &message)
                case .other: break
                }
            }
        }
        return message
    }
}

extension VethPeer {
    /// Writes `VETH_INFO_PEER`: a whole link message of its own.
    func emit(into message: inout MessageBuilder) {
        message.appendLinkHeader()
        message.put(IFLA_IFNAME, name)
        message.putCommon(mac: mac, mtu: mtu, group: group)
        if let namespaceDescriptor { message.put(IFLA_NET_NS_FD, namespaceDescriptor) }
    }
}

extension MessageBuilder {
    fileprivate mutating func putCommon(mac: MACAddress?, mtu: Int?, group: UInt32?) {
        if let mac { put(IFLA_ADDRESS, mac) }
        if let mtu { put(IFLA_MTU, UInt32(clamping: mtu)) }
        if let group { put(IFLA_GROUP, group) }
    }
}

extension LinkChange {
    /// The message that changes the link with number `index`: `RTM_NEWLINK` that does not create.
    func request(index: Int32) -> MessageBuilder {
        var message = MessageBuilder(type: RTM_NEWLINK)
        var flags: LinkFlags = []
        var changing: LinkFlags = []
        for case (let flag, let value?) in [
            (LinkFlags.up, isUp), (.promiscuous, isPromiscuous), (.allMulticast, isAllMulticast),
        ] {
            changing.insert(flag)
            if value { flags.insert(flag) }
        }
        message.appendLinkHeader(index: index, flags: flags, changing: changing)
        if let name { message.put(IFLA_IFNAME, name) }
        message.putCommon(mac: mac, mtu: mtu, group: group)
        if let txQueueLength { message.put(IFLA_TXQLEN, UInt32(clamping: txQueueLength)) }
        if let gsoMaxSize { message.put(IFLA_GSO_MAX_SIZE, UInt32(clamping: gsoMaxSize)) }
        if let masterIndex { message.put(IFLA_MASTER, masterIndex) }
        if let alias { message.put(IFLA_IFALIAS, bytes: Array(alias.utf8)) }
        if let namespaceDescriptor { message.put(IFLA_NET_NS_FD, namespaceDescriptor) }
        if addressGeneration != nil || ipv4 != nil {
            message.nest(IFLA_AF_SPEC) { message in
                if let ipv4 { message.nest(AF_INET) { ipv4.emit(into: &$0) } }
                if let addressGeneration {
                    message.nest(AF_INET6) { $0.put(IFLA_INET6_ADDR_GEN_MODE, addressGeneration.rawValue) }
                }
            }
        }
        if let bridge {
            message.nest(IFLA_LINKINFO) { message in
                message.put(IFLA_INFO_KIND, "bridge")
                message.nest(IFLA_INFO_DATA) { bridge.emit(into: &$0) }
            }
        }
        return message
    }
}
