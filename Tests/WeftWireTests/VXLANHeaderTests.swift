import Testing
import WeftTypes
import WeftWire

@Suite struct VXLANHeaderTests {
    static let wire: [UInt8] = [
        0x08, 0x00, 0x00, 0x00,  // I flag, 24 reserved bits
        0x12, 0x34, 0x56, 0x00,  // VNI, 8 reserved bits
    ]

    @Test func parsesAndEmits() throws {
        let header = try VXLANHeader(parsing: Self.wire.rawBytes)
        #expect(header.vni.rawValue == 0x123456)
        #expect(emitted(VXLANHeader.byteCount) { header.emit(into: &$0) } == Self.wire)
    }

    /// draft-herbert-vxlan-rco-00 §2: flag C is 0x20 of the second byte, the start counts in 2 bytes, O is for UDP.
    static let remoteChecksums: [(bytes: [UInt8], start: Int, offset: Int)] = [
        ([0x08, 0x20, 0x00, 0x00, 0x12, 0x34, 0x56, 0x11], 34, 16),  // TCP behind Ethernet and IPv4
        ([0x08, 0x20, 0x00, 0x00, 0x12, 0x34, 0x56, 0x9B], 54, 6),  // UDP behind Ethernet and IPv6
        ([0x08, 0x20, 0x00, 0x00, 0x12, 0x34, 0x56, 0x7F], 254, 16),
    ]

    @Test(arguments: remoteChecksums) func remoteChecksum(bytes: [UInt8], start: Int, offset: Int) throws {
        let header = try VXLANHeader(parsing: bytes.rawBytes)
        #expect(header.remoteChecksum == VXLANHeader.RemoteChecksum(start: start, offset: offset))
        #expect(header.remoteChecksum?.start == start && header.remoteChecksum?.offset == offset)
        #expect(emitted(VXLANHeader.byteCount) { header.emit(into: &$0) } == bytes)
    }

    @Test(arguments: [(33, 16), (256, 16), (-2, 6), (34, 2)])
    func remoteChecksumsThatHaveNoWords(start: Int, offset: Int) {
        #expect(VXLANHeader.RemoteChecksum(start: start, offset: offset) == nil)
    }

    @Test func ignoresReservedBits() throws {
        let bytes: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0x12, 0x34, 0x56, 0xFF]
        #expect(try VXLANHeader(parsing: bytes.rawBytes).vni.rawValue == 0x123456)
    }

    @Test(arguments: [
        (bytes: Array(wire.prefix(7)), error: WireError.truncated(.vxlan, needed: 8, got: 7)),
        (bytes: [], error: .truncated(.vxlan, needed: 8, got: 0)),
        (bytes: [0x00] + wire.dropFirst(), error: .badFlags(.vxlan, flags: 0)),
        (bytes: [0xF7] + wire.dropFirst(), error: .badFlags(.vxlan, flags: 0xF7)),
    ])
    func rejects(bytes: [UInt8], error: WireError) {
        #expect(throws: error) { try VXLANHeader(parsing: bytes.rawBytes) }
    }

    @Test(arguments: UInt64(0)..<64)
    func roundTrips(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let header = VXLANHeader(vni: VNI(headerWord: .random(in: 0 ... .max, using: &random)))
        let bytes = emitted(VXLANHeader.byteCount) { header.emit(into: &$0) }
        #expect(try VXLANHeader(parsing: bytes.rawBytes) == header)
    }
}
