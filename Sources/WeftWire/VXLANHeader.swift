import WeftTypes

/// The VXLAN header, 8 bytes, big-endian (RFC 7348 §5).
///
///     |R|R|R|R|I|R|R|R|            Reserved                           |
///     |                VXLAN Network Identifier (VNI) |   Reserved    |
@frozen public struct VXLANHeader: Hashable, Sendable {
    /// Encoded size in bytes.
    @inlinable public static var byteCount: Int { 8 }
    /// The segment the inner frame belongs to.
    public let vni: VNI

    /// Creates the header for `vni`, with only the I flag set.
    @inlinable public init(vni: VNI) { self.vni = vni }

    /// Parses the front of a UDP payload; reserved bits are ignored on receipt (§5).
    ///
    /// - Throws: ``WireError`` `.truncated` below 8 bytes, `.badFlags` when the I flag is clear.
    @inlinable public init(parsing bytes: RawSpan) throws(WireError) {
        guard bytes.byteCount >= Self.byteCount else {
            throw .truncated(.vxlan, needed: Self.byteCount, got: bytes.byteCount)
        }
        let flags: UInt8 = bytes.bigEndian(at: 0)
        guard flags & 0x08 != 0 else { throw .badFlags(.vxlan, flags: flags) }
        self.vni = VNI(headerWord: bytes.bigEndian(at: 4))
    }

    /// Writes 8 bytes to the front of `bytes`, reserved bits zero.
    @inlinable public func emit(into bytes: inout MutableRawSpan) {
        bytes.storeBigEndian(UInt32(0x0800_0000), at: 0)
        bytes.storeBigEndian(vni.rawValue << 8, at: 4)
    }
}
