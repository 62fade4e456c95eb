import WeftTypes

/// The VXLAN header, 8 bytes, big-endian (RFC 7348 §5).
///
///     |R|R|R|R|I|R|R|R|R|R|C|          Reserved                       |
///     |                VXLAN Network Identifier (VNI) |O| Csum start  |
///
/// C, O and the start are those of remote checksum offload (draft-herbert-vxlan-rco-00 §2), reserved elsewhere.
@frozen public struct VXLANHeader: Hashable, Sendable {
    /// Encoded size in bytes.
    @inlinable public static var byteCount: Int { 8 }
    /// The segment the inner frame belongs to.
    public let vni: VNI
    /// The checksum that the receiver completes; nil when the frame is complete.
    public let remoteChecksum: RemoteChecksum?

    /// Creates the header for `vni`, with the I flag set, and the C flag where there is a checksum to complete.
    @inlinable public init(vni: VNI, remoteChecksum: RemoteChecksum? = nil) {
        self.vni = vni
        self.remoteChecksum = remoteChecksum
    }

    /// A transport checksum that is left to the receiver: its field holds the pseudo-header's sum (remote checksum offload).
    @frozen public struct RemoteChecksum: Hashable, Sendable {
        /// Half the offset in the inner frame from which is summed, 0…127.
        @usableFromInline let halfStart: UInt8
        /// Whether the field is UDP's, 6 bytes on, or TCP's, 16 bytes on.
        public let isUDP: Bool

        /// Describes a checksum; nil when the header has no words for it: the start is odd or beyond 254, or the field
        /// neither TCP's nor UDP's.
        @inlinable public init?(start: Int, offset: Int) {
            guard start >= 0, start <= 254, start % 2 == 0, offset == 6 || offset == 16 else { return nil }
            halfStart = UInt8(truncatingIfNeeded: start / 2)
            isUDP = offset == 6
        }

        @inlinable init(bits: UInt8) {
            halfStart = bits & 0x7F
            isUDP = bits & 0x80 != 0
        }

        /// The offset in the inner frame from which is summed.
        @inlinable public var start: Int { Int(halfStart) * 2 }
        /// Where the field is, from ``start``.
        @inlinable public var offset: Int { isUDP ? 6 : 16 }
        @inlinable var bits: UInt8 { halfStart | (isUDP ? 0x80 : 0) }
    }

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
        let hasRemoteChecksum = bytes.bigEndian(at: 1, as: UInt8.self) & 0x20 != 0
        remoteChecksum = hasRemoteChecksum ? RemoteChecksum(bits: bytes.bigEndian(at: 7)) : nil
    }

    /// Writes 8 bytes to the front of `bytes`, reserved bits zero.
    @inlinable public func emit(into bytes: inout MutableRawSpan) {
        bytes.storeBigEndian(remoteChecksum == nil ? 0x0800_0000 : 0x0820_0000 as UInt32, at: 0)
        bytes.storeBigEndian(vni.rawValue << 8 | UInt32(remoteChecksum?.bits ?? 0), at: 4)
    }
}
