import Testing

@testable import WeftTypes

@Suite struct AddressTests {
    @Test(arguments: [
        ("::", "::"), ("::1", "::1"), ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("::ffff:192.0.2.1", "::ffff:c000:201"), ("fe80::", "fe80::"),
        ("1:0:0:2::", "1:0:0:2::"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
    ])
    func ipv6IsPrintedCanonically(text: String, canonical: String) throws {
        #expect(try #require(IPv6Address(text)).description == canonical)
    }

    @Test(arguments: [
        "", ":", "1", "1:2", ":::", "1::2::3", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "g::", "12345::", "1:",
        "::1%eth0", "::1.2.3", "1:2:3:4:5:6:7:1.2.3.4", ":1::",
    ])
    func ipv6IsRefused(text: String) { #expect(IPv6Address(text) == nil) }

    @Test(arguments: ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1..2.3", "1.2.3.x", " 1.2.3.4", "1.2.3.4 "])
    func ipv4IsRefused(text: String) { #expect(IPv4Address(text) == nil) }

    @Test(arguments: UInt64(0)..<64) func textRoundTrips(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let v4 = IPv4Address(rawValue: .random(in: 0 ... .max, using: &random))
        #expect(IPv4Address(v4.description) == v4)
        let sparse = UInt128.random(in: 0 ... .max, using: &random) & UInt128.random(in: 0 ... .max, using: &random)
        let mask: UInt128 = 0xFFFF_0000_FFFF_0000_0000_0000_FFFF_FFFF
        for number in [sparse, sparse & mask, sparse & ~mask] {
            let v6 = IPv6Address(rawValue: number)
            #expect(IPv6Address(v6.description) == v6)
        }
        let mac = MACAddress(rawValue: .random(in: 0 ... .max, using: &random))
        #expect(MACAddress(mac.description) == mac)
        #expect(MACAddress(bytes: mac.bytes) == mac)
    }

    @Test func macAddressesKnowTheirKind() throws {
        #expect(try #require(MACAddress("52-54-00-AB-cd-01")).description == "52:54:00:ab:cd:01")
        #expect(MACAddress("52:54:00:00:01") == nil)
        #expect(MACAddress("52:54:00:00:01:1") == nil)
        #expect(MACAddress("52:54:00:00:01:0g") == nil)
        #expect(MACAddress.broadcast.isMulticast && !MACAddress.broadcast.isStation && !MACAddress.zero.isStation)
        #expect(try #require(MACAddress("01:00:5e:00:00:01")).isMulticast)
    }

    @Test func prefixesContainAndOverlap() throws {
        let prefix = try #require(IPPrefix("10.1.0.0/24"))
        #expect(prefix.contains(.v4(IPv4Address(rawValue: 0x0A01_00FF))))
        #expect(!prefix.contains(.v4(IPv4Address(rawValue: 0x0A01_0100))))
        #expect(prefix.last.description == "10.1.0.255" && prefix.hasNoHostBits)
        #expect(prefix.overlaps(try #require(IPPrefix("10.0.0.0/8"))))
        #expect(!prefix.overlaps(try #require(IPPrefix("10.1.1.0/24"))))
        #expect(!prefix.overlaps(try #require(IPPrefix("::/0"))))
        #expect(try #require(IPPrefix("::/0")).last == .v6(IPv6Address(rawValue: .max)))
        #expect(IPPrefix("10.1.0.0/33") == nil && IPPrefix("10.1.0.0/+4") == nil && IPPrefix("10.1.0.0") == nil)
    }

    @Test func vtepsPrintWithTheirPort() throws {
        #expect(VTEP(address: try #require(IPAddress("2001:db8::1"))).description == "[2001:db8::1]:4789")
        #expect(VTEP(address: try #require(IPAddress("192.0.2.1")), udpPort: 5).description == "192.0.2.1:5")
    }
}
