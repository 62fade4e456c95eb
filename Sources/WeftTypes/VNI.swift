/// A VXLAN network identifier: 24 bits that name one segment on the underlay (RFC 7348 §5).
///
/// Every 24-bit value can be on the wire; a topology allows 1…16777215.
@frozen public struct VNI: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The number, 0…16777215.
    public let rawValue: UInt32

    /// The largest identifier, 2²⁴ − 1.
    public static var maximum: VNI { VNI(headerWord: .max) }

    /// Creates an identifier from its number, or nil above 16777215.
    @inlinable public init?(_ number: UInt32) {
        guard number <= 0xFF_FFFF else { return nil }
        self.rawValue = number
    }

    /// Creates an identifier from the second word of a VXLAN header, whose lowest 8 bits are reserved and ignored.
    @inlinable public init(headerWord: UInt32) { self.rawValue = headerWord >> 8 }

    @inlinable public static func < (left: VNI, right: VNI) -> Bool { left.rawValue < right.rawValue }

    public var description: String { String(rawValue) }
}
