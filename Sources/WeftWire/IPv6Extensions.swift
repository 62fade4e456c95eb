import WeftTypes

/// What lies between an IPv6 header and its payload: the chain of extension headers, walked once (RFC 8200 §4).
///
///     |  next header  | length in 8 bytes, less 1 |   …   |        hop-by-hop, routing, destination options, …
///     |  next header  | length in 4 bytes, less 2 |   …   |        authentication header (RFC 4302)
///     |  next header  |   reserved  |  offset  |0|M| identification |   fragment, always 8 bytes
///
/// The walk ends at the first header that is no extension, after a fragment header whose offset is not 0 (what follows is
/// the middle of something), and after ``limit`` headers.
@frozen public struct IPv6Extensions: Hashable, Sendable {
    /// The most extension headers that are followed; no honest packet has more (RFC 8200 §4.1 lists seven).
    @inlinable public static var limit: Int { 8 }

    /// The fragment header (RFC 8200 §4.5), 8 bytes.
    @frozen public struct Fragment: Hashable, Sendable {
        /// Encoded size in bytes.
        @inlinable public static var byteCount: Int { 8 }
        /// Where the payload belongs in the whole, in bytes: 0…65528, a multiple of 8.
        public let offset: UInt16
        /// Whether this is not the last fragment.
        public let moreFragments: Bool
        /// Which fragments belong together.
        public let identification: UInt32

        @inlinable init(offset: UInt16, moreFragments: Bool, identification: UInt32) {
            self.offset = offset
            self.moreFragments = moreFragments
            self.identification = identification
        }
    }

    /// All extension headers together in bytes; the payload follows.
    public let byteCount: Int
    /// How many extension headers there are.
    public let count: Int
    /// What the payload is; of a later fragment, what the whole packet's is.
    public let protocolNumber: IPProtocol
    /// The fragment header, if there is one; offset 0 without more fragments is an "atomic" one (RFC 6946).
    public let fragment: Fragment?
    /// Whether a routing header names stops yet to come, so that the packet's destination is not the one in the
    /// transport checksum's pseudo-header (RFC 8200 §8.1).
    public let hasSegmentsLeft: Bool

    /// Walks the bytes after an IPv6 header whose next header field is `nextHeader`.
    ///
    /// - Throws: ``WireError`` `.truncated` when a header does not fit, `.tooMany` beyond ``limit``.
    @inlinable public init(parsing bytes: RawSpan, nextHeader: IPProtocol) throws(WireError) {
        var offset = 0
        var count = 0
        var next = nextHeader
        var fragment: Fragment?
        var hasSegmentsLeft = false
        while next.isIPv6Extension {
            guard count < Self.limit else { throw .tooMany(.ipv6Extension, limit: Self.limit) }
            guard bytes.byteCount - offset >= 8 else {
                throw .truncated(.ipv6Extension, needed: 8, got: bytes.byteCount - offset)
            }
            let length: UInt8 = bytes.bigEndian(at: offset + 1)
            let byteCount = Self.byteCount(of: next, length: length)
            guard bytes.byteCount - offset >= byteCount else {
                throw .truncated(.ipv6Extension, needed: byteCount, got: bytes.byteCount - offset)
            }
            if next == .routing, bytes.bigEndian(at: offset + 3, as: UInt8.self) != 0 { hasSegmentsLeft = true }
            if next == .fragment {
                let field: UInt16 = bytes.bigEndian(at: offset + 2)
                fragment = Fragment(
                    offset: field & 0xFFF8, moreFragments: field & 1 != 0, identification: bytes.bigEndian(at: offset + 4))
            }
            next = IPProtocol(rawValue: bytes.bigEndian(at: offset))
            offset += byteCount
            count += 1
            if let fragment, fragment.offset != 0 { break }
        }
        self.byteCount = offset
        self.count = count
        self.protocolNumber = next
        self.fragment = fragment
        self.hasSegmentsLeft = hasSegmentsLeft
    }

    /// The size in bytes of one extension header, from its length field.
    @inlinable static func byteCount(of header: IPProtocol, length: UInt8) -> Int {
        switch header {
        case .fragment: Fragment.byteCount
        case .authentication: (Int(length) + 2) * 4
        default: (Int(length) + 1) * 8
        }
    }

    /// Whether the packet is a part of a larger one; an atomic fragment is not.
    @inlinable public var isFragment: Bool {
        guard let fragment else { return false }
        return fragment.offset != 0 || fragment.moreFragments
    }
}
