import WeftTypes

/// The ICMP header, 8 bytes, big-endian (RFC 792; RFC 1191 §4 for the MTU).
///
///     |      type     |     code    |            checksum           |
///     |       identifier and sequence, MTU, gateway, or unused      |
@frozen public struct ICMPHeader: Hashable, Sendable {
    /// Encoded size in bytes.
    @inlinable public static var byteCount: Int { 8 }
    /// Where the checksum is, in bytes from the start.
    @inlinable public static var checksumOffset: Int { 2 }

    /// What the message is.
    @frozen public struct Kind: RawRepresentable, Hashable, Sendable {
        /// The number on the wire.
        public let rawValue: UInt8
        /// Creates a kind from its number.
        @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Answer to an echo request.
        @inlinable public static var echoReply: Kind { Kind(rawValue: 0) }
        /// The packet could not be delivered; the code says why.
        @inlinable public static var destinationUnreachable: Kind { Kind(rawValue: 3) }
        /// Slow down; obsolete (RFC 6633).
        @inlinable public static var sourceQuench: Kind { Kind(rawValue: 4) }
        /// There is a better gateway.
        @inlinable public static var redirect: Kind { Kind(rawValue: 5) }
        /// Echo request.
        @inlinable public static var echoRequest: Kind { Kind(rawValue: 8) }
        /// TTL ran out, or fragments did not come.
        @inlinable public static var timeExceeded: Kind { Kind(rawValue: 11) }
        /// A header field is wrong.
        @inlinable public static var parameterProblem: Kind { Kind(rawValue: 12) }

        /// Whether it reports an error about another packet; no error is ever sent about it (RFC 1122 §3.2.2).
        @inlinable public var isError: Bool {
            switch rawValue {
            case 3, 4, 5, 11, 12: true
            default: false
            }
        }
    }

    /// The code of `destinationUnreachable` that carries an MTU (RFC 1191 §4).
    @inlinable public static var fragmentationNeededCode: UInt8 { 4 }

    /// What the message is.
    public let kind: Kind
    /// The kind's finer meaning.
    public let code: UInt8
    /// The checksum as it is on the wire; it covers the message alone.
    public let checksum: UInt16
    /// The second word, whose meaning the kind decides.
    public let word: UInt32

    /// Creates a header.
    @inlinable public init(kind: Kind, code: UInt8 = 0, checksum: UInt16 = 0, word: UInt32) {
        self.kind = kind
        self.code = code
        self.checksum = checksum
        self.word = word
    }

    /// Parses the front of an IP payload.
    ///
    /// - Throws: ``WireError`` `.truncated` below 8 bytes.
    @inlinable public init(parsing bytes: RawSpan) throws(WireError) {
        guard bytes.byteCount >= Self.byteCount else {
            throw .truncated(.icmp, needed: Self.byteCount, got: bytes.byteCount)
        }
        self.kind = Kind(rawValue: bytes.bigEndian(at: 0))
        self.code = bytes.bigEndian(at: 1)
        self.checksum = bytes.bigEndian(at: 2)
        self.word = bytes.bigEndian(at: 4)
    }

    /// The identifier of an echo message.
    @inlinable public var identifier: UInt16 { UInt16(truncatingIfNeeded: word >> 16) }
    /// The sequence number of an echo message, or the MTU of "fragmentation needed".
    @inlinable public var sequence: UInt16 { UInt16(truncatingIfNeeded: word) }

    /// Writes 8 bytes with ``checksum`` as it is.
    @inlinable public func emit(into bytes: inout MutableRawSpan) {
        bytes.storeBigEndian(kind.rawValue, at: 0)
        bytes.storeBigEndian(code, at: 1)
        bytes.storeBigEndian(checksum, at: 2)
        bytes.storeBigEndian(word, at: 4)
    }
}
