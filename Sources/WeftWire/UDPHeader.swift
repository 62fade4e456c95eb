import WeftTypes

/// The UDP header, 8 bytes, big-endian (RFC 768).
///
///     |         source port         |       destination port        |
///     |            length           |            checksum           |
@frozen public struct UDPHeader: Hashable, Sendable {
    /// Encoded size in bytes.
    @inlinable public static var byteCount: Int { 8 }
    /// Where the checksum is, in bytes from the start: virtio's `csum_offset`.
    @inlinable public static var checksumOffset: Int { 6 }
    /// The sender's port.
    public let sourcePort: UInt16
    /// The receiver's port.
    public let destinationPort: UInt16
    /// Header and payload in bytes, at least 8.
    public let length: UInt16
    /// The checksum as it is on the wire; 0 means none (RFC 768; over IPv6 only as RFC 6935 allows).
    public let checksum: UInt16

    /// Creates a header; `length` is at least 8.
    @inlinable public init(sourcePort: UInt16, destinationPort: UInt16, length: UInt16, checksum: UInt16 = 0) {
        precondition(Int(length) >= Self.byteCount, "length \(length)")
        self.sourcePort = sourcePort
        self.destinationPort = destinationPort
        self.length = length
        self.checksum = checksum
    }

    /// Parses the front of an IP payload, of which no more than the header need be there (a first fragment has less than
    /// ``length``).
    ///
    /// - Throws: ``WireError`` `.truncated` below 8 bytes, `.badLength` when the length field is below 8.
    @inlinable public init(parsing bytes: RawSpan) throws(WireError) {
        guard bytes.byteCount >= Self.byteCount else {
            throw .truncated(.udp, needed: Self.byteCount, got: bytes.byteCount)
        }
        let length: UInt16 = bytes.bigEndian(at: 4)
        guard Int(length) >= Self.byteCount else { throw .badLength(.udp, length: Int(length)) }
        self.sourcePort = bytes.bigEndian(at: 0)
        self.destinationPort = bytes.bigEndian(at: 2)
        self.length = length
        self.checksum = bytes.bigEndian(at: 6)
    }

    /// Writes 8 bytes with ``checksum`` as it is.
    @inlinable public func emit(into bytes: inout MutableRawSpan) {
        bytes.storeBigEndian(sourcePort, at: 0)
        bytes.storeBigEndian(destinationPort, at: 2)
        bytes.storeBigEndian(length, at: 4)
        bytes.storeBigEndian(checksum, at: 6)
    }
}
