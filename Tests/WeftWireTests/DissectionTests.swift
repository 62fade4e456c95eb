import Testing
import WeftTypes
import WeftWire

/// What the captures do not show; those are in ``CaptureTests``.
@Suite struct DissectionTests {
    @Test func ethernetIsShownAsByTcpdumpE() {
        #expect(
            withEthernet(.stackedTags) == """
                52:54:00:00:0a:01 > ff:ff:ff:ff:ff:ff, ethertype 802.1Q-QinQ (0x88a8), length 50: vlan 200, p 0, \
                ethertype 802.1Q (0x8100), vlan 10, p 0, DEI, ethertype ARP (0x0806), Request who-has 10.3.0.2 tell \
                10.3.0.1, length 28
                """)
        #expect(
            withEthernet(.experimental)
                == "52:54:00:00:0a:01 > ff:ff:ff:ff:ff:ff, ethertype Unknown (0x88b5), length 26")
        #expect(
            withEthernet(.udpOdd) == """
                52:54:00:00:0a:01 > 52:54:00:00:0b:01, ethertype IPv4 (0x0800), length 55: 192.0.2.1.39313 > \
                192.0.2.2.9999: UDP, length 13
                """)
    }

    @Test func aTowerOfTagsIsCutOff() {
        let frame = [UInt8](repeating: 2, count: 12) + (0..<500).flatMap { _ in [0x81, 0x00, 0x00, 0x07] as [UInt8] } + [8, 0]
        let tags = String(repeating: "vlan 7, p 0, ", count: 8)
        #expect(Dissection.oneLine(frame.rawBytes) == tags + "…, length \(frame.count)")
    }

    @Test(
        arguments: [
            ([], "none"), ([.syn], "S"), ([.syn, .ack], "S."), ([.fin, .psh, .ack], "FP."), ([.rst], "R"),
            ([.syn, .ece, .cwr], "SEW"), ([.urg, .ack], ".U"),
        ] as [(TCPHeader.Flags, String)])
    func flagsHaveTcpdumpsLetters(flags: TCPHeader.Flags, letters: String) { #expect(flags.description == letters) }

    @Test(
        arguments: [
            ([2, 4, 5, 0xB4], "mss 1460"),
            ([1, 1, 4, 2], "nop,nop,sackOK"),
            ([3, 3, 7, 0], "wscale 7,eol"),
            ([8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1], "TS val 1 ecr 2,nop,nop"),
            ([5, 10, 0, 0, 0, 1, 0, 0, 0, 9, 1, 1], "sack 1 {1:9},nop,nop"),
            ([254, 4, 1, 2], "opt-254:2"),
            ([2, 3, 1, 0], "opt-2:1,eol"),
            ([2, 5, 1, 0], "bad opt"),
            ([2, 0, 1, 0], "bad opt"),
            ([1, 1, 1, 2], "nop,nop,nop,bad opt"),
        ] as [([UInt8], String)])
    func tcpOptions(options: [UInt8], text: String) {
        var built = FrameBuilder()
        (built.source, built.destination) = (0x0A01_000B, 0x0A01_000C)
        built.transport = .tcp
        built.tcpOptionByteCount = options.count
        var frame = built.bytes()
        frame.replaceSubrange(54..<54 + options.count, with: options)
        let line = "IP 10.1.0.11.49152 > 10.1.0.12.80: Flags [.], ack 0, win 100, options [\(text)], length 0"
        #expect(Dissection.oneLine(frame.rawBytes) == line)
    }

    /// Offsets are into an untagged frame: the IPv4 header starts at 14, UDP at 34.
    @Test(
        arguments: [
            (14, [0x55], "IP version 5 (invalid)"),
            (14, [0x44], "IP bad length 16 (invalid)"),
            (16, [0, 0x20], "IP truncated-ip - 4 bytes missing! 0.0.0.1.49152 > 0.0.0.2.80: UDP, length 0"),
            (16, [0, 0x18], "IP 0.0.0.1 > 0.0.0.2: [|udp]"),
            (38, [0, 0x07], "IP 0.0.0.1 > 0.0.0.2: bad length 7 (invalid)"),
            (23, [253], "IP 0.0.0.1 > 0.0.0.2: ip-proto-253, length 8"),
            (23, [47], "IP 0.0.0.1 > 0.0.0.2: GRE, length 8"),
            (23, [6], "IP 0.0.0.1 > 0.0.0.2: [|tcp]"),
            (20, [0x20, 0x02], "IP 0.0.0.1 > 0.0.0.2: frag (16|8) UDP"),
            (12, [0x81, 0x00], "vlan 1280, p 2, LLC, dsap 0x00, ssap 0x00, length 28"),
            (12, [0x88, 0xCC], "LLDP, length 28"),
            (12, [0x00, 0x1C, 0x42, 0x42], "STP, length 28"),
            (12, [0x00, 0x1C], "LLC, dsap 0x45, ssap 0x00, length 28"),
        ] as [(Int, [UInt8], String)])
    func liesAndOddities(offset: Int, bytes: [UInt8], line: String) {
        var frame = FrameBuilder().bytes()
        frame.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        #expect(Dissection.oneLine(frame.rawBytes) == line)
    }

    /// VXLAN in VXLAN in VXLAN: the description ends, and so does the recursion.
    @Test func nestingIsBounded() {
        var built = FrameBuilder()
        built.ports = (50000, 4789)
        for _ in 0..<8 { built.payload = [8, 0, 0, 0, 0, 0, 7, 0] + built.bytes() }
        let one = "IP 0.0.0.1.50000 > 0.0.0.2.4789: VXLAN, flags [I] (0x08), vni 7: "
        let frame = built.bytes()
        #expect(Dissection.oneLine(frame.rawBytes) == one + one + one + one + "…")
        #expect(Dissection.oneLine(frame.rawBytes, vxlanPort: 4790).hasPrefix("IP 0.0.0.1.50000 > 0.0.0.2.4789: UDP, length "))
    }

    @Test(
        arguments: [
            ([0, 0, 0, 0, 0, 0, 9, 0], "VXLAN, flags [invalid] (0x00), vni 9: [|ether]"),
            ([8, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF], "VXLAN, flags [I] (0x08), vni 16777215: [|ether]"),
            ([8, 0, 0], "VXLAN [|vxlan]"),
        ] as [([UInt8], String)])
    func vxlanThatIsWrong(payload: [UInt8], text: String) {
        var built = FrameBuilder()
        built.ports = (50000, 4789)
        built.payload = payload
        let frame = built.bytes()
        #expect(Dissection.oneLine(frame.rawBytes) == "IP 0.0.0.1.50000 > 0.0.0.2.4789: " + text)
    }

    /// The second word of an ICMP header and what it quotes: an IPv4 header and a UDP header's ports.
    @Test(
        arguments: [
            (3, 0, 0, "net 0.0.0.2 unreachable"), (3, 1, 0, "host 0.0.0.2 unreachable"),
            (3, 2, 0, "0.0.0.2 protocol 17 unreachable"), (3, 3, 0, "0.0.0.2 udp port 80 unreachable"),
            (3, 4, 1400, "0.0.0.2 unreachable - need to frag (mtu 1400)"),
            (3, 13, 0, "host 0.0.0.2 unreachable - admin prohibited filter"),
            (11, 0, 0, "time exceeded in-transit"), (11, 1, 0, "ip reassembly time exceeded"),
            (5, 1, 0x0A01_0001, "redirect to 10.1.0.1"), (13, 0, 0, "type-#13"),
        ] as [(UInt8, UInt8, UInt32, String)])
    func icmp(kind: UInt8, code: UInt8, word: UInt32, text: String) {
        let quoted = FrameBuilder().bytes()[14...]
        var built = FrameBuilder()
        built.transport = .icmp
        built.payload = Array(quoted)
        var frame = built.bytes()
        let header = ICMPHeader(kind: .init(rawValue: kind), code: code, word: word)
        frame.replaceSubrange(34..<42, with: emitted(8) { header.emit(into: &$0) })
        #expect(Dissection.oneLine(frame.rawBytes) == "IP 0.0.0.1 > 0.0.0.2: ICMP \(text), length \(8 + quoted.count)")
    }

    @Test(
        arguments: [
            (1, 4, 0, "destination unreachable, unreachable port, ::2 udp port 80"),
            (1, 3, 0, "destination unreachable, unreachable address ::2"),
            (2, 0, 1280, "packet too big, mtu 1280"), (3, 0, 0, "time exceeded in-transit for ::2"),
            (128, 0, 0x0005_0009, "echo request, id 5, seq 9"), (134, 0, 0, "router advertisement"),
            (131, 0, 0, "multicast listener report 6000:0:8:1140::"), (200, 0, 0, "type-#200"),
        ] as [(UInt8, UInt8, UInt32, String)])
    func icmpv6(kind: UInt8, code: UInt8, word: UInt32, text: String) {
        var inner = FrameBuilder()
        inner.isIPv6 = true
        let quoted = inner.bytes()[14...]
        var built = inner
        built.transport = .icmpv6
        built.payload = Array(quoted)
        var frame = built.bytes()
        let header = ICMPv6Header(kind: .init(rawValue: kind), code: code, word: word)
        frame.replaceSubrange(54..<62, with: emitted(8) { header.emit(into: &$0) })
        #expect(Dissection.oneLine(frame.rawBytes) == "IP6 ::1 > ::2: ICMP6, \(text), length \(8 + quoted.count)")
    }

    /// A description put together from what the frame was built of.
    @Test(arguments: UInt64(0)..<200) func agreesWithANaiveDescription(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let built = FrameBuilder(using: &random)
        let frame = built.bytes()
        #expect(Dissection.oneLine(frame.rawBytes) == naiveLine(built))
    }

    private func naiveLine(_ built: FrameBuilder) -> String {
        let tags = built.tags.map { "vlan \($0.vlan), p \($0.priority), " }.joined()
        let address = { (number: UInt128) -> String in
            built.isIPv6
                ? IPv6Address(rawValue: number).description
                : IPv4Address(rawValue: UInt32(truncatingIfNeeded: number)).description
        }
        let hasPorts = built.transport == .tcp || built.transport == .udp
        let from = address(built.source) + (hasPorts ? ".\(built.ports.0)" : "")
        let to = address(built.destination) + (hasPorts ? ".\(built.ports.1)" : "")
        var notes = ""
        var rest = built.networkHeaderByteCount - 40 + built.transportHeaderByteCount + built.payload.count
        for kind in built.isIPv6 ? built.extensions : [] {
            rest -= kind == .authentication ? 12 : 8
            let names: [IPProtocol: String] = [
                .hopByHop: "HBH", .routing: "RT6", .destinationOptions: "DSTOPT", .authentication: "AH", .mobility: "mobility",
                .fragment: "frag (0|\(rest))",
            ]
            notes += (names[kind] ?? "") + " "
        }
        let count = built.payload.count
        let options = [String](repeating: "nop", count: built.tcpOptionByteCount).joined(separator: ",")
        let text =
            switch built.transport {
            case .tcp:
                "Flags [.]" + (count > 0 ? ", seq 7:\(7 + count)" : "") + ", ack 0, win 100"
                    + (options.isEmpty ? "" : ", options [\(options)]") + ", length \(count)"
            case .udp: "UDP, length \(count)"
            case .icmp: "ICMP echo request, id 5, seq 9, length \(8 + count)"
            default: "ICMP6, echo request, id 5, seq 9, length \(8 + count)"
            }
        return "\(tags)\(built.isIPv6 ? "IP6" : "IP") \(from) > \(to): \(notes)\(text)"
    }

    private func withEthernet(_ capture: Capture) -> String {
        Dissection.oneLine(capture.bytes.rawBytes, showsEthernet: true)
    }
}
