import WeftTypes

/// One number over everything that happened in a run: two runs with the same number did the same.
///
/// It depends on nothing but values, so it is equal in debug and release builds and on every machine.
public struct TraceHash: Hashable, Sendable, CustomStringConvertible {
    private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// The number so far.
    public var value: UInt64 {
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// 16 hexadecimal digits.
    public var description: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    init() {}

    mutating func add(_ word: UInt64) {
        state = (state ^ word) &* 0xD6E8_FEB8_6659_FD93
        state ^= state >> 32
    }

    mutating func add(_ bytes: [UInt8]) {
        add(UInt64(bytes.count))
        bytes.span.withWords { add($0) }
    }

    mutating func add(_ id: NodeID) {
        add(UInt64(truncatingIfNeeded: id.rawValue >> 64))
        add(UInt64(truncatingIfNeeded: id.rawValue))
    }
}

extension Span<UInt8> {
    /// Calls `body` with each eight bytes, the first one lowest, the last word filled up with zeros.
    fileprivate func withWords(_ body: (UInt64) -> Void) {
        var index = 0
        while index + 8 <= count {
            // Eight checked reads that the optimiser makes one of.
            var word: UInt64 = 0
            for offset in 0..<8 { word |= UInt64(self[index + offset]) << UInt64(8 * offset) }
            body(word)
            index += 8
        }
        var (word, shift): (UInt64, UInt64) = (0, 0)
        while index < count {
            word |= UInt64(self[index]) << shift
            (index, shift) = (index + 1, shift + 8)
        }
        if shift > 0 { body(word) }
    }
}
