/// An 802.1Q VLAN identifier that names a VLAN, 1…4094; 0 (priority only) and 4095 (reserved) name none.
@frozen public struct VLANID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The number, 1…4094.
    public let rawValue: UInt16

    /// Creates an identifier, or nil outside 1…4094.
    @inlinable public init?(_ number: UInt16) {
        guard (1...4094).contains(number) else { return nil }
        self.rawValue = number
    }

    @inlinable public static func < (left: VLANID, right: VLANID) -> Bool { left.rawValue < right.rawValue }

    public var description: String { String(rawValue) }
}
