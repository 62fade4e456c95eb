import WeftTypes

/// Why bytes are not what they should be.
public enum GossipFormatError: Error, Hashable, Sendable {
    /// They end before a field does.
    case truncated
    /// Bytes are left behind the last field.
    case trailingBytes
    /// The datagram has a format this version doesn't speak.
    case unknownVersion(UInt8)
    /// A part that must be understood is not.
    case unknownMandatoryPart(UInt8)
    /// A field of a record must be understood and is not.
    case unknownMandatoryField(UInt8)
    /// A field has a value that means nothing.
    case badValue
}

/// Reads fields from bytes that came from outside: every read is checked, and nothing is allocated by a length field.
struct ByteReader {
    private let bytes: [UInt8]
    private(set) var offset: Int
    let end: Int

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        (offset, end) = (0, bytes.count)
    }

    private init(_ bytes: [UInt8], range: Range<Int>) {
        self.bytes = bytes
        (offset, end) = (range.lowerBound, range.upperBound)
    }

    /// Bytes not read yet.
    var remaining: Int { end - offset }
    var isAtEnd: Bool { offset == end }

    mutating func skip(_ byteCount: Int) throws(GossipFormatError) {
        guard byteCount >= 0, byteCount <= remaining else { throw .truncated }
        offset += byteCount
    }

    /// The next integer, most significant byte first.
    mutating func integer<Value: FixedWidthInteger & UnsignedInteger>(
        _ type: Value.Type = Value.self
    ) throws(GossipFormatError) -> Value {
        let size = Value.bitWidth / 8
        guard size <= remaining else { throw .truncated }
        var value: Value = 0
        for index in offset..<offset + size { value = value << 8 | Value(truncatingIfNeeded: bytes[index]) }
        offset += size
        return value
    }

    mutating func nodeID() throws(GossipFormatError) -> NodeID {
        let high: UInt64 = try integer()
        let low: UInt64 = try integer()
        return NodeID(rawValue: UInt128(high) << 64 | UInt128(low))
    }

    mutating func incarnation() throws(GossipFormatError) -> Incarnation {
        Incarnation(epoch: try integer(), refutation: try integer())
    }

    /// The next bytes, copied; a length that is not there throws before anything is allocated.
    mutating func array(_ byteCount: Int) throws(GossipFormatError) -> [UInt8] {
        guard byteCount >= 0, byteCount <= remaining else { throw .truncated }
        defer { offset += byteCount }
        return Array(bytes[offset..<offset + byteCount])
    }

    /// A reader of the next bytes alone; this one goes on behind them.
    mutating func slice(_ byteCount: Int) throws(GossipFormatError) -> ByteReader {
        guard byteCount >= 0, byteCount <= remaining else { throw .truncated }
        defer { offset += byteCount }
        return ByteReader(bytes, range: offset..<offset + byteCount)
    }

    /// Throws unless everything was read.
    func finish() throws(GossipFormatError) {
        guard isAtEnd else { throw .trailingBytes }
    }
}
