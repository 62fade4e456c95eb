/// The identity of an agent: the first 16 bytes of SHA-256 of its public key. Its name is only a label.
@frozen public struct NodeID: Hashable, Sendable, Comparable, CustomStringConvertible {
    @usableFromInline let high: UInt64
    @usableFromInline let low: UInt64

    /// Creates an identity from its number, first byte highest.
    ///
    /// It is kept in two words because a struct around a `UInt128` is loaded misaligned in debug builds (Swift 6.3).
    @inlinable public init(rawValue: UInt128) {
        (high, low) = (UInt64(truncatingIfNeeded: rawValue >> 64), UInt64(truncatingIfNeeded: rawValue))
    }

    /// The 16 bytes as a number, first byte highest.
    @inlinable public var rawValue: UInt128 { UInt128(high) << 64 | UInt128(low) }

    @inlinable public static func < (left: NodeID, right: NodeID) -> Bool { left.rawValue < right.rawValue }

    /// 32 hexadecimal digits.
    public var description: String { hexadecimal(rawValue, width: 32) }
}
