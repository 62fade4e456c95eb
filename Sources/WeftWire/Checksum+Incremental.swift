// Changing a field without summing everything again: RFC 1624 equation 3, HC' = ~(~HC + ~m + m'). The older equation of
// RFC 1141 can produce 0xFFFF where a sum from scratch gives 0, which receivers refuse.

extension Checksum {
    /// The checksum after the 16-bit word `old`, at an even offset of what is covered, became `new`.
    ///
    /// A UDP checksum of 0 means "none" and must stay 0; a result of 0 for UDP is stored as 0xFFFF. Both are the caller's.
    @inlinable public static func incremental(_ checksum: UInt16, old: UInt16, new: UInt16) -> UInt16 {
        ~foldWords(UInt64(~checksum) &+ UInt64(~old) &+ UInt64(new))
    }

    /// The checksum after the 32-bit word `old`, at an even offset of what is covered, became `new`.
    @inlinable public static func incremental(_ checksum: UInt16, old: UInt32, new: UInt32) -> UInt16 {
        ~foldWords(UInt64(~checksum) &+ UInt64(~old) &+ UInt64(new))
    }
}
