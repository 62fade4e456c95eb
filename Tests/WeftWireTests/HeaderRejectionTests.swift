import Testing
import WeftTypes
import WeftWire

/// Every way for a header to be wrong.
@Suite struct HeaderRejectionTests {
    /// A parser by name, so that it can be an argument of a test.
    struct Parser: CustomTestStringConvertible, Sendable {
        var header: WireError.Header
        var byteCount: Int
        var parse: @Sendable ([UInt8]) throws(WireError) -> Void
        var testDescription: String { header.rawValue }
    }

    static let parsers: [Parser] = [
        Parser(header: .ethernet, byteCount: 14) { (bytes) throws(WireError) in _ = try EthernetHeader(parsing: bytes.rawBytes) },
        Parser(header: .vlan, byteCount: 4) { (bytes) throws(WireError) in _ = try VLANTag(parsing: bytes.rawBytes) },
        Parser(header: .arp, byteCount: 28) { (bytes) throws(WireError) in _ = try ARPPacket(parsing: bytes.rawBytes) },
        Parser(header: .ipv4, byteCount: 20) { (bytes) throws(WireError) in _ = try IPv4Header(parsing: bytes.rawBytes) },
        Parser(header: .ipv6, byteCount: 40) { (bytes) throws(WireError) in _ = try IPv6Header(parsing: bytes.rawBytes) },
        Parser(header: .tcp, byteCount: 20) { (bytes) throws(WireError) in _ = try TCPHeader(parsing: bytes.rawBytes) },
        Parser(header: .udp, byteCount: 8) { (bytes) throws(WireError) in _ = try UDPHeader(parsing: bytes.rawBytes) },
        Parser(header: .icmp, byteCount: 8) { (bytes) throws(WireError) in _ = try ICMPHeader(parsing: bytes.rawBytes) },
        Parser(header: .icmpv6, byteCount: 8) { (bytes) throws(WireError) in _ = try ICMPv6Header(parsing: bytes.rawBytes) },
        Parser(header: .vxlan, byteCount: 8) { (bytes) throws(WireError) in _ = try VXLANHeader(parsing: bytes.rawBytes) },
        Parser(header: .virtioNet, byteCount: 10) { (bytes) throws(WireError) in _ = try VirtioNetHeader(parsing: bytes.rawBytes)
        },
    ]

    static func parser(_ header: WireError.Header) throws -> Parser { try #require(parsers.first { $0.header == header }) }

    @Test(arguments: parsers) func refusesEveryShorterLength(parser: Parser) {
        for count in 0..<parser.byteCount {
            let bytes = [UInt8](repeating: 0x66, count: count)
            #expect(throws: WireError.truncated(parser.header, needed: parser.byteCount, got: count)) { try parser.parse(bytes) }
        }
    }

    @Test(arguments: parsers, 0..<UInt64(50)) func randomBytesParseOrThrow(parser: Parser, seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<20 {
            let bytes = randomBytes(.random(in: 0...80, using: &random), using: &random)
            _ = try? parser.parse(bytes)
        }
    }

    @Test(
        arguments: [
            (WireError.Header.vlan, 0, [0x08, 0x00], WireError.badType(.vlan, type: 0x0800)),
            (.arp, 0, [0x00, 0x06], .badType(.arp, type: 6)),
            (.arp, 2, [0x86, 0xDD], .badType(.arp, type: 0x86DD)),
            (.arp, 4, [0x08, 0x04], .badLength(.arp, length: 12)),
            (.ipv4, 0, [0x55], .badVersion(.ipv4, version: 5)),
            (.ipv4, 0, [0x44], .badLength(.ipv4, length: 16)),
            (.ipv4, 0, [0x46], .truncated(.ipv4, needed: 24, got: 20)),
            (.ipv4, 2, [0x00, 0x13], .badLength(.ipv4, length: 19)),
            (.ipv6, 0, [0x45], .badVersion(.ipv6, version: 4)),
            (.tcp, 12, [0x4F], .badLength(.tcp, length: 16)),
            (.tcp, 12, [0x60], .truncated(.tcp, needed: 24, got: 20)),
            (.udp, 4, [0x00, 0x07], .badLength(.udp, length: 7)),
            (.virtioNet, 1, [0x02], .badType(.virtioNet, type: 2)),
            (.virtioNet, 1, [0x21], .badType(.virtioNet, type: 0x21)),
            (.vxlan, 0, [0xF7], .badFlags(.vxlan, flags: 0xF7)),
        ] as [(WireError.Header, Int, [UInt8], WireError)])
    func refuses(header: WireError.Header, offset: Int, bytes: [UInt8], error: WireError) throws {
        var wire = try #require(Self.valid[header])
        wire.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        let parser = try Self.parser(header)
        #expect(throws: error) { try parser.parse(wire) }
    }

    @Test(arguments: valid.keys.sorted { $0.rawValue < $1.rawValue }) func acceptsWhatIsRight(header: WireError.Header) throws {
        try Self.parser(header).parse(try #require(Self.valid[header]))
    }

    @Test func extensionHeadersAreBounded() throws {
        let padding: [UInt8] = [60, 0, 1, 4, 0, 0, 0, 0]  // destination options after destination options
        let endless = (0..<9).flatMap { _ in padding }
        #expect(throws: WireError.tooMany(.ipv6Extension, limit: 8)) {
            try IPv6Extensions(parsing: endless.rawBytes, nextHeader: .destinationOptions)
        }
        let short: [UInt8] = [6, 1, 1, 4, 0, 0, 0, 0]  // says 16 bytes
        #expect(throws: WireError.truncated(.ipv6Extension, needed: 16, got: 8)) {
            try IPv6Extensions(parsing: short.rawBytes, nextHeader: .hopByHop)
        }
        #expect(throws: WireError.truncated(.ipv6Extension, needed: 8, got: 7)) {
            try IPv6Extensions(parsing: short.rawBytes.extracting(0..<7), nextHeader: .hopByHop)
        }
    }

    @Test func errorsSayWhatIsWrong() {
        #expect(
            WireError.truncated(.vxlan, needed: 8, got: 7).description == "cannot parse VXLAN header: 7 bytes where 8 are needed")
        #expect(WireError.badFlags(.vxlan, flags: 0).description == "cannot parse VXLAN header: flags 0x0 are not allowed")
    }

    /// The smallest header of each kind that is accepted.
    static let valid: [WireError.Header: [UInt8]] = [
        .vlan: [0x81, 0x00, 0x00, 0x01],
        .arp: Array(Capture.arpRequest.bytes.dropFirst(14)),
        .ipv4: Array(Capture.echoRequest.bytes[14..<34]),
        .ipv6: Array(Capture.tcpSegment6.bytes[14..<54]),
        .tcp: [0, 80, 0, 81, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x02, 0, 1, 0, 0, 0, 0],
        .udp: [0, 80, 0, 81, 0, 8, 0, 0],
        .vxlan: VXLANHeaderTests.wire,
        .virtioNet: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ]
}
