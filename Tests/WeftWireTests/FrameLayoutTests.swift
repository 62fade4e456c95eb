import Testing
import WeftTypes
import WeftWire

@Suite struct FrameLayoutTests {
    @Test(arguments: UInt64(0)..<300) func findsWhatWasBuilt(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let built = FrameBuilder(using: &random)
        let bytes = built.bytes()
        let layout = try FrameLayout(parsing: bytes.rawBytes)
        #expect(layout.malformation == nil)
        #expect(layout.outerTag == built.tags.first && layout.tagCount == built.tags.count)
        #expect(layout.networkOffset == built.l2ByteCount && layout.network == (built.isIPv6 ? .ipv6 : .ipv4))
        #expect(layout.networkHeaderByteCount == built.networkHeaderByteCount)
        #expect(layout.transportProtocol == built.transport && layout.transportOffset == built.transportOffset)
        #expect(layout.transportHeaderByteCount == built.transportHeaderByteCount && layout.payloadOffset == built.payloadOffset)
        #expect(layout.packetEnd == built.packetEnd && layout.transportEnd == built.packetEnd)
        #expect(layout.byteCount == built.packetEnd + built.padding && !layout.isFragment)
        #expect(layout.dontFragment == built.isIPv6)
    }

    /// Whatever the bytes, offsets are in order and inside the frame.
    @Test(arguments: UInt64(0)..<500) func offsetsStayInsideTheFrame(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var bytes = FrameBuilder(using: &random).bytes()
        for _ in 0..<20 {
            bytes[Int.random(in: 12..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            let count =
                Int.random(in: 0...9, using: &random) == 0 ? Int.random(in: 14...bytes.count, using: &random) : bytes.count
            let frame = bytes.rawBytes.extracting(0..<count)
            let layout = try FrameLayout(parsing: frame)
            #expect(layout.tagCount <= FrameLayout.tagLimit && layout.l2ByteCount <= count)
            #expect(layout.packetEnd <= count && layout.transportEnd <= layout.packetEnd)
            if let offset = layout.transportOffset, let payload = layout.payloadOffset {
                #expect(layout.malformation == nil && layout.isIP)
                #expect(layout.networkOffset < offset && offset <= payload && payload <= layout.transportEnd)
            }
            // Neither may touch anything outside; both are total.
            _ = Checksum.verifyTransport(of: frame, layout: layout)
            _ = Dissection.oneLine(frame, showsEthernet: true)
        }
    }

    @Test func whatIsNotIPIsNotMalformed() throws {
        for capture in [Capture.arpRequest, .experimental] {
            let layout = try FrameLayout(parsing: capture.bytes.rawBytes)
            #expect(layout.malformation == nil && layout.transportProtocol == nil && layout.transportOffset == nil)
            #expect(layout.packetEnd == capture.bytes.count && !layout.isIP)
        }
        let arp = Capture.arpRequest.bytes
        #expect(try FrameLayout(parsing: arp.rawBytes).network == .arp)
    }

    @Test func tooManyTagsAreMarked() throws {
        var built = FrameBuilder()
        built.tags = (1...5).map { VLANTag(vlan: $0) }
        let bytes = built.bytes()
        let layout = try FrameLayout(parsing: bytes.rawBytes)
        #expect(layout.malformation == .vlan && layout.network == .other)
        let short = Array(bytes.prefix(17))
        #expect(try FrameLayout(parsing: short.rawBytes).malformation == .vlan)
    }

    /// Offsets are into an untagged frame: the IPv4 header starts at 14, UDP at 34.
    @Test(arguments: [
        (offset: 14, bytes: [0x65], error: WireError.badVersion(.ipv4, version: 6)),
        (offset: 14, bytes: [0x44], error: .badLength(.ipv4, length: 16)),
        (offset: 16, bytes: [0x00, 0x10], error: .badLength(.ipv4, length: 16)),
        (offset: 16, bytes: [0x10, 0x00], error: .truncated(.ipv4, needed: 4096, got: 28)),
        (offset: 16, bytes: [0x00, 0x15], error: .truncated(.udp, needed: 8, got: 1)),
        (offset: 38, bytes: [0x00, 0x09], error: .truncated(.udp, needed: 9, got: 8)),
        (offset: 38, bytes: [0x00, 0x00], error: .badLength(.udp, length: 0)),
    ])
    func malformedIPv4IsMarked(offset: Int, bytes: [UInt8], error: WireError) throws {
        var frame = FrameBuilder().bytes()
        frame.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        let layout = try FrameLayout(parsing: frame.rawBytes)
        #expect(layout.malformation == error.header && layout.transportOffset == nil && layout.network == .ipv4)
    }

    @Test func fragments() throws {
        var frame = FrameBuilder().bytes()
        frame[20] = 0x20  // more fragments, offset 0: the UDP header is here, and longer than this packet
        frame[38] = 0x10
        let first = try FrameLayout(parsing: frame.rawBytes)
        #expect(first.isFragment && first.transportOffset == 34 && first.malformation == nil)
        #expect(first.transportChecksumOffset == nil)
        frame[21] = 0x01  // offset 8
        let middle = try FrameLayout(parsing: frame.rawBytes)
        #expect(middle.isFragment && middle.transportOffset == nil && middle.transportProtocol == .udp)
        #expect(Checksum.verifyTransport(of: frame.rawBytes, layout: middle) == .notApplicable)
    }

    /// RFC 8200 §8.1: the pseudo-header has the final destination, which a pending routing header hides.
    @Test func pendingRoutingHidesTheDestination() throws {
        var built = FrameBuilder()
        built.isIPv6 = true
        built.extensions = [.routing]
        var frame = built.bytes()
        #expect(try FrameLayout(parsing: frame.rawBytes).transportChecksumOffset == 54 + 8 + 6)
        frame[54 + 3] = 1  // one segment left
        let layout = try FrameLayout(parsing: frame.rawBytes)
        #expect(layout.hasSegmentsLeft && layout.transportOffset == 62 && layout.transportChecksumOffset == nil)
    }
}
