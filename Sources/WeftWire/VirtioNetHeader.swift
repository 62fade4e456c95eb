import WeftTypes

/// What a TAP puts before a frame to say which work is left to do on it, 10 bytes, little-endian (virtio 1.2 §5.1.6).
///
///     |     flags     |   gso_type  |            hdr_len            |
///     |           gso_size          |          csum_start           |
///     |         csum_offset         |
///
/// The form without `num_buffers`, which is a TAP's default (`TUNSETVNETHDRSZ` 10).
@frozen public struct VirtioNetHeader: Hashable, Sendable {
    /// Encoded size in bytes.
    @inlinable public static var byteCount: Int { 10 }

    /// What the receiver must or need not do.
    @frozen public struct Flags: OptionSet, Hashable, Sendable {
        /// The byte on the wire.
        public let rawValue: UInt8
        /// Creates a set from the byte on the wire.
        @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// The checksum field holds only the pseudo-header's sum: whoever sends the frame on a wire completes it.
        @inlinable public static var needsChecksum: Flags { Flags(rawValue: 1) }
        /// The checksum was verified.
        @inlinable public static var dataValid: Flags { Flags(rawValue: 2) }
    }

    /// How a superframe is to be cut.
    @frozen public enum Segmentation: UInt8, Hashable, Sendable, CaseIterable {
        /// It is one frame.
        case none = 0
        /// TCP over IPv4.
        case tcpv4 = 1
        /// UDP cut into IP fragments (UFO).
        case udp = 3
        /// TCP over IPv6.
        case tcpv6 = 4
        /// UDP cut into datagrams (USO).
        case udpL4 = 5
    }

    /// What to do.
    public let flags: Flags
    /// How to cut (`gso_type` without the ECN bit).
    public let segmentation: Segmentation
    /// Whether the superframe's TCP segments have CWR set (the ECN bit of `gso_type`): only the first piece keeps it.
    public let hasECN: Bool
    /// Bytes of headers before the payload to be cut (`hdr_len`); a hint when it is read, to be set when written.
    public let headerLength: UInt16
    /// Payload bytes of each piece but the last (`gso_size`).
    public let segmentSize: UInt16
    /// Where summing starts, in bytes from the start of the frame.
    public let checksumStart: UInt16
    /// Where the sum goes, in bytes from ``checksumStart``.
    public let checksumOffset: UInt16

    /// A frame with nothing left to do.
    @inlinable public static var complete: VirtioNetHeader { VirtioNetHeader() }

    /// Creates a header.
    @inlinable public init(
        flags: Flags = [], segmentation: Segmentation = .none, hasECN: Bool = false, headerLength: UInt16 = 0,
        segmentSize: UInt16 = 0, checksumStart: UInt16 = 0, checksumOffset: UInt16 = 0
    ) {
        self.flags = flags
        self.segmentation = segmentation
        self.hasECN = hasECN
        self.headerLength = headerLength
        self.segmentSize = segmentSize
        self.checksumStart = checksumStart
        self.checksumOffset = checksumOffset
    }

    /// Parses the bytes before a frame. Whether sizes and offsets fit the frame is for ``isConsistent(withFrameOf:)``.
    ///
    /// - Throws: ``WireError`` `.truncated` below 10 bytes, `.badType` for a way of cutting that is not ours (tunnels).
    @inlinable public init(parsing bytes: RawSpan) throws(WireError) {
        guard bytes.byteCount >= Self.byteCount else {
            throw .truncated(.virtioNet, needed: Self.byteCount, got: bytes.byteCount)
        }
        let type: UInt8 = bytes.littleEndian(at: 1)
        guard let segmentation = Segmentation(rawValue: type & 0x7F) else {
            throw .badType(.virtioNet, type: UInt16(type))
        }
        self.flags = Flags(rawValue: bytes.littleEndian(at: 0))
        self.segmentation = segmentation
        self.hasECN = type & 0x80 != 0
        self.headerLength = bytes.littleEndian(at: 2)
        self.segmentSize = bytes.littleEndian(at: 4)
        self.checksumStart = bytes.littleEndian(at: 6)
        self.checksumOffset = bytes.littleEndian(at: 8)
    }

    /// Whether the checksum field, where one is needed, lies inside a frame of `byteCount` bytes, and a superframe has a
    /// segment size.
    @inlinable public func isConsistent(withFrameOf byteCount: Int) -> Bool {
        if flags.contains(.needsChecksum), Int(checksumStart) + Int(checksumOffset) + 2 > byteCount { return false }
        return segmentation == .none || segmentSize > 0
    }

    /// Writes 10 bytes to the front of `bytes`.
    @inlinable public func emit(into bytes: inout MutableRawSpan) {
        bytes.storeLittleEndian(flags.rawValue, at: 0)
        bytes.storeLittleEndian(segmentation.rawValue | (hasECN ? 0x80 : 0), at: 1)
        bytes.storeLittleEndian(headerLength, at: 2)
        bytes.storeLittleEndian(segmentSize, at: 4)
        bytes.storeLittleEndian(checksumStart, at: 6)
        bytes.storeLittleEndian(checksumOffset, at: 8)
    }
}
