// How often a station moved (RFC 7432 §7.7). The number wraps; two are compared on the circle, as RFC 1982 §3.2 does it with 32 bits.

extension UInt32 {
    /// Whether this mobility sequence is later than `other`: ahead of it by less than half the circle, 1…2³¹ − 1.
    ///
    /// Of two that are exactly opposite neither is later, so that they count as equal and the VTEP address decides (E4).
    func isLaterSequence(than other: UInt32) -> Bool { Int32(bitPattern: self &- other) > 0 }

    /// The later one of this and another mobility sequence; this one if neither is.
    func laterSequence(_ other: UInt32?) -> UInt32 {
        guard let other, other.isLaterSequence(than: self) else { return self }
        return other
    }
}
