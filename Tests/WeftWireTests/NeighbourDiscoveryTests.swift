import Testing
import WeftTypes
import WeftWire

@Suite struct NeighbourDiscoveryTests {
    static let target: [UInt8] = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x23, 0x45]
    static let mac: [UInt8] = [0x52, 0x54, 0, 0, 1, 2]
    static let solicitation: [UInt8] =
        [
            135, 0, 0, 0,  // type, code, checksum
            0, 0, 0, 0,  // reserved
        ] + target + [1, 1] + mac  // source link-layer address
    static let advertisement: [UInt8] =
        [
            136, 0, 0, 0,
            0xE0, 0, 0, 0,  // R, S, O
        ] + target + [2, 1] + mac  // target link-layer address

    @Test("both kinds, both directions") func vectors() throws {
        let address = IPv6Address(rawValue: 0xfd00 << 112 | 0x1_2345)
        let mac = MACAddress(rawValue: 0x5254_0000_0102)
        let both = [
            (Self.solicitation, NeighbourDiscovery(.solicitation, target: address, linkLayerAddress: mac)),
            (
                Self.advertisement,
                NeighbourDiscovery(
                    .advertisement, target: address, linkLayerAddress: mac, isRouter: true, isSolicited: true, overrides: true)
            ),
        ]
        for (bytes, message) in both {
            #expect(try NeighbourDiscovery(parsing: bytes.rawBytes) == message)
            var out = [UInt8](repeating: 0xA5, count: NeighbourDiscovery.emittedByteCount)
            out.withMutableRawBytes { message.emit(into: &$0) }
            #expect(out == bytes)
        }
    }

    @Test("flags belong to the advertisement; a nonce is known, other options are not") func options() throws {
        var bytes = Self.solicitation
        bytes[4] = 0xE0
        let nonce = try NeighbourDiscovery(parsing: (bytes + [14, 1, 1, 2, 3, 4, 5, 6]).rawBytes)
        #expect(!nonce.isRouter && !nonce.isSolicited && !nonce.overrides && !nonce.hasOtherOptions)
        // The other's option, a second of its own, one of two units.
        for option: [UInt8] in [[2, 1] + Self.mac, [1, 1] + Self.mac, [12, 2] + [UInt8](repeating: 0, count: 14)] {
            let message = try NeighbourDiscovery(parsing: (bytes + option).rawBytes)
            #expect(message.hasOtherOptions && message.linkLayerAddress == MACAddress(bytes: Self.mac))
        }
        #expect(try NeighbourDiscovery(parsing: Array(bytes.prefix(24)).rawBytes).linkLayerAddress == nil)
    }

    @Test("what RFC 4861 §7.1 forbids") func rejects() {
        func error(_ change: (inout [UInt8]) -> Void) -> WireError? {
            var bytes = Self.solicitation
            change(&bytes)
            do {
                _ = try NeighbourDiscovery(parsing: bytes.rawBytes)
                return nil
            } catch {
                return error
            }
        }
        #expect(error { $0.removeLast(9) } == .truncated(.icmpv6, needed: 24, got: 23))
        #expect(error { $0.removeLast() } == .truncated(.icmpv6, needed: 8, got: 7))
        #expect(error { $0[25] = 2 } == .truncated(.icmpv6, needed: 16, got: 8))
        #expect(error { $0[25] = 0 } == .badLength(.icmpv6, length: 0))
        #expect(error { $0[0] = 134 } == .badType(.icmpv6, type: 134))
        #expect(error { $0[1] = 1 } == .badFlags(.icmpv6, flags: 1))
    }

    @Test("RFC 4291 §2.7.1, RFC 2464 §7") func groups() {
        let address = IPv6Address(rawValue: 0xfd00 << 112 | 0xABCD_EF12_3456)
        #expect(address.solicitedNode.description == "ff02::1:ff12:3456")
        #expect(address.solicitedNode.groupMAC.description == "33:33:ff:12:34:56")
        #expect(IPv6Address.allNodes.description == "ff02::1")
    }

    @Test("any bytes get a result", arguments: UInt64(0)..<16) func randomBytes(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<2000 {
            var bytes =
                Self.advertisement
                + (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...3, using: &random) }
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0 ... .max, using: &random)
            bytes = Array(bytes.prefix(.random(in: 0...bytes.count, using: &random)))
            guard let message = try? NeighbourDiscovery(parsing: bytes.rawBytes) else { continue }
            #expect(bytes.count >= 24 && bytes.count % 8 == 0 && bytes[1] == 0)
            if message.linkLayerAddress == nil { #expect(bytes.count == 24 || message.hasOtherOptions || bytes[24] == 14) }
        }
    }
}
