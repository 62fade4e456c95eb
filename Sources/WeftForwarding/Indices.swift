/// A segment's place in the tables of this host; kept for as long as the segment exists.
///
/// Indices are small numbers that the control side hands out, so that the packet path compares integers and counts in
/// rows of an array instead of hashing names.
@frozen public struct SegmentIndex: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The row, 0…65534.
    public let rawValue: UInt16
    /// Creates an index from its row.
    @inlinable public init(_ rawValue: UInt16) { self.rawValue = rawValue }
    @inlinable public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    public var description: String { "segment \(rawValue)" }
}

/// A local port's place in the tables of this host, such as a segment's uplink; kept for as long as the port exists.
@frozen public struct PortIndex: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The row, 0…65534.
    public let rawValue: UInt16
    /// Creates an index from its row.
    @inlinable public init(_ rawValue: UInt16) { self.rawValue = rawValue }
    @inlinable public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    public var description: String { "port \(rawValue)" }
}

/// A remote host's place in the tables of this host; kept for as long as the peer is known.
@frozen public struct PeerIndex: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The row, 0…65534.
    public let rawValue: UInt16
    /// Creates an index from its row.
    @inlinable public init(_ rawValue: UInt16) { self.rawValue = rawValue }
    @inlinable public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    public var description: String { "peer \(rawValue)" }
}

/// Where a MAC address is: behind a port of this host, or behind another host's VTEP.
@frozen public enum Location: Hashable, Sendable {
    case port(PortIndex)
    case peer(PeerIndex)

    /// Packs the location into 17 bits: bit 16 set for a peer.
    @inlinable var bits: UInt32 {
        switch self {
        case .port(let port): UInt32(port.rawValue)
        case .peer(let peer): 0x1_0000 | UInt32(peer.rawValue)
        }
    }

    /// Unpacks what ``bits`` packed; higher bits are ignored.
    @inlinable init(bits: UInt32) {
        let index = UInt16(truncatingIfNeeded: bits)
        self = bits & 0x1_0000 == 0 ? .port(PortIndex(index)) : .peer(PeerIndex(index))
    }
}
