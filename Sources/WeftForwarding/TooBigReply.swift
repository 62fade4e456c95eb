import WeftTypes
import WeftWire

/// The ICMP message that tells a guest which packet size its segment takes (RFC 1191 §4, RFC 4443 §3.2).
///
/// It comes as if from the packet's destination, as the kernel's own tunnels do it: no address of the host shows, and the
/// guest's path MTU cache takes it.
public enum TooBigReply {
    /// Room for the largest reply: four tags and 1280 bytes.
    public static var maximumByteCount: Int { 14 + 4 * VLANTag.byteCount + 1280 }

    /// Whether the packet may be answered (RFC 1122 §3.2.2, RFC 4443 §2.4 (e)): from one station to one station, no ICMP
    /// error, no later fragment.
    public static func isDue(for frame: RawSpan, _ layout: FrameLayout) -> Bool {
        guard layout.malformation == nil, layout.ethernet.destination.isStation, layout.ethernet.source.isStation else {
            return false
        }
        let base = layout.networkOffset
        switch layout.network {
        case .ipv4:
            let source = frame.ipv4Address(at: base + 12)
            let destination = frame.ipv4Address(at: base + 16)
            guard isHost(source), isHost(destination), let transport = layout.transportOffset else { return false }
            guard layout.transportProtocol == .icmp else { return true }
            guard transport < layout.packetEnd else { return false }
            let type: UInt8 = frame.bigEndian(at: transport)
            return ![3, 4, 5, 11, 12].contains(type)
        case .ipv6:
            let source = frame.ipv6Address(at: base + 8)
            let destination = frame.ipv6Address(at: base + 24)
            guard !source.isMulticast, !source.isUnspecified, !destination.isMulticast else { return false }
            guard layout.transportProtocol == .icmpv6 else { return true }
            guard let transport = layout.transportOffset, transport < layout.packetEnd else { return false }
            return frame.bigEndian(at: transport, as: UInt8.self) >= 128
        case .arp, .other: return false
        }
    }

    private static func isHost(_ address: IPv4Address) -> Bool {
        !address.isMulticast && !address.isLimitedBroadcast && !address.isLoopback && address.rawValue >> 24 != 0
    }

    /// Writes the answer to the front of `reply`, which has ``maximumByteCount`` bytes.
    ///
    /// - Returns: its size in bytes, or nil when ``isDue(for:_:)`` is false.
    public static func emit(
        for frame: RawSpan, _ layout: FrameLayout, mtu: Int, into reply: inout MutableRawSpan
    ) -> Int? {
        guard isDue(for: frame, layout) else { return nil }
        let base = layout.l2ByteCount
        reply.copy(frame.extracting(0..<base), at: 0)  // tags and type as they came
        reply.storeMACAddress(layout.ethernet.source, at: 0)
        reply.storeMACAddress(layout.ethernet.destination, at: 6)
        return layout.network == .ipv4
            ? emitIPv4(for: frame, layout, mtu: mtu, into: &reply)
            : emitIPv6(for: frame, layout, mtu: mtu, into: &reply)
    }

    /// Type 3 code 4 with the next-hop MTU, quoting as much as fits 576 bytes (RFC 1812 §4.3.2.3).
    private static func emitIPv4(
        for frame: RawSpan, _ layout: FrameLayout, mtu: Int, into reply: inout MutableRawSpan
    ) -> Int {
        let base = layout.networkOffset
        let icmp = base + IPv4Header.byteCount
        let quote = base..<min(layout.packetEnd, base + 576 - IPv4Header.byteCount - 8)
        let end = icmp + 8 + quote.count
        reply.storeBigEndian(UInt16(0x45C0), at: base)  // precedence "internetwork control"
        reply.storeBigEndian(UInt16(truncatingIfNeeded: end - base), at: base + 2)
        reply.storeBigEndian(UInt32(0), at: base + 4)
        reply.storeBigEndian(UInt16(0x4001), at: base + 8)  // TTL 64, ICMP
        reply.storeBigEndian(frame.ipv4Address(at: base + 16).rawValue, at: base + 12)
        reply.storeBigEndian(frame.ipv4Address(at: base + 12).rawValue, at: base + 16)
        reply.storeIPv4Checksum(at: base, byteCount: IPv4Header.byteCount)
        reply.storeBigEndian(UInt32(0x0304_0000), at: icmp)
        reply.storeBigEndian(UInt32(UInt16(clamping: mtu)), at: icmp + 4)
        reply.copy(frame.extracting(quote), at: icmp + 8)
        reply.storeBigEndian(~Checksum.fold(Checksum.sum(reply.bytes.extracting(icmp..<end))), at: icmp + 2)
        return end
    }

    /// Type 2 code 0 with the MTU, quoting as much as fits 1280 bytes.
    private static func emitIPv6(
        for frame: RawSpan, _ layout: FrameLayout, mtu: Int, into reply: inout MutableRawSpan
    ) -> Int {
        let base = layout.networkOffset
        let icmp = base + IPv6Header.byteCount
        let quote = base..<min(layout.packetEnd, base + 1280 - IPv6Header.byteCount - 8)
        let end = icmp + 8 + quote.count
        let (source, destination) = (frame.ipv6Address(at: base + 24), frame.ipv6Address(at: base + 8))
        reply.storeBigEndian(UInt32(0x6000_0000), at: base)
        reply.storeBigEndian(UInt16(truncatingIfNeeded: end - icmp), at: base + 4)
        reply.storeBigEndian(UInt16(0x3A40), at: base + 6)  // ICMPv6, hop limit 64
        reply.storeBigEndian(source.rawValue, at: base + 8)
        reply.storeBigEndian(destination.rawValue, at: base + 24)
        reply.storeBigEndian(UInt32(0x0200_0000), at: icmp)
        reply.storeBigEndian(UInt32(truncatingIfNeeded: mtu), at: icmp + 4)
        reply.copy(frame.extracting(quote), at: icmp + 8)
        let pseudoHeader = Checksum.pseudoHeaderSum(
            source: source, destination: destination, protocolNumber: .icmpv6, byteCount: end - icmp)
        reply.storeBigEndian(
            ~Checksum.fold(Checksum.sum(reply.bytes.extracting(icmp..<end), initial: pseudoHeader)), at: icmp + 2)
        return end
    }
}
