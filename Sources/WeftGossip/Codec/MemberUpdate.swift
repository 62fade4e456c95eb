import WeftTypes

/// One statement about one member, as it travels (SWIM §4.2).
///
///     | state (3 bits), accusers (3 bits), address family (2 bits) | NodeID (16) | incarnation (8) | address (0, 6 or 18) | accusers (4 each) |
///
/// Accusers are the first four bytes of the NodeIDs of those who got no answer themselves; a receiver counts them to see how
/// many confirm a suspicion independently (Lifeguard, LHA-Suspicion). The address is missing where the writer is the member
/// itself and wasn't told how others reach it: they see that from where its datagrams come.
struct MemberUpdate: Hashable {
    var id: NodeID
    var state: MemberState
    var incarnation: Incarnation
    var address: GossipAddress?
    var accusers = Accusers()

    /// The longest encoding in bytes: IPv6 and all accusers.
    static var maximumByteCount: Int { 1 + 16 + Incarnation.byteCount + 18 + 4 * Accusers.capacity }

    /// Encoded size in bytes.
    var byteCount: Int { 1 + 16 + Incarnation.byteCount + Self.byteCount(of: address) + 4 * accusers.count }

    static func byteCount(of address: GossipAddress?) -> Int {
        switch address?.address {
        case nil: 0
        case .v4: 6
        case .v6: 18
        }
    }

    init(id: NodeID, state: MemberState, incarnation: Incarnation, address: GossipAddress?, accusers: Accusers = Accusers()) {
        self.id = id
        self.state = state
        self.incarnation = incarnation
        self.address = address
        self.accusers = accusers
    }

    /// Reads one statement.
    ///
    /// - Throws: `.truncated`, or `.badValue` for a state, a number of accusers or a family that means nothing.
    init(parsing reader: inout ByteReader) throws(GossipFormatError) {
        let first: UInt8 = try reader.integer()
        guard let state = MemberState(rawValue: first & 7) else { throw .badValue }
        let accuserCount = Int(first >> 3 & 7)
        guard accuserCount <= Accusers.capacity else { throw .badValue }
        self.state = state
        id = try reader.nodeID()
        incarnation = try reader.incarnation()
        address = try GossipAddress?(parsing: &reader, family: first >> 6)
        for _ in 0..<accuserCount { accusers.insert(try reader.integer()) }
    }

    func emit(into writer: inout DatagramWriter) {
        writer.write(state.rawValue | UInt8(accusers.count) << 3 | address.familyCode << 6)
        writer.write(id)
        writer.write(incarnation)
        address.emit(into: &writer)
        for index in 0..<accusers.count { writer.write(accusers[index]) }
    }
}

extension GossipAddress? {
    /// 0 none, 1 IPv4, 2 IPv6.
    var familyCode: UInt8 {
        switch self?.address {
        case nil: 0
        case .v4: 1
        case .v6: 2
        }
    }

    init(parsing reader: inout ByteReader, family: UInt8) throws(GossipFormatError) {
        let address: IPAddress
        switch family {
        case 0:
            self = nil
            return
        case 1: address = .v4(IPv4Address(rawValue: try reader.integer()))
        case 2: address = .v6(IPv6Address(rawValue: try reader.nodeID().rawValue))
        default: throw .badValue
        }
        self = GossipAddress(address: address, udpPort: try reader.integer())
    }

    func emit(into writer: inout DatagramWriter) {
        guard let self else { return }
        switch self.address {
        case .v4(let address): writer.write(address.rawValue)
        case .v6(let address): writer.write(NodeID(rawValue: address.rawValue))
        }
        writer.write(self.udpPort)
    }
}

/// The nodes that got no answer from a suspect, each by the first four bytes of its NodeID: one accuser and up to three that
/// confirm (K of Lifeguard, LHA-Suspicion).
struct Accusers: Hashable {
    private var first: UInt32 = 0, second: UInt32 = 0, third: UInt32 = 0, fourth: UInt32 = 0
    private(set) var count = 0

    static var capacity: Int { 4 }

    subscript(index: Int) -> UInt32 {
        switch index {
        case 0: first
        case 1: second
        case 2: third
        default: fourth
        }
    }

    func contains(_ accuser: UInt32) -> Bool {
        for index in 0..<count where self[index] == accuser { return true }
        return false
    }

    /// Adds an accuser; false if it is there already or there is no room.
    @discardableResult mutating func insert(_ accuser: UInt32) -> Bool {
        guard count < Self.capacity, !contains(accuser) else { return false }
        switch count {
        case 0: first = accuser
        case 1: second = accuser
        case 2: third = accuser
        default: fourth = accuser
        }
        count += 1
        return true
    }

    /// Adds another's accusers; whether any was new.
    mutating func formUnion(_ other: Accusers) -> Bool {
        var isNew = false
        for index in 0..<other.count where insert(other[index]) { isNew = true }
        return isNew
    }
}

extension NodeID {
    /// The first four bytes, by which an accuser is told from another.
    var accuser: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 96) }
}
