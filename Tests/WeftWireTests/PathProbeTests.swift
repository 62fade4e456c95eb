import Testing
import WeftTypes
import WeftWire

@Suite struct PathProbeTests {
    static let wire: [UInt8] = [
        0x00, 0x01, 0x01, 0x00,  // no I flag, version 1, a probe
        0x57, 0x50, 0x4D, 0x54,  // "WPMT"
        0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,  // nonce
        0x00, 0x18, 0x00, 0x00,  // 24 bytes
        0x00, 0x00, 0x00, 0x00,  // padding
    ]

    private static func changed(_ index: Int, _ byte: UInt8) -> [UInt8] {
        var bytes = wire
        bytes[index] = byte
        return bytes
    }

    @Test func parses() throws {
        let probe = try PathProbe(parsing: Self.wire.rawBytes)
        #expect(probe == PathProbe(.probe, nonce: 0x0102_0304_0506_0708, probeByteCount: 24))
        let isPossible = PathProbe.isPossible(Self.wire.rawBytes)
        #expect(isPossible)
        let emitted = emitted(PathProbe.byteCount) { probe.emit(into: &$0) }
        #expect(emitted == Array(Self.wire.prefix(20)))
    }

    @Test(arguments: [
        (bytes: Array(wire.prefix(19)), error: WireError.truncated(.pathProbe, needed: 20, got: 19)),
        (bytes: Array(wire.prefix(23)), error: .badLength(.pathProbe, length: 24)),
        (bytes: wire + [0], error: .badLength(.pathProbe, length: 24)),
        (bytes: changed(17, 19), error: .badLength(.pathProbe, length: 19)),
        (bytes: changed(0, 0x08), error: .badFlags(.pathProbe, flags: 0x08)),
        (bytes: changed(7, 0x55), error: .badFlags(.pathProbe, flags: 0)),
        (bytes: changed(1, 2), error: .badVersion(.pathProbe, version: 2)),
        (bytes: changed(2, 3), error: .badType(.pathProbe, type: 3)),
        (bytes: changed(2, 2), error: .badLength(.pathProbe, length: 24)),  // a padded acknowledgement
    ])
    func rejects(bytes: [UInt8], error: WireError) {
        #expect(throws: error) { try PathProbe(parsing: bytes.rawBytes) }
    }

    @Test func isNoVXLAN() {
        #expect(throws: WireError.badFlags(.vxlan, flags: 0)) { try VXLANHeader(parsing: Self.wire.rawBytes) }
    }

    @Test(arguments: UInt64(0)..<64) func roundTrips(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let probe = PathProbe(.probe, nonce: random.next(), probeByteCount: .random(in: 20...9000, using: &random))
        let bytes = emitted(Int(probe.probeByteCount)) { probe.emit(into: &$0) }
        #expect(try PathProbe(parsing: bytes.rawBytes) == probe)
        let answer = emitted(PathProbe.byteCount) { probe.acknowledgement.emit(into: &$0) }
        let parsed = try PathProbe(parsing: answer.rawBytes)
        #expect(parsed.kind == .acknowledgement && parsed.nonce == probe.nonce && parsed.probeByteCount == probe.probeByteCount)
    }
}
