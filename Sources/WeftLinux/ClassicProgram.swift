/// A program for the kernel's classic packet filter, each instruction laid out as `struct sock_filter`; no privilege is
/// needed to load one. Background: the kernel's `Documentation/networking/filter.rst`.
///
/// There is an accumulator A, an index X and some words of memory M. Offsets are from where the packet begins for the reader.
struct ClassicProgram {
    private(set) var instructions: [UInt64] = []

    private mutating func add(_ code: UInt16, _ value: UInt32 = 0, then: UInt8 = 0, otherwise: UInt8 = 0) {
        instructions.append(UInt64(code) | UInt64(then) << 16 | UInt64(otherwise) << 24 | UInt64(value) << 32)
    }

    /// A = the packet's EtherType, tags aside.
    mutating func loadProtocol() { add(0x20, 0xFFFF_F000) }
    mutating func loadWord(at offset: UInt32) { add(0x20, offset) }
    mutating func loadHalf(at offset: UInt32) { add(0x28, offset) }
    mutating func loadByte(at offset: UInt32) { add(0x30, offset) }
    /// A = the word at X + `offset`.
    mutating func loadWord(behindX offset: UInt32) { add(0x40, offset) }
    /// X = the length of the IPv4 header at `offset`.
    mutating func loadHeaderLength(at offset: UInt32) { add(0xB1, offset) }
    /// M[0] = A.
    mutating func save() { add(0x02) }
    /// A = M[0].
    mutating func restore() { add(0x60) }
    /// X = M[0].
    mutating func restoreIntoX() { add(0x61) }
    /// X = A.
    mutating func copyToX() { add(0x07) }
    /// A = (A ^ X) × an odd number.
    mutating func mix() {
        add(0xAC)
        add(0x24, 0x9E37_79B1)
    }
    mutating func shiftRight(by bits: UInt32) { add(0x74, bits) }
    /// Goes on `count` instructions later if A is `value`.
    mutating func skip(_ count: UInt8, ifEqual value: UInt32) { add(0x15, value, then: count) }
    /// Goes on `count` instructions later unless A is `value`.
    mutating func skip(_ count: UInt8, unlessEqual value: UInt32) { add(0x15, value, otherwise: count) }
    /// Goes on `count` instructions later if A has any of these bits.
    mutating func skip(_ count: UInt8, ifAnyOf bits: UInt32) { add(0x45, bits, then: count) }
    mutating func returnAccumulator() { add(0x16) }
    mutating func `return`(_ value: UInt32) { add(0x06, value) }

    /// Appends another program.
    mutating func append(_ other: ClassicProgram) { instructions += other.instructions }
    var count: Int { instructions.count }
}
