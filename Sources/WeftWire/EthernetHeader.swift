import WeftTypes

/// The Ethernet II header, 14 bytes, big-endian (IEEE 802.3 §3, RFC 894).
///
///     |             destination (6)             |               source (6)              | type (2) |
///
/// A tagged frame has the tag's type here, and the tag after it (``VLANTag``).
@frozen public struct EthernetHeader: Hashable, Sendable {
    /// Encoded size in bytes.
    @inlinable public static var byteCount: Int { 14 }
    /// The station or group the frame is for.
    public let destination: MACAddress
    /// The station that sent it.
    public let source: MACAddress
    /// What follows: a payload, or a VLAN tag.
    public let etherType: EtherType

    /// Creates a header.
    @inlinable public init(destination: MACAddress, source: MACAddress, etherType: EtherType) {
        self.destination = destination
        self.source = source
        self.etherType = etherType
    }

    /// Parses the front of a frame.
    ///
    /// - Throws: ``WireError`` `.truncated` below 14 bytes.
    @inlinable public init(parsing bytes: RawSpan) throws(WireError) {
        guard bytes.byteCount >= Self.byteCount else {
            throw .truncated(.ethernet, needed: Self.byteCount, got: bytes.byteCount)
        }
        self.destination = bytes.macAddress(at: 0)
        self.source = bytes.macAddress(at: 6)
        self.etherType = EtherType(rawValue: bytes.bigEndian(at: 12))
    }

    /// Writes 14 bytes to the front of `bytes`.
    @inlinable public func emit(into bytes: inout MutableRawSpan) {
        bytes.storeMACAddress(destination, at: 0)
        bytes.storeMACAddress(source, at: 6)
        bytes.storeBigEndian(etherType.rawValue, at: 12)
    }
}
