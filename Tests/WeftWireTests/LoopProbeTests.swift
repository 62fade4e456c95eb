import Testing
import WeftTypes
import WeftWire

@Suite struct LoopProbeTests {
    static let wire: [UInt8] = [
        0x57, 0x4C, 0x4F, 0x50,  // "WLOP"
        0x01, 0x01,  // version 1, blocked
        0x00, 0x00, 0x64, 0x00,  // VNI 100, reserved
        0x00, 0x00,  // reserved
        0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,  // fabric
        0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,  // run
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,  // no seal
        0x05, 0x61, 0x6C, 0x70, 0x68, 0x61,  // "alpha"
        0x02, 0x70, 0x31,  // "p1"
    ]

    private static func changed(_ index: Int, _ byte: UInt8) -> [UInt8] {
        var bytes = wire
        bytes[index] = byte
        return bytes
    }

    static let probe = LoopProbe(
        isBlocked: true, vni: VNI(headerWord: 100 << 8), fabric: 0x0102_0304_0506_0708, run: 0x1112_1314_1516_1718, host: "alpha",
        port: "p1")

    @Test func parsesAndEmits() throws {
        let padded = try LoopProbe(parsing: (Self.wire + [0, 0, 0]).rawBytes)
        #expect(padded == Self.probe)
        #expect(Self.probe.bytes == Self.wire && Self.probe.byteCount == Self.wire.count)
    }

    @Test(arguments: [
        (bytes: Array(wire.prefix(36)), error: WireError.truncated(.loopProbe, needed: 37, got: 36)),
        (bytes: Array(wire.prefix(41)), error: .truncated(.loopProbe, needed: 42, got: 41)),
        (bytes: Array(wire.prefix(42)), error: .truncated(.loopProbe, needed: 43, got: 42)),
        (bytes: changed(42, 200), error: .truncated(.loopProbe, needed: 243, got: 45)),
        (bytes: changed(3, 0x51), error: .badFlags(.loopProbe, flags: 1)),
        (bytes: changed(5, 0x02), error: .badFlags(.loopProbe, flags: 2)),
        (bytes: changed(4, 2), error: .badVersion(.loopProbe, version: 2)),
        (bytes: changed(36, 0), error: .badLength(.loopProbe, length: 0)),
        (bytes: changed(37, 0x1B), error: .badLength(.loopProbe, length: 5)),  // an escape is no name
        (bytes: Array(wire.prefix(36)) + [81] + [UInt8](repeating: 0x61, count: 90), error: .badLength(.loopProbe, length: 81)),
    ])
    func rejects(bytes: [UInt8], error: WireError) {
        #expect(throws: error) { try LoopProbe(parsing: bytes.rawBytes) }
    }

    @Test("a frame has its seal, a tag where it is asked for, and 60 bytes at least") func frames() throws {
        let frame = Self.probe.frame(seal: 0xA1A2_A3A4_A5A6_A7A8, tag: nil)
        #expect(Array(frame.prefix(6)) == [0x03, 0x57, 0x4C, 0x4F, 0x50, 0x01])
        #expect(Array(frame[12..<14]) == [0x88, 0xB5] && frame.count == 60)
        let payload = Array(frame.dropFirst(14))
        let (parsed, seal) = (try LoopProbe(parsing: payload.rawBytes), LoopProbe.seal(of: payload.rawBytes))
        #expect(parsed == Self.probe && seal == 0xA1A2_A3A4_A5A6_A7A8)
        let tagged = Self.probe.frame(seal: 0, tag: (.serviceVLAN, 4094))
        #expect(Array(tagged[12..<18]) == [0x88, 0xA8, 0x0F, 0xFE, 0x88, 0xB5] && tagged.count == 63)
        let source = try #require(MACAddress(bytes: frame[6..<12]))
        #expect(LoopProbe.isSource(source) && source.isStation)
        #expect(source != LoopProbe.source(host: "alpha", port: "p2"))
        #expect(!LoopProbe.isSource(MACAddress(rawValue: 0x5254_0000_0101)))
    }

    @Test("whatever bytes come, what is parsed is a probe", arguments: UInt64(0)..<64) func noise(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<200 {
            var bytes = Self.wire + (0..<4).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0 ... .max, using: &random)
            }
            guard let probe = try? LoopProbe(parsing: bytes.rawBytes) else { continue }
            let again = try? LoopProbe(parsing: probe.bytes.rawBytes)
            #expect(again == probe)
        }
    }
}
