import Testing
import WeftTypes

@testable import WeftSealing

/// One datagram, as it is on the wire.
@Suite struct EnvelopeTests {
    @Test func hasTheLayoutOfTheSpecification() {
        var channel = Sample.channel(0x0102_0304_0506_0708)
        _ = channel.seal(Sample.plaintext(1))
        let datagram = channel.seal(Sample.plaintext(2))
        #expect(datagram.count == 29 + 64 + 16)
        #expect(datagram[0] == 0x10)  // version 1, data
        #expect(datagram.bigEndian(at: 1) == Sample.key(1).id.rawValue)
        #expect(Array(datagram[5..<13]) == [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(datagram.bigEndian(at: 13) == channel.bootSalt)
        #expect(datagram.bigEndian(at: 21) == UInt64(2))
        #expect(Envelope.minimumByteCount == 61 && Envelope.plaintextByteCounts == 16...1155)
    }

    /// Key and plaintext are fixed, so the ciphertext is: a change of the format shows here.
    @Test func staysReadable() throws {
        let key = try #require(RingKey(bytes: Array(0..<32)))
        let header = EnvelopeHeader(
            kind: .data, keyID: key.id, sender: SenderID(rawValue: 1), bootSalt: 2, counter: 3)
        let fabric = Array("office".utf8)
        let derived = EnvelopeKey(key, fabric: fabric, sender: header.sender, bootSalt: header.bootSalt)
        let datagram = Envelope.seal(Array(0..<16), header: header, key: derived, fabric: fabric)
        #expect(datagram.map { hexadecimal($0, width: 2) }.joined() == Self.vector)
    }

    /// Computed by an independent implementation (Python's hashlib, hmac and cryptography).
    static let vector =
        "1096974147000000000000000100000000000000020000000000000003"  // header
        + "8f414eb376cafe43e97cf31e741da1a1"  // ciphertext
        + "6c53f4b0b08e9918385a76358e80e0f1"  // tag

    @Test(arguments: [16, 17, 64, 1154, 1155]) func opensWhatItSealed(byteCount: Int) {
        var pair = Pair.greeted()
        let plaintext = Sample.plaintext(7, byteCount: byteCount)
        #expect(pair.deliver(pair.left.seal(plaintext)) == [plaintext])
    }

    @Test(arguments: 0..<61 * 8) func refusesEveryFlippedBit(bit: Int) {
        var pair = Pair.greeted()
        let datagram = pair.left.seal(Sample.plaintext(1, byteCount: 16))
        var altered = datagram
        altered[bit / 8] ^= 0x80 >> UInt8(bit % 8)
        let before = pair.right.counters
        let effects = pair.right.receive(altered)
        let reason: Refusal? =
            switch bit {
            case 0..<4: .foreign  // version
            case 4..<8: nil  // a kind there isn't, or one that the tag denies
            case 8..<40: .unknownKey
            default: nil
            }
        #expect(effects.count == 1 && effects.refusals.count == 1, "\(effects)")
        if let reason { #expect(effects.refusals == [reason]) }
        #expect([.foreign, .unknownKey, .forged, .replayed].contains(effects.refusals.first))
        #expect(pair.right.counters.refusedCount == before.refusedCount + 1)
        // It changed nothing: the genuine one is opened.
        #expect(pair.right.receive(datagram).opened == [Sample.plaintext(1, byteCount: 16)])
    }

    @Test func refusesWhatHasAnotherSize() {
        var pair = Pair.greeted()
        let datagram = pair.left.seal(Sample.plaintext(1, byteCount: 1155))
        #expect(datagram.count == 1200)
        #expect(pair.right.receive(datagram + [0]).refusals == [.oversized])
        for byteCount in 0..<61 { #expect(pair.right.receive(Array(datagram.prefix(byteCount))).refusals == [.truncated]) }
        for byteCount in 61..<1200 { #expect(pair.right.receive(Array(datagram.prefix(byteCount))).refusals == [.forged]) }
        #expect(pair.right.counters[.truncated] == 61 && pair.right.counters[.forged] == 1139)
        #expect(pair.right.receive(datagram).opened.count == 1)
    }

    @Test func anotherFabricCannotOpenWithTheSameKey() {
        var (office, plant) = (Sample.channel(1), Sample.channel(2, fabric: "plant"))
        #expect(plant.receive(office.seal(Sample.plaintext(1))).refusals == [.forged])
        var stranger = Sample.channel(3, ring: KeyRing(Sample.key(2)))
        #expect(stranger.receive(office.seal(Sample.plaintext(1))).refusals == [.unknownKey])
    }

    @Test func isNotItsOwnPeer() {
        var channel = Sample.channel(1)
        let datagram = channel.seal(Sample.plaintext(1))
        #expect(channel.receive(datagram).refusals == [.reflected])
    }

    /// No two datagrams of any start have key and nonce in common.
    @Test func neverSealsTwiceUnderOneNonce() {
        var seen: Set<[UInt8]> = []
        for boot in 1...20 as ClosedRange<UInt64> {
            var channel = Sample.channel(1, boot: boot)
            for _ in 0..<50 { seen.insert(Array(channel.seal(Sample.plaintext(1))[13..<29])) }
        }
        #expect(seen.count == 1000)
    }
}
