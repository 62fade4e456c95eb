/// The identity of an agent: the first 16 bytes of SHA-256 of its public key. Its name is only a label.
@frozen public struct NodeID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The 16 bytes as a number, first byte highest.
    public let rawValue: UInt128

    /// Creates an identity from its number.
    @inlinable public init(rawValue: UInt128) { self.rawValue = rawValue }

    @inlinable public static func < (left: NodeID, right: NodeID) -> Bool { left.rawValue < right.rawValue }

    /// 32 hexadecimal digits.
    public var description: String { hexadecimal(rawValue, width: 32) }
}
