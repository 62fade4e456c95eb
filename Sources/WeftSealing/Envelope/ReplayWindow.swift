/// Which counters of one sender were seen, so that each is accepted once: the newest and the 1023 below it; what is older
/// than that is refused (the scheme of RFC 6479).
struct ReplayWindow: Sendable {
    /// How many counters, the newest included, are told apart.
    static var size: UInt64 { 1024 }
    private static let wordCount = 16

    /// The highest counter seen; 0 for none, since nobody sends 0.
    private(set) var newest: UInt64 = 0
    /// A bit for each counter of the window, at its number modulo the size.
    private var seen = InlineArray<16, UInt64>(repeating: 0)

    /// Whether `counter` is new and not too old.
    func accepts(_ counter: UInt64) -> Bool {
        if counter > newest { return true }
        guard counter > 0, newest - counter < Self.size else { return false }
        return seen[Self.word(counter)] & Self.bit(counter) == 0
    }

    /// Notes a counter that ``accepts(_:)`` said yes to and whose datagram was genuine.
    mutating func mark(_ counter: UInt64) {
        if counter > newest {
            if counter - newest >= Self.size {
                seen = InlineArray(repeating: 0)
            } else {
                var skipped = newest + 1
                while skipped < counter {
                    seen[Self.word(skipped)] &= ~Self.bit(skipped)
                    skipped += 1
                }
            }
            newest = counter
        }
        seen[Self.word(counter)] |= Self.bit(counter)
    }

    private static func word(_ counter: UInt64) -> Int { Int(counter / 64 % UInt64(wordCount)) }
    private static func bit(_ counter: UInt64) -> UInt64 { 1 << (counter % 64) }
}
