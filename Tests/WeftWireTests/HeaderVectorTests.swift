import Testing
import WeftTypes
import WeftWire

/// Each header against bytes whose fields are known, in both directions; the frames are those of ``Capture``.
@Suite struct HeaderVectorTests {
    @Test func ethernet() throws {
        let wire = Array(Capture.arpRequest.bytes.prefix(14))
        let header = try EthernetHeader(parsing: wire.rawBytes)
        #expect(header.destination == .broadcast)
        #expect(header.source.description == "52:54:00:00:0a:01")
        #expect(header.etherType == .arp)
        #expect(emitted(14) { header.emit(into: &$0) } == wire)
    }

    @Test func tags() throws {
        let frame = Capture.stackedTags.bytes
        let outer = try VLANTag(parsing: frame.rawBytes.extracting(12..<16))
        #expect(outer == VLANTag(tpid: .serviceVLAN, vlan: 200))
        let inner = try VLANTag(parsing: frame.rawBytes.extracting(16..<20))
        #expect(inner == VLANTag(tpid: .vlan, priority: 0, isDropEligible: true, vlan: 10))
        #expect(inner.vlanID == VLANID(10))
        #expect(emitted(4) { inner.emit(into: &$0) } == Array(frame[16..<20]))
        #expect(VLANTag(vlan: 0).vlanID == nil && VLANTag(vlan: 4095).vlanID == nil)
    }

    @Test func arp() throws {
        let wire = Array(Capture.arpReply.bytes.dropFirst(14))
        let packet = try ARPPacket(parsing: wire.rawBytes)
        #expect(packet.operation == .reply)
        #expect(packet.senderMAC.description == "52:54:00:00:0b:01" && packet.sender.description == "192.0.2.2")
        #expect(packet.targetMAC.description == "52:54:00:00:0a:01" && packet.target.description == "192.0.2.1")
        #expect(!packet.isGratuitous && !packet.isProbe)
        #expect(emitted(28) { packet.emit(into: &$0) } == wire)
    }

    @Test func arpProbesAndAnnouncements() throws {
        let address = try #require(IPv4Address("192.0.2.1"))
        let nobody = IPv4Address(rawValue: 0)
        let probe = ARPPacket(operation: .request, senderMAC: .zero, sender: nobody, targetMAC: .zero, target: address)
        #expect(probe.isProbe && !probe.isGratuitous)
        for operation in [ARPPacket.Operation.request, .reply] {
            let announcement = ARPPacket(
                operation: operation, senderMAC: .zero, sender: address, targetMAC: .zero, target: address)
            #expect(announcement.isGratuitous && !announcement.isProbe)
        }
    }

    @Test func ipv4WithOptions() throws {
        let wire = Array(Capture.udpRouterAlert.bytes[14..<38])
        let header = try IPv4Header(parsing: wire.rawBytes)
        #expect(header.headerByteCount == 24 && header.totalLength == 35 && header.payloadByteCount == 11)
        #expect(header.dontFragment && !header.isFragment && header.ttl == 64 && header.protocolNumber == .udp)
        #expect(header.source.description == "192.0.2.1" && header.destination.description == "192.0.2.2")
        #expect(emitted(20) { header.emit(into: &$0) } == Array(wire.prefix(20)))
        #expect(isValidIPv4Header(wire))
    }

    @Test func ipv4Fragment() throws {
        let header = try IPv4Header(parsing: Capture.lastFragment.slice(14..<34).rawBytes)
        #expect(header.fragmentOffset == 2960 && !header.moreFragments && !header.dontFragment && header.isFragment)
    }

    /// A well-known example: the checksum of 4500 0073 0000 4000 4011 … c0a8 0001 c0a8 00c7 is b861.
    @Test func ipv4ChecksumIsStored() throws {
        var header: [UInt8] = [
            0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
            0xDE, 0xAD,  // checksum, to be replaced
            0xC0, 0xA8, 0x00, 0x01, 0xC0, 0xA8, 0x00, 0xC7,
        ]
        #expect(!isValidIPv4Header(header))
        header.withMutableRawBytes { Checksum.storeIPv4Header(into: &$0) }
        #expect(header[10] == 0xB8 && header[11] == 0x61)
        #expect(isValidIPv4Header(header))
    }

    @Test func ipv6() throws {
        let wire = Array(Capture.udpExtensions.bytes[14..<54])
        let header = try IPv6Header(parsing: wire.rawBytes)
        #expect(header.nextHeader == .hopByHop && header.payloadLength == 31 && header.hopLimit == 64)
        #expect(header.source.description == "2001:db8::1" && header.destination.description == "2001:db8::2")
        #expect(emitted(40) { header.emit(into: &$0) } == wire)
        let rest = Capture.udpExtensions.slice(54..<85)
        let extensions = try IPv6Extensions(parsing: rest.rawBytes, nextHeader: header.nextHeader)
        #expect(extensions.byteCount == 16 && extensions.count == 2 && extensions.protocolNumber == .udp)
        #expect(extensions.fragment == nil && !extensions.hasSegmentsLeft)
    }

    @Test func ipv6Fragment() throws {
        let frame = Capture.lastFragment6.bytes
        let rest = frame.rawBytes.extracting(54..<frame.count)
        let extensions = try IPv6Extensions(parsing: rest, nextHeader: .fragment)
        #expect(extensions.fragment?.offset == 2896 && extensions.fragment?.moreFragments == false)
        #expect(extensions.protocolNumber == .icmpv6 && extensions.byteCount == 8 && extensions.isFragment)
    }

    @Test func tcp() throws {
        let frame = Capture.tcpSegment6.bytes
        let wire = Array(frame[54...])
        let header = try TCPHeader(parsing: wire.rawBytes)
        #expect(header.destinationPort == 8080 && header.headerByteCount == 32 && header.flags == [.psh, .ack])
        #expect(header.window == 64 && header.urgentPointer == 0)
        #expect(emitted(20) { header.emit(into: &$0) } == Array(wire.prefix(20)))
    }

    @Test func udp() throws {
        let wire = Array(Capture.udpOdd.bytes[34..<42])
        let header = try UDPHeader(parsing: wire.rawBytes)
        #expect(header.destinationPort == 9999 && header.length == 21)
        #expect(emitted(8) { header.emit(into: &$0) } == wire)
    }

    @Test func icmp() throws {
        let wire = Array(Capture.udpUnreachable.bytes[34..<42])
        let header = try ICMPHeader(parsing: wire.rawBytes)
        #expect(header.kind == .destinationUnreachable && header.code == 3 && header.kind.isError)
        #expect(emitted(8) { header.emit(into: &$0) } == wire)
        let echo = try ICMPHeader(parsing: Capture.echoRequest.slice(34..<42).rawBytes)
        #expect(echo.kind == .echoRequest && echo.sequence == 1 && echo.identifier == 19725 && !echo.kind.isError)
    }

    @Test func icmpv6() throws {
        let wire = Array(Capture.neighbourAdvertisement.bytes[54..<62])
        let header = try ICMPv6Header(parsing: wire.rawBytes)
        #expect(header.kind == .neighbourAdvertisement && header.word == 0x6000_0000 && !header.kind.isError)
        #expect(emitted(8) { header.emit(into: &$0) } == wire)
    }

    /// As a guest's kernel hands over a 64 KB TCP superframe: flags, type, and four little-endian numbers.
    @Test func virtioNet() throws {
        let wire: [UInt8] = [
            0x01,  // needs checksum
            0x81,  // TCP over IPv4, ECN
            0x42, 0x00,  // 66 bytes of headers
            0x76, 0x05,  // segments of 1398
            0x22, 0x00,  // checksum from 34
            0x10, 0x00,  // stored at 34 + 16
        ]
        let header = try VirtioNetHeader(parsing: wire.rawBytes)
        let expected = VirtioNetHeader(
            flags: .needsChecksum, segmentation: .tcpv4, hasECN: true, headerLength: 66, segmentSize: 1398, checksumStart: 34,
            checksumOffset: 16)
        #expect(header == expected)
        #expect(emitted(10) { header.emit(into: &$0) } == wire)
        #expect(header.isConsistent(withFrameOf: 52) && !header.isConsistent(withFrameOf: 51))
        #expect(emitted(10) { VirtioNetHeader.complete.emit(into: &$0) } == [UInt8](repeating: 0, count: 10))
        #expect(!VirtioNetHeader(segmentation: .udpL4).isConsistent(withFrameOf: 100))
    }
}

extension Capture {
    fileprivate func slice(_ range: Range<Int>) -> [UInt8] { Array(bytes[range]) }
}

private func isValidIPv4Header(_ bytes: [UInt8]) -> Bool { Checksum.isValidIPv4Header(bytes.rawBytes) }
