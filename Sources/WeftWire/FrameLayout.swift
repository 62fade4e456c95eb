import WeftTypes

/// Where everything in a frame is, found in one pass: tags, network header, transport header, payload, padding.
///
/// All offsets are bytes from the start of the frame. What is not IP is not wrong: it has no transport. What claims to be
/// IP and is not so says why in ``malformation``; whether such a frame is forwarded is not decided here.
@frozen public struct FrameLayout: Hashable, Sendable {
    /// The most stacked tags that are looked through.
    @inlinable public static var tagLimit: Int { 4 }

    /// What the frame carries, tags aside.
    @frozen public enum Network: Hashable, Sendable, CaseIterable {
        case ipv4, ipv6, arp, other
    }

    // Stored narrow: a layout is made for each frame, and handed on by value from stage to stage.
    @usableFromInline var narrowByteCount: UInt32
    @usableFromInline var narrowPacketEnd: UInt32
    @usableFromInline var narrowTransportEnd: UInt32
    @usableFromInline var narrowTransportOffset: Int32 = -1
    @usableFromInline var narrowNetworkHeaderByteCount: UInt16 = 0
    @usableFromInline var narrowTransportHeaderByteCount: UInt8 = 0
    @usableFromInline var narrowTagCount: UInt8 = 0

    /// The addresses, and the type before any tag.
    public let ethernet: EthernetHeader
    /// The first tag.
    public private(set) var outerTag: VLANTag?
    /// The type after the tags.
    public private(set) var etherType: EtherType
    /// What the frame carries, by ``etherType``.
    public private(set) var network = Network.other
    /// The protocol after the network header; nil unless IP.
    public private(set) var transportProtocol: IPProtocol?
    /// Whether the packet is a part of a larger one.
    public private(set) var isFragment = false
    /// Whether routers must not cut the packet: IPv4's DF bit, and always in IPv6.
    public private(set) var dontFragment = false
    /// Whether an IPv6 routing header names stops yet to come (``IPv6Extensions/hasSegmentsLeft``).
    public private(set) var hasSegmentsLeft = false
    /// Which header is not what it claims to be; then there is no transport offset. An error of a parser names it.
    public private(set) var malformation: WireError.Header?

    /// Lays out a frame.
    ///
    /// - Throws: ``WireError`` `.truncated` below 14 bytes, and nothing else.
    public init(parsing frame: RawSpan) throws(WireError) {
        ethernet = try EthernetHeader(parsing: frame)
        narrowByteCount = UInt32(clamping: frame.byteCount)
        narrowPacketEnd = narrowByteCount
        narrowTransportEnd = narrowByteCount
        etherType = ethernet.etherType
        do throws(WireError) {
            try parseTags(frame)
            switch etherType {
            case .ipv4: try parseIPv4(frame)
            case .ipv6: try parseIPv6(frame)
            case .arp: network = .arp
            default: break
            }
        } catch {
            malformation = error.header
            narrowTransportOffset = -1
            narrowTransportHeaderByteCount = 0
        }
    }

    /// Bytes of the frame, padding included.
    @inlinable public var byteCount: Int { Int(narrowByteCount) }
    /// How many tags there are.
    @inlinable public var tagCount: Int { Int(narrowTagCount) }
    /// The network header with IPv4 options or IPv6 extension headers; 0 unless IP and well formed.
    @inlinable public var networkHeaderByteCount: Int { Int(narrowNetworkHeaderByteCount) }
    /// The end of the IP packet; padding follows. For all else, the end of the frame.
    @inlinable public var packetEnd: Int { Int(narrowPacketEnd) }
    /// Where the transport header is; nil unless IP, and in every fragment but the first.
    @inlinable public var transportOffset: Int? { narrowTransportOffset < 0 ? nil : Int(narrowTransportOffset) }
    /// The transport header with its options; 0 unless it is TCP, UDP, ICMP or ICMPv6.
    @inlinable public var transportHeaderByteCount: Int { Int(narrowTransportHeaderByteCount) }
    /// The end of what the transport covers: of the UDP datagram, which may end before the packet does; else of the packet.
    @inlinable public var transportEnd: Int { Int(narrowTransportEnd) }
    /// The Ethernet header and all tags in bytes.
    @inlinable public var l2ByteCount: Int { EthernetHeader.byteCount + VLANTag.byteCount * tagCount }
    /// Where the network header is.
    @inlinable public var networkOffset: Int { l2ByteCount }
    /// Whether it claims to be IP of either version.
    @inlinable public var isIP: Bool { network == .ipv4 || network == .ipv6 }
    /// Where the bytes after the transport header are; nil where there is no transport.
    @inlinable public var payloadOffset: Int? { transportOffset.map { $0 + transportHeaderByteCount } }

    /// Where the transport checksum is; nil where the frame alone can't tell whether it is right: no TCP, UDP, ICMP or
    /// ICMPv6, a fragment, or a destination hidden by a routing header.
    @inlinable public var transportChecksumOffset: Int? {
        guard let transportOffset, !isFragment, transportHeaderByteCount > 0 else { return nil }
        switch transportProtocol {
        case .tcp: return hasSegmentsLeft ? nil : transportOffset + TCPHeader.checksumOffset
        case .udp: return hasSegmentsLeft ? nil : transportOffset + UDPHeader.checksumOffset
        case .icmp: return transportOffset + ICMPHeader.checksumOffset
        case .icmpv6: return hasSegmentsLeft ? nil : transportOffset + ICMPv6Header.checksumOffset
        default: return nil
        }
    }
}

extension FrameLayout {
    private mutating func parseTags(_ frame: RawSpan) throws(WireError) {
        while etherType.isTag {
            guard tagCount < Self.tagLimit else { throw .tooMany(.vlan, limit: Self.tagLimit) }
            let offset = l2ByteCount  // of the control information; the next type is behind it
            guard byteCount - offset >= VLANTag.byteCount else {
                throw .truncated(.vlan, needed: VLANTag.byteCount, got: byteCount - offset)
            }
            if tagCount == 0 {
                outerTag = VLANTag(tpid: etherType, controlInformation: frame.bigEndian(at: offset))
            }
            etherType = EtherType(rawValue: frame.bigEndian(at: offset + 2))
            narrowTagCount += 1
        }
    }

    private mutating func parseIPv4(_ frame: RawSpan) throws(WireError) {
        network = .ipv4
        let base = networkOffset
        let header = try IPv4Header(parsing: frame.extracting(base..<byteCount))
        guard Int(header.totalLength) <= byteCount - base else {
            throw .truncated(.ipv4, needed: Int(header.totalLength), got: byteCount - base)
        }
        narrowNetworkHeaderByteCount = UInt16(clamping: header.headerByteCount)
        narrowPacketEnd = UInt32(clamping: base + Int(header.totalLength))
        narrowTransportEnd = narrowPacketEnd
        transportProtocol = header.protocolNumber
        isFragment = header.isFragment
        dontFragment = header.dontFragment
        if header.fragmentOffset == 0 { try parseTransport(frame, header.protocolNumber, at: base + header.headerByteCount) }
    }

    private mutating func parseIPv6(_ frame: RawSpan) throws(WireError) {
        network = .ipv6
        dontFragment = true
        let base = networkOffset
        let header = try IPv6Header(parsing: frame.extracting(base..<byteCount))
        let start = base + IPv6Header.byteCount
        guard Int(header.payloadLength) <= byteCount - start else {
            throw .truncated(.ipv6, needed: Int(header.payloadLength), got: byteCount - start)
        }
        narrowPacketEnd = UInt32(clamping: start + Int(header.payloadLength))
        narrowTransportEnd = narrowPacketEnd
        let extensions = try IPv6Extensions(parsing: frame.extracting(start..<packetEnd), nextHeader: header.nextHeader)
        narrowNetworkHeaderByteCount = UInt16(clamping: IPv6Header.byteCount + extensions.byteCount)
        transportProtocol = extensions.protocolNumber
        isFragment = extensions.isFragment
        hasSegmentsLeft = extensions.hasSegmentsLeft
        if let fragment = extensions.fragment, fragment.offset != 0 { return }
        try parseTransport(frame, extensions.protocolNumber, at: start + extensions.byteCount)
    }

    private mutating func parseTransport(
        _ frame: RawSpan, _ protocolNumber: IPProtocol, at offset: Int
    ) throws(WireError) {
        let bytes = frame.extracting(offset..<packetEnd)
        switch (protocolNumber, network) {
        case (.tcp, _): narrowTransportHeaderByteCount = UInt8(clamping: try TCPHeader(parsing: bytes).headerByteCount)
        case (.udp, _):
            let length = Int(try UDPHeader(parsing: bytes).length)
            // A first fragment is shorter than its datagram; bytes after a datagram are legal (RFC 9868 §7).
            guard isFragment || length <= bytes.byteCount else {
                throw .truncated(.udp, needed: length, got: bytes.byteCount)
            }
            narrowTransportHeaderByteCount = UInt8(clamping: UDPHeader.byteCount)
            narrowTransportEnd = UInt32(clamping: min(packetEnd, offset + length))
        case (.icmp, .ipv4):
            _ = try ICMPHeader(parsing: bytes)
            narrowTransportHeaderByteCount = UInt8(clamping: ICMPHeader.byteCount)
        case (.icmpv6, .ipv6):
            _ = try ICMPv6Header(parsing: bytes)
            narrowTransportHeaderByteCount = UInt8(clamping: ICMPv6Header.byteCount)
        default: break
        }
        narrowTransportOffset = Int32(clamping: offset)
    }
}
