import WeftTypes

/// Puts a datagram together, part by part, within its limit.
///
///     | version (1) | sender (16)                | incarnation: epoch (4), refutation (4) |
///     | type (1) | length (2) | body … |  type (1) | length (2) | body … | …
///
/// All integers are big-endian. Bit 7 of a type set: a receiver that doesn't know it skips the part; clear: it ignores the datagram.
struct DatagramWriter {
    private(set) var bytes: [UInt8]
    /// The most bytes the datagram may have, less what is kept for later.
    private(set) var limit: Int

    /// The format spoken.
    static var version: UInt8 { 1 }
    /// Bytes before the first part.
    static var headerByteCount: Int { 1 + 16 + Incarnation.byteCount }
    /// Bytes of a part before its body.
    static var partHeaderByteCount: Int { 3 }

    init(sender: NodeID, incarnation: Incarnation, limit: Int) {
        bytes = []
        self.limit = limit
        bytes.reserveCapacity(112)
        write(Self.version)
        write(sender)
        write(incarnation)
    }

    /// Begins without a header, for bytes that will stand inside a part.
    init(limit: Int) {
        bytes = []
        self.limit = limit
    }

    /// Bytes that still fit, part headers included.
    var room: Int { limit - bytes.count }

    /// Keeps room for parts that are written last.
    mutating func reserve(_ byteCount: Int) { limit -= byteCount }
    /// Gives back what was kept.
    mutating func release(_ byteCount: Int) { limit += byteCount }

    /// Whether a part with a body of `byteCount` bytes fits.
    func fits(body byteCount: Int) -> Bool { Self.partHeaderByteCount + byteCount <= room }

    mutating func write(_ value: some FixedWidthInteger & UnsignedInteger) {
        var shift = value.bitWidth
        while shift > 0 {
            shift -= 8
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    mutating func write(_ id: NodeID) {
        write(UInt64(truncatingIfNeeded: id.rawValue >> 64))
        write(UInt64(truncatingIfNeeded: id.rawValue))
    }

    mutating func write(_ incarnation: Incarnation) { write(incarnation.rawValue) }

    mutating func write(_ more: [UInt8]) { bytes += more }

    /// Writes a part whose body `body` writes; the length is filled in behind it.
    ///
    /// The caller has asked ``fits(body:)`` first.
    mutating func part(_ type: UInt8, _ body: (inout DatagramWriter) -> Void) {
        write(type)
        let lengthOffset = bytes.count
        write(UInt16(0))
        body(&self)
        let length = bytes.count - lengthOffset - 2
        precondition(bytes.count <= limit, "part \(type) of \(length) bytes ends \(bytes.count - limit) bytes behind the limit")
        bytes[lengthOffset] = UInt8(truncatingIfNeeded: length >> 8)
        bytes[lengthOffset + 1] = UInt8(truncatingIfNeeded: length)
    }
}
