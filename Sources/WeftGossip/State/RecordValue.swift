/// The encoded content of a record: what its origin wrote, byte for byte, also where this version can't read all of it.
///
/// ``NodeRecord``, ``SegmentRecord``, ``EndpointRecord`` and ``TopologyRevisionRecord`` give it a type. Copies share their bytes.
public struct RecordValue: Hashable, Sendable {
    /// The bytes as they travel.
    public let bytes: [UInt8]

    /// The most bytes a record may have, so that it always fits one datagram with all that names it.
    public static var maximumByteCount: Int { 900 }

    /// Wraps encoded content; nil beyond ``maximumByteCount``.
    public init?(bytes: [UInt8]) {
        guard bytes.count <= Self.maximumByteCount else { return nil }
        self.bytes = bytes
    }

    /// For bytes whose number was checked by what read them.
    init(checked bytes: [UInt8]) { self.bytes = bytes }
}

/// A typed record: what ``RecordValue``'s bytes mean under one kind of key.
public protocol RecordContent: Hashable, Sendable {
    /// Reads the content.
    ///
    /// - Throws: ``GossipFormatError`` `.truncated`, `.badValue` for a field that means nothing, and `.unknownMandatoryField`
    ///   where a later version wrote something that must not be skipped: such a record is to be ignored, not guessed at.
    init(_ value: RecordValue) throws(GossipFormatError)
    /// Writes the content without its bound being checked.
    func emit(into bytes: inout [UInt8])
}

extension RecordContent {
    /// The encoded content.
    ///
    /// - Throws: ``RecordError`` `.tooLong` beyond ``RecordValue/maximumByteCount``.
    public func encoded() throws(RecordError) -> RecordValue {
        var bytes: [UInt8] = []
        emit(into: &bytes)
        guard let value = RecordValue(bytes: bytes) else { throw .tooLong(byteCount: bytes.count) }
        return value
    }
}

/// Why a record can't be published.
public enum RecordError: Error, Hashable, Sendable, CustomStringConvertible {
    /// It has more bytes than fit a datagram.
    case tooLong(byteCount: Int)

    public var description: String {
        switch self {
        case .tooLong(let byteCount):
            "cannot encode record: \(byteCount) bytes; at most \(RecordValue.maximumByteCount) fit, shorten names and address lists"
        }
    }
}
