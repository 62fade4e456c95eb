import Testing
import WeftTypes
import WeftWire

@Suite struct ChecksumTests {
    /// RFC 1071 §3: the example's words 0001 f203 f4f5 f6f7 add up to ddf2 after the carries are folded in.
    @Test func sumsTheExampleOfRFC1071() {
        let bytes: [UInt8] = [0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7]
        #expect(Checksum.fold(Checksum.sum(bytes.rawBytes)) == 0xDDF2)
    }

    /// RFC 1624 §4: HC = DD2F, and a word 5555 becomes 3285; equation 3 gives 0000 where RFC 1141's gave FFFF.
    @Test func updatesTheExampleOfRFC1624() {
        #expect(Checksum.incremental(0xDD2F, old: UInt16(0x5555), new: 0x3285) == 0x0000)
    }

    @Test func emptyBytesSumToNothing() {
        let nothing: [UInt8] = []
        #expect(Checksum.fold(Checksum.sum(nothing.rawBytes)) == 0)
    }

    @Test func carriesOfTheInitialSumAreKept() {
        let bytes: [UInt8] = [0x00, 0x01]
        #expect(Checksum.fold(Checksum.sum(bytes.rawBytes, initial: .max)) == 1)
        #expect(Checksum.fold(.max) == 0xFFFF)
    }

    @Test(arguments: UInt64(0)..<200) func agreesWithTheDefinition(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let count = Int.random(in: 0...(seed.isMultiple(of: 8) ? 70_000 : 300), using: &random)
        var bytes = randomBytes(count, using: &random)
        if seed % 5 == 0 { bytes = bytes.map { _ in 0xFF } }
        let expected = naiveFold(bytes)
        #expect(Checksum.fold(Checksum.sum(bytes.rawBytes)) == expected)
        // Cut anywhere, at any address.
        let cut = Int.random(in: 0...count, using: &random)
        let first = Checksum.sum(bytes.rawBytes.extracting(0..<cut))
        let rest = bytes.rawBytes.extracting(cut..<count)
        let whole = Checksum.sum(rest, initial: first, startsAtOddOffset: !cut.isMultiple(of: 2))
        #expect(Checksum.fold(whole) == expected)
    }

    @Test(arguments: UInt64(0)..<200) func incrementalEqualsComplete(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var bytes = randomBytes(2 * Int.random(in: 3...40, using: &random), using: &random)
        bytes[0] = 1  // never all zeros: only then do the two differ, and no packet is all zeros
        let before = ~naiveFold(bytes)
        let word = 2 * Int.random(in: 1..<bytes.count / 2, using: &random)
        let old = bytes.rawBytes.bigEndian(at: word, as: UInt16.self)
        let new: UInt16 = seed.isMultiple(of: 3) ? ~old : .random(in: 0 ... .max, using: &random)
        bytes.withMutableRawBytes { $0.storeBigEndian(new, at: word) }
        #expect(Checksum.incremental(before, old: old, new: new) == ~naiveFold(bytes))

        let long = 2 * Int.random(in: 1..<bytes.count / 2 - 1, using: &random)
        let oldLong = bytes.rawBytes.bigEndian(at: long, as: UInt32.self)
        let newLong = UInt32.random(in: 0 ... .max, using: &random)
        let middle = ~naiveFold(bytes)
        bytes.withMutableRawBytes { $0.storeBigEndian(newLong, at: long) }
        #expect(Checksum.incremental(middle, old: oldLong, new: newLong) == ~naiveFold(bytes))
    }

    @Test(arguments: UInt64(0)..<32) func pseudoHeadersAreTheirBytes(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let v4 = randomBytes(8, using: &random)
        let v6 = randomBytes(32, using: &random)
        let count = Int.random(in: 0...65_535, using: &random)
        let tail: [UInt8] = [0, 0, UInt8(count >> 8), UInt8(count & 0xFF), 0, 0, 0, 17]
        let sum4 = Checksum.pseudoHeaderSum(
            source: v4.rawBytes.ipv4Address(at: 0), destination: v4.rawBytes.ipv4Address(at: 4), protocolNumber: .udp,
            byteCount: count)
        #expect(Checksum.fold(sum4) == naiveFold(v4 + tail))
        let sum6 = Checksum.pseudoHeaderSum(
            source: v6.rawBytes.ipv6Address(at: 0), destination: v6.rawBytes.ipv6Address(at: 16), protocolNumber: .udp,
            byteCount: count)
        #expect(Checksum.fold(sum6) == naiveFold(v6 + tail))
    }
}

/// The definition, word by word: the reference that the fast sum is held against.
func naiveFold(_ bytes: [UInt8]) -> UInt16 {
    var sum: UInt32 = 0
    for index in stride(from: 0, to: bytes.count, by: 2) {
        let low = index + 1 < bytes.count ? bytes[index + 1] : 0
        sum += UInt32(bytes[index]) << 8 | UInt32(low)
        sum = (sum & 0xFFFF) + sum >> 16
    }
    return UInt16(sum)
}
