import Testing
import WeftTypes
import WeftWire

@Suite struct TransportChecksumTests {
    @Test(arguments: UInt64(0)..<200) func completedFramesAreValidAndDamagedOnesWrong(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var bytes = FrameBuilder(using: &random).bytes()
        let layout = try FrameLayout(parsing: bytes.rawBytes)
        let offset = try #require(layout.transportChecksumOffset)
        let start = try #require(layout.transportOffset)
        let checksum = try #require(due(bytes, layout))
        bytes.withMutableRawBytes { $0.storeBigEndian(checksum, at: offset) }
        #expect(verdict(bytes) == .valid)
        // What is there already does not matter.
        #expect(Checksum.transportChecksum(of: bytes.rawBytes, layout: layout) == checksum)
        // The definition: pseudo-header and transport add up to all ones.
        #expect(naiveFold(pseudoHeader(of: bytes, layout: layout) + bytes[start..<layout.transportEnd]) == 0xFFFF)

        let damaged = Int.random(in: start..<layout.transportEnd, using: &random)
        bytes[damaged] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        let field: UInt16 = bytes.rawBytes.bigEndian(at: offset)
        let header = try FrameLayout(parsing: bytes.rawBytes)
        if header.malformation == nil, header.transportEnd == layout.transportEnd, field != 0 {
            #expect(verdict(bytes) == .wrong)
        }
    }

    /// As a guest hands it over: the field holds the pseudo-header's sum, and the NIC's work is ours.
    @Test(arguments: UInt64(0)..<100) func partialChecksumsAreSeenAndCompleted(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var built = FrameBuilder(using: &random)
        built.transport = seed.isMultiple(of: 2) ? .tcp : .udp
        built.padding = 0
        var bytes = built.bytes()
        let layout = try FrameLayout(parsing: bytes.rawBytes)
        let offset = try #require(layout.transportChecksumOffset)
        let start = try #require(layout.transportOffset)
        let partial = Checksum.fold(Checksum.pseudoHeaderSum(of: bytes.rawBytes, layout: layout))
        #expect(partial == naiveFold(pseudoHeader(of: bytes, layout: layout)))
        let complete = Checksum.transportChecksum(of: bytes.rawBytes, layout: layout)
        bytes.withMutableRawBytes { $0.storeBigEndian(partial, at: offset) }
        #expect(verdict(bytes) == .partial)
        let fits = bytes.withMutableRawBytes { Checksum.complete(&$0, start: start, offset: offset - start) }
        #expect(fits && verdict(bytes) == .valid)
        #expect(bytes.rawBytes.bigEndian(at: offset) == complete)
    }

    @Test func completionOutsideTheFrameIsRefused() {
        var bytes = [UInt8](repeating: 7, count: 40)
        let fits = { (start: Int, offset: Int, bytes: inout [UInt8]) in
            bytes.withMutableRawBytes { Checksum.complete(&$0, start: start, offset: offset) }
        }
        #expect(!fits(39, 0, &bytes) && !fits(41, 0, &bytes) && !fits(-1, 4, &bytes) && !fits(20, .max, &bytes))
        #expect(!fits(.max, 16, &bytes) && !fits(0, 39, &bytes))
        #expect(bytes == [UInt8](repeating: 7, count: 40))
        #expect(fits(0, 38, &bytes) && fits(38, 0, &bytes))
    }

    /// RFC 768: a computed 0 is sent as all ones, since 0 means that there is none.
    @Test func udpNeverSendsZero() throws {
        var built = FrameBuilder()
        built.payload = [0, 0]
        var bytes = built.bytes()
        let layout = try FrameLayout(parsing: bytes.rawBytes)
        let checksum = try #require(due(bytes, layout))
        bytes[42] = UInt8(checksum >> 8)  // a payload that brings the sum to all ones
        bytes[43] = UInt8(checksum & 0xFF)
        #expect(Checksum.transportChecksum(of: bytes.rawBytes, layout: layout) == 0xFFFF)
        #expect(verdict(bytes) == .absent)
        bytes.withMutableRawBytes { $0.storeBigEndian(UInt16(0xFFFF), at: 40) }
        #expect(verdict(bytes) == .valid)
    }

    /// RFC 1624 §3: only UDP writes all ones for a result of 0; in TCP they are taken for damage, by tshark for one.
    @Test(arguments: [(IPProtocol.tcp, UInt16(0)), (.udp, 0xFFFF)])
    func completionToZero(transport: IPProtocol, expected: UInt16) throws {
        var built = FrameBuilder()
        built.transport = transport
        built.payload = [0, 0]
        var bytes = built.bytes()
        let layout = try FrameLayout(parsing: bytes.rawBytes)
        let offset = try #require(layout.transportChecksumOffset)
        let start = try #require(layout.transportOffset)
        let checksum = try #require(due(bytes, layout))
        let partial = Checksum.fold(Checksum.pseudoHeaderSum(of: bytes.rawBytes, layout: layout))
        bytes.withMutableRawBytes {
            $0.storeBigEndian(checksum, at: layout.transportEnd - 2)  // a payload that brings the sum to all ones
            $0.storeBigEndian(partial, at: offset)
            Checksum.complete(&$0, start: start, offset: offset - start)
        }
        #expect(bytes.rawBytes.bigEndian(at: offset) == expected)
    }

    /// Zeros add up to zero, not to all ones, so a checksum of 0 is wrong for them.
    @Test func theMessageOfZerosHasAChecksum() throws {
        var built = FrameBuilder()
        built.transport = .icmp
        var bytes = built.bytes()
        bytes.replaceSubrange(34..<42, with: [UInt8](repeating: 0, count: 8))
        let layout = try FrameLayout(parsing: bytes.rawBytes)
        #expect(verdict(bytes) == .wrong && due(bytes, layout) == 0xFFFF)
        bytes.withMutableRawBytes { $0.storeBigEndian(UInt16(0xFFFF), at: 36) }
        #expect(verdict(bytes) == .valid && due(bytes, layout) == 0xFFFF)
    }

    private func due(_ bytes: [UInt8], _ layout: FrameLayout) -> UInt16? {
        Checksum.transportChecksum(of: bytes.rawBytes, layout: layout)
    }

    private func verdict(_ bytes: [UInt8]) -> Checksum.Verdict? {
        guard let layout = try? FrameLayout(parsing: bytes.rawBytes) else { return nil }
        return Checksum.verifyTransport(of: bytes.rawBytes, layout: layout)
    }

    /// The bytes of RFC 9293 §3.1 and RFC 8200 §8.1; none for ICMP.
    private func pseudoHeader(of frame: [UInt8], layout: FrameLayout) -> [UInt8] {
        let number = layout.transportProtocol?.rawValue ?? 0
        let count = layout.transportEnd - (layout.transportOffset ?? 0)
        let tail = [UInt8(count >> 8), UInt8(count & 0xFF)]
        let base = layout.networkOffset
        if layout.network == .ipv6 { return frame[base + 8..<base + 40] + [0, 0] + tail + [0, 0, 0, number] }
        return number == 1 ? [] : frame[base + 12..<base + 20] + [0, number] + tail
    }
}
