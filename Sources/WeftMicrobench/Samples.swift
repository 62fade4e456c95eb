import WeftForwarding
import WeftTypes
import WeftWire

/// The fabric and the frames that are measured: one segment, an uplink, a thousand peers.
enum Samples {
    static let segment = SegmentIndex(0)
    static let port = PortIndex(0)
    static let peerCount = 1000
    static let mtu = 1450
    static let vni = VNI(headerWord: 100 << 8)
    static let now = Instant(nanoseconds: 1_000_000_000_000)

    /// The guest behind our port.
    static let here = MACAddress(rawValue: 0x5254_0000_0101)
    /// The guest behind the first peer.
    static let there = MACAddress(rawValue: 0x5254_0000_0102)

    /// A station behind some peer.
    static func station(_ number: Int) -> FDBKey {
        FDBKey(segment, MACAddress(rawValue: 0x0256_0000_0000 + UInt64(number)))
    }

    static func peer(of number: Int) -> PeerIndex { PeerIndex(UInt16(truncatingIfNeeded: number % peerCount)) }

    static func address(of peer: Int) -> IPAddress { .v4(IPv4Address(rawValue: 0x0A40_0000 + UInt32(truncatingIfNeeded: peer))) }

    static let fabric = FabricTables(
        FabricDescription(
            segments: [
                SegmentDescription(
                    index: segment, vni: vni, name: "blue", mtu: mtu,
                    members: (0..<peerCount).map { PeerIndex(UInt16($0)) })
            ],
            ports: [PortDescription(index: port, name: "blue", segment: segment)],
            peers: (0..<peerCount).map {
                PeerDescription(
                    index: PeerIndex(UInt16($0)), name: "peer\($0)", vtep: VTEP(address: address(of: $0)), kind: .staticAgent)
            }))

    /// An FDB with the two guests and `count` stations spread over all peers.
    static func fdb(_ count: Int) -> FDBTable {
        var table = FDBTable()
        table.set(FDBEntry(location: .port(port), source: .declared), for: FDBKey(segment, here))
        table.set(FDBEntry(location: .peer(PeerIndex(0)), source: .static), for: FDBKey(segment, there))
        for number in 0..<count { table.set(entry(of: number), for: station(number)) }
        return table
    }

    static func entry(of number: Int) -> FDBEntry { FDBEntry(location: .peer(peer(of: number)), source: .frame) }

    /// An address of a station, IPv4 and IPv6 by turns.
    static func binding(_ number: Int) -> BindingKey {
        BindingKey(
            segment,
            number % 2 == 0
                ? .v4(IPv4Address(rawValue: 0x0A80_0000 + UInt32(truncatingIfNeeded: number)))
                : .v6(IPv6Address(rawValue: 0xfd00 << 112 | UInt128(number))))
    }

    static func tables(_ count: Int, bindings: Int = 0) -> ForwardingTables {
        var table = BindingTable()
        for number in 0..<bindings { table.set(Binding(mac: station(number).mac), for: binding(number)) }
        return ForwardingTables(fabric: fabric, fdb: fdb(count), bindings: table)
    }
}

/// A frame between the two guests, IPv4, checksums complete.
struct SampleFrame {
    var isTCP = true
    var source = Samples.here
    var destination = Samples.there
    var sequence: UInt32 = 1
    var identification: UInt16 = 1
    var payloadByteCount: Int
    var hasPartialChecksum = false

    /// Ethernet, IPv4, TCP with a timestamp, or UDP.
    static let tcpHeaderByteCount = 14 + 20 + 32
    static let udpHeaderByteCount = 14 + 20 + 8

    var headerByteCount: Int { isTCP ? Self.tcpHeaderByteCount : Self.udpHeaderByteCount }

    var bytes: [UInt8] {
        var frame = [UInt8](repeating: 0, count: headerByteCount + payloadByteCount)
        for index in headerByteCount..<frame.count { frame[index] = UInt8(truncatingIfNeeded: index &* 31) }
        frame.withMutableRawBytes { emit(into: &$0) }
        return frame
    }

    private func emit(into frame: inout MutableRawSpan) {
        let transport = 34
        frame.storeMACAddress(destination, at: 0)
        frame.storeMACAddress(source, at: 6)
        frame.storeBigEndian(UInt16(0x0800), at: 12)
        frame.storeBigEndian(UInt16(0x4500), at: 14)
        frame.storeBigEndian(UInt16(truncatingIfNeeded: frame.byteCount - 14), at: 16)
        frame.storeBigEndian(identification, at: 18)
        frame.storeBigEndian(UInt16(0x4000), at: 20)  // DF
        frame.storeBigEndian(UInt16(64 << 8 | (isTCP ? 6 : 17)), at: 22)
        frame.storeBigEndian(UInt32(0x0A01_0001), at: 26)
        frame.storeBigEndian(UInt32(0x0A01_0002), at: 30)
        frame.storeBigEndian(~Checksum.fold(Checksum.sum(frame.bytes.extracting(14..<34))), at: 24)
        frame.storeBigEndian(UInt32(40000 << 16 | 5201), at: transport)
        if isTCP {
            frame.storeBigEndian(sequence, at: transport + 4)
            frame.storeBigEndian(UInt32(1), at: transport + 8)
            frame.storeBigEndian(UInt32(0x8010_0200), at: transport + 12)  // 32 bytes of header, ACK
            frame.storeBigEndian(UInt32(0x0101_080A), at: transport + 20)
            frame.storeBigEndian(UInt64(0x0000_0001_0000_0002), at: transport + 24)
        } else {
            frame.storeBigEndian(UInt16(truncatingIfNeeded: frame.byteCount - transport), at: transport + 4)
        }
        guard let layout = try? FrameLayout(parsing: frame.bytes), let field = layout.transportChecksumOffset else { return }
        let partial = Checksum.fold(Checksum.pseudoHeaderSum(of: frame.bytes, layout: layout))
        let complete = Checksum.transportChecksum(of: frame.bytes, layout: layout) ?? 0
        frame.storeBigEndian(hasPartialChecksum ? partial : complete, at: field)
    }

    /// What a guest's device puts before it, as a superframe of segments of `segmentSize` or, without, as it is.
    func offload(segmentSize: Int = 0) -> VirtioNetHeader {
        guard segmentSize > 0 else { return .complete }
        return VirtioNetHeader(
            flags: .needsChecksum, segmentation: isTCP ? .tcpv4 : .udpL4, headerLength: UInt16(headerByteCount),
            segmentSize: UInt16(segmentSize), checksumStart: 34, checksumOffset: isTCP ? 16 : 6)
    }
}
