import WeftTypes

/// The IPv4 header without its options, 20 bytes, big-endian (RFC 791 §3.1, RFC 2474, RFC 3168).
///
///     |version|  IHL  |  DSCP   |ECN|          total length         |
///     |        identification       |0|D|M|     fragment offset     |
///     |      TTL      |  protocol   |        header checksum        |
///     |                            source                           |
///     |                         destination                         |
///     |                 options, IHL − 5 words of 32 bits           |
@frozen public struct IPv4Header: Hashable, Sendable {
    /// Encoded size in bytes of the part without options, which is also the smallest header.
    @inlinable public static var byteCount: Int { 20 }
    /// The whole header with its options in bytes: 20…60, a multiple of 4.
    public let headerByteCount: Int
    /// Differentiated services code point, 0…63 (RFC 2474).
    public let dscp: UInt8
    /// Explicit congestion notification, 0…3 (RFC 3168).
    public let ecn: UInt8
    /// Header and payload in bytes; at least ``headerByteCount``.
    public let totalLength: UInt16
    /// Which fragments belong together.
    public let identification: UInt16
    /// Whether routers must not cut the packet.
    public let dontFragment: Bool
    /// Whether this is a fragment and not the last one.
    public let moreFragments: Bool
    /// Where the payload belongs in the whole, in bytes: 0…65528, a multiple of 8.
    public let fragmentOffset: UInt16
    /// Hops left.
    public let ttl: UInt8
    /// What the payload is.
    public let protocolNumber: IPProtocol
    /// The header checksum as it is on the wire; ``Checksum/isValidIPv4Header(_:)`` checks it.
    public let checksum: UInt16
    /// The sender.
    public let source: IPv4Address
    /// The receiver.
    public let destination: IPv4Address

    /// Creates a header; the checksum is filled in by ``Checksum/storeIPv4Header(into:)`` once options are written.
    @inlinable public init(
        headerByteCount: Int = 20, dscp: UInt8 = 0, ecn: UInt8 = 0, totalLength: UInt16, identification: UInt16 = 0,
        dontFragment: Bool = false, moreFragments: Bool = false, fragmentOffset: UInt16 = 0, ttl: UInt8 = 64,
        protocolNumber: IPProtocol, checksum: UInt16 = 0, source: IPv4Address, destination: IPv4Address
    ) {
        precondition((20...60).contains(headerByteCount) && headerByteCount % 4 == 0, "header of \(headerByteCount) bytes")
        precondition(dscp < 64 && ecn < 4, "DSCP \(dscp), ECN \(ecn)")
        precondition(Int(totalLength) >= headerByteCount, "total length \(totalLength) below \(headerByteCount)")
        precondition(fragmentOffset % 8 == 0, "fragment offset \(fragmentOffset)")
        self.headerByteCount = headerByteCount
        self.dscp = dscp
        self.ecn = ecn
        self.totalLength = totalLength
        self.identification = identification
        self.dontFragment = dontFragment
        self.moreFragments = moreFragments
        self.fragmentOffset = fragmentOffset
        self.ttl = ttl
        self.protocolNumber = protocolNumber
        self.checksum = checksum
        self.source = source
        self.destination = destination
    }

    /// Parses the front of an IPv4 packet, of which no more than the header need be there (ICMP quotes packets so).
    ///
    /// - Throws: ``WireError`` `.truncated` when the header or its options are cut short, `.badVersion`, `.badLength` when
    ///   the header length is below 20 or above the total length.
    @inlinable public init(parsing bytes: RawSpan) throws(WireError) {
        guard bytes.byteCount >= Self.byteCount else {
            throw .truncated(.ipv4, needed: Self.byteCount, got: bytes.byteCount)
        }
        let first: UInt16 = bytes.bigEndian(at: 0)
        guard first >> 12 == 4 else { throw .badVersion(.ipv4, version: UInt8(first >> 12)) }
        let headerByteCount = Int(first >> 8 & 0xF) * 4
        guard headerByteCount >= Self.byteCount else { throw .badLength(.ipv4, length: headerByteCount) }
        guard bytes.byteCount >= headerByteCount else {
            throw .truncated(.ipv4, needed: headerByteCount, got: bytes.byteCount)
        }
        let totalLength: UInt16 = bytes.bigEndian(at: 2)
        guard Int(totalLength) >= headerByteCount else { throw .badLength(.ipv4, length: Int(totalLength)) }
        let fragment: UInt16 = bytes.bigEndian(at: 6)
        self.headerByteCount = headerByteCount
        self.dscp = UInt8(truncatingIfNeeded: first & 0xFF) >> 2
        self.ecn = UInt8(truncatingIfNeeded: first & 3)
        self.totalLength = totalLength
        self.identification = bytes.bigEndian(at: 4)
        self.dontFragment = fragment & 0x4000 != 0
        self.moreFragments = fragment & 0x2000 != 0
        self.fragmentOffset = fragment << 3
        self.ttl = bytes.bigEndian(at: 8)
        self.protocolNumber = IPProtocol(rawValue: bytes.bigEndian(at: 9))
        self.checksum = bytes.bigEndian(at: 10)
        self.source = bytes.ipv4Address(at: 12)
        self.destination = bytes.ipv4Address(at: 16)
    }

    /// Whether the packet is a part of a larger one.
    @inlinable public var isFragment: Bool { moreFragments || fragmentOffset != 0 }
    /// Bytes after the header, as the total length has it.
    @inlinable public var payloadByteCount: Int { Int(totalLength) - headerByteCount }

    /// Writes the first 20 bytes with ``checksum`` as it is; the options after them, if any, are the caller's.
    @inlinable public func emit(into bytes: inout MutableRawSpan) {
        let fragment = (dontFragment ? 0x4000 : 0) | (moreFragments ? 0x2000 : 0) | fragmentOffset >> 3
        bytes.storeBigEndian(UInt8(truncatingIfNeeded: 0x40 | headerByteCount / 4), at: 0)
        bytes.storeBigEndian(dscp << 2 | ecn, at: 1)
        bytes.storeBigEndian(totalLength, at: 2)
        bytes.storeBigEndian(identification, at: 4)
        bytes.storeBigEndian(fragment, at: 6)
        bytes.storeBigEndian(ttl, at: 8)
        bytes.storeBigEndian(protocolNumber.rawValue, at: 9)
        bytes.storeBigEndian(checksum, at: 10)
        bytes.storeBigEndian(source.rawValue, at: 12)
        bytes.storeBigEndian(destination.rawValue, at: 16)
    }
}
