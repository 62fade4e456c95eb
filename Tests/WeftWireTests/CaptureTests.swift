import Testing
import WeftTypes
import WeftWire

/// Real frames through the layout, the checksums and the dissection.
@Suite struct CaptureTests {
    @Test(arguments: Capture.all) func isDescribedAsTcpdumpDoes(capture: Capture) {
        #expect(Dissection.oneLine(capture.bytes.rawBytes) == capture.line)
    }

    @Test(arguments: Capture.all) func isWellFormed(capture: Capture) throws {
        let layout = try FrameLayout(parsing: capture.bytes.rawBytes)
        #expect(layout.malformation == nil)
        #expect(layout.byteCount == capture.bytes.count)
        #expect(layout.packetEnd == capture.bytes.count)
        #expect(layout.isFragment == capture.name.hasPrefix("lastFragment"))
    }

    @Test(arguments: Capture.all) func hasTheKernelsChecksums(capture: Capture) throws {
        let frame = capture.bytes.rawBytes
        let layout = try FrameLayout(parsing: frame)
        let verdict = Checksum.verifyTransport(of: frame, layout: layout)
        let hasNone = layout.isFragment || !layout.isIP || layout.transportProtocol == .igmp
        #expect(verdict == (hasNone ? .notApplicable : capture.name == "udpWithoutChecksum" ? .absent : .valid))
        if layout.network == .ipv4 {
            let header = layout.networkOffset..<layout.networkOffset + layout.networkHeaderByteCount
            let isValid = Checksum.isValidIPv4Header(frame.extracting(header))
            #expect(isValid)
        }
        if verdict == .valid, let offset = layout.transportChecksumOffset {
            #expect(Checksum.transportChecksum(of: frame, layout: layout) == frame.bigEndian(at: offset, as: UInt16.self))
        }
    }

    @Test(arguments: [
        (Capture.vxlanARP, UInt32(100), "ARP"), (.vxlanSYN, 100, "IP"), (.vxlanTCP6, 100, "IP6"),
        (.vxlanEcho6, 0xFF_FFFF, "IP"),
    ])
    func carriesAFrame(capture: Capture, vni: UInt32, prefix: String) throws {
        let frame = capture.bytes.rawBytes
        let outer = try FrameLayout(parsing: frame)
        let payload = frame.extracting(try #require(outer.payloadOffset)..<outer.transportEnd)
        #expect(try VXLANHeader(parsing: payload).vni.rawValue == vni)
        let inner = payload.extracting(VXLANHeader.byteCount..<payload.byteCount)
        let layout = try FrameLayout(parsing: inner)
        #expect(layout.malformation == nil)
        #expect(Checksum.verifyTransport(of: inner, layout: layout) == (prefix == "ARP" ? .notApplicable : .valid))
        #expect(Dissection.oneLine(inner).hasPrefix(prefix))
    }

    /// Every proper prefix is described too, and is either malformed or not IP.
    @Test(arguments: Capture.all) func isHandledAtEveryLength(capture: Capture) throws {
        for count in 0..<capture.bytes.count {
            let frame = capture.bytes.rawBytes.extracting(0..<count)
            #expect(!Dissection.oneLine(frame).isEmpty)
            guard count >= EthernetHeader.byteCount else {
                #expect(throws: WireError.truncated(.ethernet, needed: 14, got: count)) {
                    try FrameLayout(prefix: count, of: capture)
                }
                continue
            }
            let layout = try FrameLayout(parsing: frame)
            if layout.isIP { #expect(layout.malformation != nil && layout.transportOffset == nil) }
        }
    }
}

extension FrameLayout {
    fileprivate init(prefix count: Int, of capture: Capture) throws(WireError) {
        try self.init(parsing: capture.bytes.rawBytes.extracting(0..<count))
    }
}
