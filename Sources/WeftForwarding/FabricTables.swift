import WeftTypes

/// A ``FabricDescription`` in the form the packet path reads: arrays by index, and two hash tables for what a datagram
/// brings (VNI and source address). Immutable.
public final class FabricTables: Sendable {
    /// What was described, for listings.
    public let description: FabricDescription

    @usableFromInline let segmentFacts: [SegmentFacts]
    @usableFromInline let portFacts: [PortFacts]
    @usableFromInline let peerFacts: [PeerFacts]
    /// The flood lists of all segments one after the other; a segment knows its range.
    @usableFromInline let floodPeers: [PeerIndex]
    @usableFromInline let floodPorts: [PortIndex]
    /// One row of bits per segment, one bit per peer.
    @usableFromInline let membership: [UInt64]
    @usableFromInline let membershipStride: Int
    /// `vni << 32 | index + 1`, open addressing; 0 is free.
    @usableFromInline let vniSlots: [UInt64]
    @usableFromInline let addressSlots: [AddressSlot]

    /// The segment's part that is read per frame.
    @usableFromInline struct SegmentFacts: Sendable {
        @usableFromInline var isPresent = false
        @usableFromInline var carriesTags = false
        @usableFromInline var floodsUnknown = true
        @usableFromInline var vni: UInt32 = 0
        @usableFromInline var mtu: Int32 = 0
        @usableFromInline var peerStart: Int32 = 0
        @usableFromInline var peerEnd: Int32 = 0
        @usableFromInline var portStart: Int32 = 0
        @usableFromInline var portEnd: Int32 = 0

        @inlinable init() {}
    }

    @usableFromInline struct PortFacts: Sendable {
        @usableFromInline var isPresent = false
        /// It is described, but may not forward; it is then not present.
        @usableFromInline var isBlocked = false
        @usableFromInline var isManyMACs = false
        @usableFromInline var segment = SegmentIndex(0)
        /// Nanoseconds from one flooded frame to the next at the port's cap; 0 is no cap.
        @usableFromInline var floodInterval: Int64 = 0

        @inlinable init() {}
    }

    @usableFromInline struct PeerFacts: Sendable {
        @usableFromInline var isPresent = false
        @usableFromInline var isLearntFrom = false
        @usableFromInline var isAgent = false
        @usableFromInline var takesRemoteChecksums = false
        @usableFromInline var vtep = VTEP(address: .v4(IPv4Address(rawValue: 0)))

        @inlinable init() {}
    }

    @usableFromInline struct AddressSlot: Sendable {
        @usableFromInline var high: UInt64 = 0
        @usableFromInline var low: UInt64 = 0
        /// 0 free, 4 or 6.
        @usableFromInline var family: UInt8 = 0
        @usableFromInline var peer = PeerIndex(0)

        @inlinable init() {}

        @inlinable func holds(_ key: AddressKey) -> Bool { high == key.high && low == key.low && family == key.family }
    }

    /// An underlay address as numbers.
    @usableFromInline struct AddressKey {
        @usableFromInline var high: UInt64
        @usableFromInline var low: UInt64
        @usableFromInline var family: UInt8

        @inlinable init(high: UInt64, low: UInt64, family: UInt8) {
            self.high = high
            self.low = low
            self.family = family
        }

        @inlinable var hash: UInt64 { low ^ high &* 31 }
    }

    /// Compiles `description`.
    ///
    /// - Precondition: indices, VNIs and addresses are each used once, and every reference exists; the topology's
    ///   validation says so to the user, here it is our own bug.
    public init(_ description: FabricDescription) {
        self.description = description
        var segments = Self.rows(SegmentFacts(), upTo: description.segments.map(\.index.rawValue))
        var ports = Self.rows(PortFacts(), upTo: description.ports.map(\.index.rawValue))
        var peers = Self.rows(PeerFacts(), upTo: description.peers.map(\.index.rawValue))

        for peer in description.peers {
            let row = Int(peer.index.rawValue)
            precondition(!peers[row].isPresent, "\(peer.index) is described twice")
            peers[row].isPresent = true
            peers[row].isLearntFrom = peer.kind != .gossipAgent
            peers[row].isAgent = peer.kind != .plain
            peers[row].takesRemoteChecksums = peer.takesRemoteChecksums
            peers[row].vtep = peer.vtep
        }
        membershipStride = (peers.count + 63) / 64
        var membership = [UInt64](repeating: 0, count: segments.count * membershipStride)
        var floodPeers: [PeerIndex] = []
        var floodPorts: [PortIndex] = []
        let portsBySegment = Dictionary(grouping: description.ports.filter { !$0.isBlocked }, by: \.segment)
        for segment in description.segments {
            let row = Int(segment.index.rawValue)
            precondition(!segments[row].isPresent, "\(segment.index) is described twice")
            var facts = SegmentFacts()
            facts.isPresent = true
            facts.carriesTags = segment.tags == .carry
            facts.floodsUnknown = segment.unknownUnicast == .flood
            facts.vni = segment.vni.rawValue
            facts.mtu = Int32(clamping: segment.mtu)
            facts.peerStart = Int32(floodPeers.count)
            for peer in Set(segment.members).sorted() {
                let column = Int(peer.rawValue)
                precondition(column < peers.count && peers[column].isPresent, "\(peer), a member, is not described")
                membership[row * membershipStride + column / 64] |= 1 << UInt64(column % 64)
                if !description.pausedPeers.contains(peer) { floodPeers.append(peer) }
            }
            facts.peerEnd = Int32(floodPeers.count)
            facts.portStart = Int32(floodPorts.count)
            floodPorts += (portsBySegment[segment.index] ?? []).map(\.index).sorted()
            facts.portEnd = Int32(floodPorts.count)
            segments[row] = facts
        }
        for port in description.ports {
            let row = Int(port.index.rawValue)
            precondition(!ports[row].isPresent && !ports[row].isBlocked, "\(port.index) is described twice")
            precondition(segments.indices.contains(Int(port.segment.rawValue)), "\(port.segment), of \(port.index), is unknown")
            ports[row].isPresent = !port.isBlocked
            ports[row].isBlocked = port.isBlocked
            ports[row].isManyMACs = port.isManyMACs
            ports[row].segment = port.segment
            ports[row].floodInterval = port.floodLimit > 0 ? max(1, 1_000_000_000 / Int64(port.floodLimit)) : 0
        }
        segmentFacts = segments
        portFacts = ports
        peerFacts = peers
        self.membership = membership
        self.floodPeers = floodPeers
        self.floodPorts = floodPorts
        vniSlots = Self.vniTable(description.segments)
        addressSlots = Self.addressTable(description.peers)
    }

    private static func rows<Row>(_ empty: Row, upTo indices: [UInt16]) -> [Row] {
        Array(repeating: empty, count: indices.max().map { Int($0) + 1 } ?? 0)
    }

    private static func vniTable(_ segments: [SegmentDescription]) -> [UInt64] {
        var slots = [UInt64](repeating: 0, count: tableSize(for: segments.count))
        for segment in segments {
            var slot = Int(mixed(UInt64(segment.vni.rawValue))) & (slots.count - 1)
            while slots[slot] != 0 {
                precondition(UInt32(slots[slot] >> 32) != segment.vni.rawValue, "VNI \(segment.vni) is described twice")
                slot = (slot + 1) & (slots.count - 1)
            }
            slots[slot] = UInt64(segment.vni.rawValue) << 32 | UInt64(segment.index.rawValue) + 1
        }
        return slots
    }

    private static func addressTable(_ peers: [PeerDescription]) -> [AddressSlot] {
        let all = peers.flatMap { peer in ([peer.vtep.address] + peer.otherAddresses).map { (address: $0, index: peer.index) } }
        var slots = [AddressSlot](repeating: AddressSlot(), count: tableSize(for: all.count))
        for (address, index) in all {
            let key = addressKey(address)
            var slot = Int(mixed(key.hash)) & (slots.count - 1)
            while slots[slot].family != 0 {
                precondition(
                    !slots[slot].holds(key) || slots[slot].peer == index, "underlay address \(address) is described twice")
                slot = (slot + 1) & (slots.count - 1)
            }
            slots[slot].high = key.high
            slots[slot].low = key.low
            slots[slot].family = key.family
            slots[slot].peer = index
        }
        return slots
    }

    /// A power of two, at most half of it used.
    private static func tableSize(for count: Int) -> Int {
        var size = 8
        while size < count * 2 { size *= 2 }
        return size
    }

    /// 31 well-mixed bits.
    @inlinable static func mixed(_ key: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 33)
    }

    @inlinable static func addressKey(_ address: IPAddress) -> AddressKey {
        switch address {
        case .v4(let address): return AddressKey(high: 0, low: UInt64(address.rawValue), family: 4)
        case .v6(let address):
            let (high, low) = (address.rawValue >> 64, address.rawValue)
            return AddressKey(high: UInt64(truncatingIfNeeded: high), low: UInt64(truncatingIfNeeded: low), family: 6)
        }
    }
}

extension FabricTables {
    /// The segment with this VNI.
    @inlinable public func segment(with vni: VNI) -> SegmentIndex? {
        let mask = vniSlots.count &- 1
        var slot = Int(Self.mixed(UInt64(vni.rawValue))) & mask
        while true {
            let word = vniSlots[slot]
            if word == 0 { return nil }
            if UInt32(truncatingIfNeeded: word >> 32) == vni.rawValue {
                return SegmentIndex(UInt16(truncatingIfNeeded: word &- 1))
            }
            slot = (slot &+ 1) & mask
        }
    }

    /// The peer that sends from `address`.
    @inlinable public func peer(at address: IPAddress) -> PeerIndex? {
        let key = Self.addressKey(address)
        let mask = addressSlots.count &- 1
        var slot = Int(Self.mixed(key.hash)) & mask
        while true {
            let entry = addressSlots[slot]
            if entry.family == 0 { return nil }
            if entry.holds(key) { return entry.peer }
            slot = (slot &+ 1) & mask
        }
    }

    /// Whether `peer` has `segment` (X8).
    @inlinable func isMember(_ peer: PeerIndex, of segment: SegmentIndex) -> Bool {
        let column = Int(peer.rawValue)
        let word = membership[Int(segment.rawValue) &* membershipStride &+ column / 64]
        return word >> UInt64(column % 64) & 1 != 0
    }

    /// Where frames to `peer` go, or nil when no such peer is described.
    @inlinable public func vtep(of peer: PeerIndex) -> VTEP? {
        let row = Int(peer.rawValue)
        return row < peerFacts.count && peerFacts[row].isPresent ? peerFacts[row].vtep : nil
    }

    /// Whether transport checksums may be left to `peer`, which exists.
    @inlinable public func takesRemoteChecksums(_ peer: PeerIndex) -> Bool {
        peerFacts[Int(peer.rawValue)].takesRemoteChecksums
    }

    /// Whether `peer`, which exists, is an agent, and not a VTEP that knows VXLAN only.
    @inlinable public func isAgent(_ peer: PeerIndex) -> Bool { peerFacts[Int(peer.rawValue)].isAgent }

    /// Whether `port` is there and not blocked.
    func isForwarding(_ port: PortIndex) -> Bool {
        Int(port.rawValue) < portFacts.count && portFacts[Int(port.rawValue)].isPresent
    }

    /// Whether an interface is one of our own overlay devices.
    public func isOverlay(_ interface: Int32) -> Bool {
        !description.overlayInterfaces.isEmpty && description.overlayInterfaces.contains(interface)
    }

    /// The number of rows of peers: one more than the highest index.
    @inlinable public var peerRowCount: Int { peerFacts.count }
    /// The number on the wire of a segment that exists.
    @inlinable public func vni(of segment: SegmentIndex) -> VNI {
        VNI(headerWord: segmentFacts[Int(segment.rawValue)].vni << 8)
    }
    /// Bytes of an IP packet in a segment that exists.
    @inlinable public func mtu(of segment: SegmentIndex) -> Int { Int(segmentFacts[Int(segment.rawValue)].mtu) }

    /// The peers a flooded frame of `segment` goes to; read them with ``floodPeer(_:)``.
    @inlinable public func floodPeerRange(of segment: SegmentIndex) -> Range<Int> {
        let facts = segmentFacts[Int(segment.rawValue)]
        return Int(facts.peerStart)..<Int(facts.peerEnd)
    }
    /// One peer of a flood list.
    @inlinable public func floodPeer(_ position: Int) -> PeerIndex { floodPeers[position] }
    /// The local ports a flooded frame of `segment` goes to, the one it came from included; read them with ``floodPort(_:)``.
    @inlinable public func floodPortRange(of segment: SegmentIndex) -> Range<Int> {
        let facts = segmentFacts[Int(segment.rawValue)]
        return Int(facts.portStart)..<Int(facts.portEnd)
    }
    /// One port of a flood list.
    @inlinable public func floodPort(_ position: Int) -> PortIndex { floodPorts[position] }
}

/// One immutable snapshot of all that a verdict depends on, apart from what the worker itself has just seen.
///
/// The control side makes a new one for every change and swaps it in; the parts that did not change are shared.
public final class ForwardingTables: Sendable {
    /// Segments, ports and peers.
    public let fabric: FabricTables
    /// Where stations are.
    public let fdb: FDBTable
    /// Which addresses stations of other hosts have.
    public let bindings: BindingTable
    /// Where stations went that have just left.
    public let lateRoutes: LateRoutes
    /// What the paths to peers take.
    public let paths: PathLimits

    /// Creates a snapshot.
    public init(
        fabric: FabricTables, fdb: FDBTable, bindings: BindingTable = BindingTable(), lateRoutes: LateRoutes = LateRoutes(),
        paths: PathLimits = PathLimits()
    ) {
        self.fabric = fabric
        self.fdb = fdb
        self.bindings = bindings
        self.lateRoutes = lateRoutes
        self.paths = paths
    }

    /// A snapshot with nothing in it: every frame is dropped.
    public convenience init() { self.init(fabric: FabricTables(FabricDescription()), fdb: FDBTable()) }
}
