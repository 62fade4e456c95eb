import WeftTypes
import WeftWire

/// The bytes that `emit` writes, in a buffer filled with 0xA5 so that gaps show.
func emitted(_ byteCount: Int, _ emit: (inout MutableRawSpan) -> Void) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xA5, count: byteCount)
    bytes.withMutableRawBytes { emit(&$0) }
    return bytes
}

/// `count` random bytes.
func randomBytes(_ count: Int, using random: inout SeededRandom) -> [UInt8] {
    (0..<count).map { _ in .random(in: 0...255, using: &random) }
}
