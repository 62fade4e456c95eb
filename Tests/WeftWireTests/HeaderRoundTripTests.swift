import Testing
import WeftTypes
import WeftWire

/// parse ∘ emit is the identity, and emit leaves no byte of its header unwritten.
@Suite struct HeaderRoundTripTests {
    static let seeds = UInt64(0)..<64

    @Test(arguments: seeds) func linkHeaders(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let ethernet = EthernetHeader(
            destination: random.macAddress(), source: random.macAddress(), etherType: EtherType(rawValue: random.number()))
        #expect(
            try roundTrip(14, ethernet.emit) { (bytes) throws(WireError) in try EthernetHeader(parsing: bytes.rawBytes) }
                == ethernet)
        let tag = VLANTag(
            tpid: .random(using: &random) ? .vlan : .serviceVLAN, priority: .random(in: 0...7, using: &random),
            isDropEligible: .random(using: &random), vlan: .random(in: 0...4095, using: &random))
        #expect(try roundTrip(4, tag.emit) { (bytes) throws(WireError) in try VLANTag(parsing: bytes.rawBytes) } == tag)
        let arp = ARPPacket(
            operation: .init(rawValue: random.number()), senderMAC: random.macAddress(),
            sender: IPv4Address(rawValue: random.number()), targetMAC: random.macAddress(),
            target: IPv4Address(rawValue: random.number()))
        #expect(try roundTrip(28, arp.emit) { (bytes) throws(WireError) in try ARPPacket(parsing: bytes.rawBytes) } == arp)
    }

    @Test(arguments: seeds) func networkHeaders(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let headerByteCount = 4 * Int.random(in: 5...15, using: &random)
        let v4 = IPv4Header(
            headerByteCount: headerByteCount, dscp: .random(in: 0...63, using: &random), ecn: .random(in: 0...3, using: &random),
            totalLength: .random(in: UInt16(headerByteCount) ... .max, using: &random), identification: random.number(),
            dontFragment: .random(using: &random), moreFragments: .random(using: &random),
            fragmentOffset: random.number() & 0xFFF8, ttl: random.number(), protocolNumber: IPProtocol(rawValue: random.number()),
            checksum: random.number(), source: IPv4Address(rawValue: random.number()),
            destination: IPv4Address(rawValue: random.number()))
        let options = [UInt8](repeating: 0, count: headerByteCount - 20)
        #expect(
            try roundTrip(20, v4.emit) { (bytes) throws(WireError) in try IPv4Header(parsing: (bytes + options).rawBytes) } == v4)
        let v6 = IPv6Header(
            dscp: .random(in: 0...63, using: &random), ecn: .random(in: 0...3, using: &random),
            flowLabel: .random(in: 0...0xF_FFFF, using: &random), payloadLength: random.number(),
            nextHeader: IPProtocol(rawValue: random.number()), hopLimit: random.number(),
            source: IPv6Address(rawValue: random.number()), destination: IPv6Address(rawValue: random.number()))
        #expect(try roundTrip(40, v6.emit) { (bytes) throws(WireError) in try IPv6Header(parsing: bytes.rawBytes) } == v6)
    }

    @Test(arguments: seeds) func transportHeaders(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let headerByteCount = 4 * Int.random(in: 5...15, using: &random)
        let tcp = TCPHeader(
            sourcePort: random.number(), destinationPort: random.number(), sequence: random.number(),
            acknowledgement: random.number(), headerByteCount: headerByteCount, flags: .init(rawValue: random.number()),
            window: random.number(), checksum: random.number(), urgentPointer: random.number())
        let options = [UInt8](repeating: 1, count: headerByteCount - 20)
        #expect(
            try roundTrip(20, tcp.emit) { (bytes) throws(WireError) in try TCPHeader(parsing: (bytes + options).rawBytes) } == tcp
        )
        let udp = UDPHeader(
            sourcePort: random.number(), destinationPort: random.number(), length: .random(in: 8 ... .max, using: &random),
            checksum: random.number())
        #expect(try roundTrip(8, udp.emit) { (bytes) throws(WireError) in try UDPHeader(parsing: bytes.rawBytes) } == udp)
        let icmp = ICMPHeader(
            kind: .init(rawValue: random.number()), code: random.number(), checksum: random.number(), word: random.number())
        #expect(try roundTrip(8, icmp.emit) { (bytes) throws(WireError) in try ICMPHeader(parsing: bytes.rawBytes) } == icmp)
        let icmpv6 = ICMPv6Header(
            kind: .init(rawValue: random.number()), code: random.number(), checksum: random.number(), word: random.number())
        #expect(
            try roundTrip(8, icmpv6.emit) { (bytes) throws(WireError) in try ICMPv6Header(parsing: bytes.rawBytes) } == icmpv6)
    }

    @Test(arguments: seeds) func virtioNet(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let header = VirtioNetHeader(
            flags: .init(rawValue: random.number()),
            segmentation: try #require(VirtioNetHeader.Segmentation.allCases.randomElement(using: &random)),
            hasECN: .random(using: &random), headerLength: random.number(), segmentSize: random.number(),
            checksumStart: random.number(), checksumOffset: random.number())
        #expect(
            try roundTrip(10, header.emit) { (bytes) throws(WireError) in try VirtioNetHeader(parsing: bytes.rawBytes) } == header
        )
    }
}

/// What `parse` makes of what `emit` writes.
func roundTrip<Header>(
    _ byteCount: Int, _ emit: (inout MutableRawSpan) -> Void, _ parse: ([UInt8]) throws(WireError) -> Header
) throws(WireError) -> Header {
    try parse(emitted(byteCount, emit))
}

extension SeededRandom {
    /// Any number of the type that is wanted.
    mutating func number<Number: FixedWidthInteger>() -> Number { .random(in: .min ... .max, using: &self) }
    /// Any address.
    mutating func macAddress() -> MACAddress { MACAddress(rawValue: next()) }
}
