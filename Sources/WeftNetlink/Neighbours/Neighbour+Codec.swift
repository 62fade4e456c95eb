import CMnl
import WeftTypes

/// `struct ndmsg`, the header that neighbours and FDB entries share.
struct NeighbourHeader: Hashable, Sendable {
    var family: Int32
    var linkIndex: Int32 = 0
    var state: NeighbourState = []
    var flags: NeighbourFlags = []

    static var byteCount: Int { MemoryLayout<ndmsg>.size }

    init(family: Int32) { self.family = family }

    init(parsing bytes: RawSpan) throws(MalformedMessage) {
        try bytes.require(Self.byteCount, "ndmsg")
        family = Int32(bytes.native(at: 0, as: UInt8.self))
        linkIndex = bytes.native(at: 4)
        state = NeighbourState(rawValue: bytes.native(at: 8))
        flags = NeighbourFlags(rawValue: bytes.native(at: 10))
    }

    func emit(into message: inout MessageBuilder) {
        message.append(UInt8(truncatingIfNeeded: family))
        message.append(UInt8(0))
        message.append(UInt16(0))
        message.append(linkIndex)
        message.append(state.rawValue)
        message.append(flags.rawValue)
        message.append(UInt8(0))
    }
}

extension Neighbour {
    /// Reads the payload of `RTM_NEWNEIGH` or `RTM_DELNEIGH`; nil for a family other than IP.
    init?(parsing bytes: RawSpan) throws(MalformedMessage) {
        let header = try NeighbourHeader(parsing: bytes)
        guard header.family == AF_INET || header.family == AF_INET6 else { return nil }
        var address: IPAddress?
        var mac: MACAddress?
        try bytes.forEachAttribute(from: NeighbourHeader.byteCount) { type, value throws(MalformedMessage) in
            switch type {
            case NDA_DST: address = try value.address("NDA_DST")
            case NDA_LLADDR: mac = value.macAddress
            default: break
            }
        }
        guard let address else { return nil }
        self.init(linkIndex: header.linkIndex, address: address, mac: mac, state: header.state, flags: header.flags)
    }

    func emit(into message: inout MessageBuilder) {
        var header = NeighbourHeader(family: address.family.number)
        header.linkIndex = linkIndex
        header.state = state
        header.flags = flags
        header.emit(into: &message)
        message.put(NDA_DST, address)
        if let mac { message.put(NDA_LLADDR, mac) }
    }
}

extension FDBEntry {
    /// Reads the payload of `RTM_NEWNEIGH` or `RTM_DELNEIGH`; nil for a family other than the bridges' and for an entry
    /// without an Ethernet address.
    init?(parsing bytes: RawSpan) throws(MalformedMessage) {
        let header = try NeighbourHeader(parsing: bytes)
        guard header.family == AF_BRIDGE else { return nil }
        self.init(linkIndex: header.linkIndex, mac: .zero, table: .own, state: header.state, flags: header.flags)
        var mac: MACAddress?
        try bytes.forEachAttribute(from: NeighbourHeader.byteCount) { type, value throws(MalformedMessage) in
            switch type {
            case NDA_LLADDR: mac = value.macAddress
            case NDA_DST: destination = try value.address("NDA_DST")
            case NDA_PORT: udpPort = try value.bigEndianNumber("NDA_PORT")
            case NDA_VNI: vni = VNI(try value.number("NDA_VNI"))
            case NDA_IFINDEX: viaIndex = try value.number("NDA_IFINDEX")
            case NDA_VLAN: vlan = VLANID(try value.number("NDA_VLAN"))
            case NDA_MASTER: masterIndex = try value.number("NDA_MASTER")
            case NDA_CACHEINFO:
                // confirmed, used, updated, references; times in hundredths of a second.
                try value.require(16, "NDA_CACHEINFO")
                age = .milliseconds(Int64(value.native(at: 8, as: UInt32.self)) * 10)
            default: break
            }
        }
        guard let mac else { return nil }
        self.mac = mac
        if masterIndex != nil || flags.contains(.master) { table = .bridge }
    }

    func emit(into message: inout MessageBuilder) {
        var header = NeighbourHeader(family: AF_BRIDGE)
        header.linkIndex = linkIndex
        header.state = state
        header.flags = flags.subtracting([.own, .master]).union(table == .bridge ? .master : .own)
        header.emit(into: &message)
        message.put(NDA_LLADDR, mac)
        if let vlan { message.put(NDA_VLAN, vlan.rawValue) }
        if let destination { message.put(NDA_DST, destination) }
        if let udpPort { message.put(NDA_PORT, bigEndian: udpPort) }
        if let vni { message.put(NDA_VNI, vni.rawValue) }
        if let viaIndex { message.put(NDA_IFINDEX, viaIndex) }
    }
}
