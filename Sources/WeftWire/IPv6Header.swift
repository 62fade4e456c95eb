import WeftTypes

/// The IPv6 header, 40 bytes, big-endian (RFC 8200 §3).
///
///     |version| traffic class |              flow label             |
///     |        payload length       |  next header  |   hop limit   |
///     |                         source (16)                         |
///     |                       destination (16)                      |
@frozen public struct IPv6Header: Hashable, Sendable {
    /// Encoded size in bytes.
    @inlinable public static var byteCount: Int { 40 }
    /// Differentiated services code point, 0…63 (RFC 2474).
    public let dscp: UInt8
    /// Explicit congestion notification, 0…3 (RFC 3168).
    public let ecn: UInt8
    /// The sender's name for a flow, 0…1048575 (RFC 6437).
    public let flowLabel: UInt32
    /// Bytes after this header, extension headers included.
    public let payloadLength: UInt16
    /// What follows: an extension header (``IPv6Extensions``) or the payload.
    public let nextHeader: IPProtocol
    /// Hops left.
    public let hopLimit: UInt8
    /// The sender.
    public let source: IPv6Address
    /// The receiver, or the next stop when a routing header follows.
    public let destination: IPv6Address

    /// Creates a header.
    @inlinable public init(
        dscp: UInt8 = 0, ecn: UInt8 = 0, flowLabel: UInt32 = 0, payloadLength: UInt16, nextHeader: IPProtocol,
        hopLimit: UInt8 = 64, source: IPv6Address, destination: IPv6Address
    ) {
        precondition(dscp < 64 && ecn < 4 && flowLabel < 1 << 20, "DSCP \(dscp), ECN \(ecn), flow label \(flowLabel)")
        self.dscp = dscp
        self.ecn = ecn
        self.flowLabel = flowLabel
        self.payloadLength = payloadLength
        self.nextHeader = nextHeader
        self.hopLimit = hopLimit
        self.source = source
        self.destination = destination
    }

    /// Parses the front of an IPv6 packet, of which no more than the header need be there.
    ///
    /// - Throws: ``WireError`` `.truncated` below 40 bytes, `.badVersion`.
    @inlinable public init(parsing bytes: RawSpan) throws(WireError) {
        guard bytes.byteCount >= Self.byteCount else {
            throw .truncated(.ipv6, needed: Self.byteCount, got: bytes.byteCount)
        }
        let first: UInt32 = bytes.bigEndian(at: 0)
        guard first >> 28 == 6 else { throw .badVersion(.ipv6, version: UInt8(first >> 28)) }
        self.dscp = UInt8(truncatingIfNeeded: first >> 22 & 0x3F)
        self.ecn = UInt8(truncatingIfNeeded: first >> 20 & 3)
        self.flowLabel = first & 0xF_FFFF
        self.payloadLength = bytes.bigEndian(at: 4)
        self.nextHeader = IPProtocol(rawValue: bytes.bigEndian(at: 6))
        self.hopLimit = bytes.bigEndian(at: 7)
        self.source = bytes.ipv6Address(at: 8)
        self.destination = bytes.ipv6Address(at: 24)
    }

    /// Writes 40 bytes to the front of `bytes`.
    @inlinable public func emit(into bytes: inout MutableRawSpan) {
        bytes.storeBigEndian(6 << 28 | UInt32(dscp) << 22 | UInt32(ecn) << 20 | flowLabel, at: 0)
        bytes.storeBigEndian(payloadLength, at: 4)
        bytes.storeBigEndian(nextHeader.rawValue, at: 6)
        bytes.storeBigEndian(hopLimit, at: 7)
        bytes.storeBigEndian(source.rawValue, at: 8)
        bytes.storeBigEndian(destination.rawValue, at: 24)
    }
}
