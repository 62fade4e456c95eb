import WeftTypes

/// A probe of the path between two agents, or its acknowledgement, 20 bytes, big-endian, then zeros up to the probe's size.
///
///     |    0x00     |  version 1  |     kind      |   reserved    |
///     |                     "WPMT" 0x57504D54                     |
///     |                         nonce                             |
///     |                                                           |
///     |   byte count of the probe   |           reserved          |
///
/// It travels to the VXLAN port of a peer, so that it takes the way the frames take. Where a VXLAN header has its I flag there
/// is none, so that a VTEP that knows nothing of it drops and counts it (RFC 7348 §5). An acknowledgement is never longer than
/// what it acknowledges.
@frozen public struct PathProbe: Hashable, Sendable {
    /// Bytes of the header; all of an acknowledgement.
    @inlinable public static var byteCount: Int { 20 }
    /// The only version there is.
    @inlinable static var version: UInt8 { 1 }
    @inlinable static var magic: UInt32 { 0x5750_4D54 }

    /// Which of the two it is.
    @frozen public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        case probe = 1
        case acknowledgement = 2
    }

    public let kind: Kind
    /// A number that only who has seen the probe can know.
    public let nonce: UInt64
    /// Bytes of the probe's UDP payload, 20…65507.
    public let probeByteCount: UInt16

    /// Creates either, for a probe of `probeByteCount` bytes of UDP payload.
    ///
    /// - Precondition: `probeByteCount` is at least ``byteCount``.
    @inlinable public init(_ kind: Kind, nonce: UInt64, probeByteCount: UInt16) {
        precondition(Int(probeByteCount) >= Self.byteCount, "a probe has \(Self.byteCount) bytes or more, not \(probeByteCount)")
        self.kind = kind
        self.nonce = nonce
        self.probeByteCount = probeByteCount
    }

    /// What acknowledges this probe.
    @inlinable public var acknowledgement: PathProbe {
        PathProbe(.acknowledgement, nonce: nonce, probeByteCount: probeByteCount)
    }

    /// Whether a UDP payload may be one of these: enough for a header, and the I flag of VXLAN clear. Cheap.
    @inlinable public static func isPossible(_ bytes: RawSpan) -> Bool {
        bytes.byteCount >= byteCount && bytes.bigEndian(at: 0, as: UInt8.self) == 0
    }

    /// Parses a UDP payload, all of it; reserved fields and padding are ignored.
    ///
    /// - Throws: ``WireError`` `.truncated` below 20 bytes, `.badFlags` when it is VXLAN or has another magic, `.badVersion`,
    ///   `.badType` for an unknown kind, `.badLength` when the payload does not have the bytes the header says.
    @inlinable public init(parsing bytes: RawSpan) throws(WireError) {
        guard bytes.byteCount >= Self.byteCount else {
            throw .truncated(.pathProbe, needed: Self.byteCount, got: bytes.byteCount)
        }
        let flags: UInt8 = bytes.bigEndian(at: 0)
        guard flags == 0, bytes.bigEndian(at: 4) == Self.magic else { throw .badFlags(.pathProbe, flags: flags) }
        let version: UInt8 = bytes.bigEndian(at: 1)
        guard version == Self.version else { throw .badVersion(.pathProbe, version: version) }
        let type: UInt8 = bytes.bigEndian(at: 2)
        guard let kind = Kind(rawValue: type) else { throw .badType(.pathProbe, type: UInt16(type)) }
        let length: UInt16 = bytes.bigEndian(at: 16)
        let expected = kind == .probe ? Int(length) : Self.byteCount
        guard Int(length) >= Self.byteCount, bytes.byteCount == expected else {
            throw .badLength(.pathProbe, length: Int(length))
        }
        self.kind = kind
        nonce = bytes.bigEndian(at: 8)
        probeByteCount = length
    }

    /// Writes the 20 bytes of the header to the front of `bytes`; the padding, which is zeros, is the caller's.
    @inlinable public func emit(into bytes: inout MutableRawSpan) {
        bytes.storeBigEndian(UInt32(Self.version) << 16 | UInt32(kind.rawValue) << 8, at: 0)
        bytes.storeBigEndian(Self.magic, at: 4)
        bytes.storeBigEndian(nonce, at: 8)
        bytes.storeBigEndian(probeByteCount, at: 16)
        bytes.storeBigEndian(UInt16(0), at: 18)
    }
}
