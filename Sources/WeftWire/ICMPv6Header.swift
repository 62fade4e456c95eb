import WeftTypes

/// The front of an ICMPv6 message, 8 bytes, big-endian (RFC 4443 §2.1; RFC 4861 for neighbour discovery).
///
///     |      type     |     code    |            checksum           |
///     |         identifier and sequence, MTU, flags, or unused      |
///
/// RFC 4443 calls only the first word the header; every message that is defined has the second.
@frozen public struct ICMPv6Header: Hashable, Sendable {
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
        /// The packet could not be delivered; the code says why.
        @inlinable public static var destinationUnreachable: Kind { Kind(rawValue: 1) }
        /// The packet is larger than a link's MTU, which is the second word.
        @inlinable public static var packetTooBig: Kind { Kind(rawValue: 2) }
        /// The hop limit ran out, or fragments did not come.
        @inlinable public static var timeExceeded: Kind { Kind(rawValue: 3) }
        /// A header field is wrong.
        @inlinable public static var parameterProblem: Kind { Kind(rawValue: 4) }
        /// Echo request.
        @inlinable public static var echoRequest: Kind { Kind(rawValue: 128) }
        /// Answer to an echo request.
        @inlinable public static var echoReply: Kind { Kind(rawValue: 129) }
        /// Who listens to a group? (MLD, RFC 2710, RFC 3810)
        @inlinable public static var listenerQuery: Kind { Kind(rawValue: 130) }
        /// I listen to a group (MLDv1).
        @inlinable public static var listenerReport: Kind { Kind(rawValue: 131) }
        /// I stop listening to a group (MLDv1).
        @inlinable public static var listenerDone: Kind { Kind(rawValue: 132) }
        /// Is there a router?
        @inlinable public static var routerSolicitation: Kind { Kind(rawValue: 133) }
        /// I am a router.
        @inlinable public static var routerAdvertisement: Kind { Kind(rawValue: 134) }
        /// Who has this address?
        @inlinable public static var neighbourSolicitation: Kind { Kind(rawValue: 135) }
        /// I have this address.
        @inlinable public static var neighbourAdvertisement: Kind { Kind(rawValue: 136) }
        /// There is a better next hop.
        @inlinable public static var redirect: Kind { Kind(rawValue: 137) }
        /// I listen to these groups (MLDv2, RFC 3810).
        @inlinable public static var listenerReportV2: Kind { Kind(rawValue: 143) }

        /// Whether it reports an error about another packet; no error is ever sent about it (RFC 4443 §2.4).
        @inlinable public var isError: Bool { rawValue < 128 }
    }

    /// What the message is.
    public let kind: Kind
    /// The kind's finer meaning.
    public let code: UInt8
    /// The checksum as it is on the wire; it covers a pseudo-header too.
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
            throw .truncated(.icmpv6, needed: Self.byteCount, got: bytes.byteCount)
        }
        self.kind = Kind(rawValue: bytes.bigEndian(at: 0))
        self.code = bytes.bigEndian(at: 1)
        self.checksum = bytes.bigEndian(at: 2)
        self.word = bytes.bigEndian(at: 4)
    }

    /// The identifier of an echo message.
    @inlinable public var identifier: UInt16 { UInt16(truncatingIfNeeded: word >> 16) }
    /// The sequence number of an echo message.
    @inlinable public var sequence: UInt16 { UInt16(truncatingIfNeeded: word) }

    /// Writes 8 bytes with ``checksum`` as it is.
    @inlinable public func emit(into bytes: inout MutableRawSpan) {
        bytes.storeBigEndian(kind.rawValue, at: 0)
        bytes.storeBigEndian(code, at: 1)
        bytes.storeBigEndian(checksum, at: 2)
        bytes.storeBigEndian(word, at: 4)
    }
}
