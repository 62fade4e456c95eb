/// What may follow the fixed fields of a record, so that records can grow without a new format.
///
///     | type (1) | length (2) | bytes … | type (1) | …
///
/// Bit 7 of the type set: a reader that doesn't know the field skips it (and keeps it); clear: it ignores the whole record.
public struct OptionalFields: Hashable, Sendable {
    /// One field as it travels.
    public struct Field: Hashable, Sendable {
        /// The type with its optional bit.
        public var type: UInt8
        public var bytes: [UInt8]

        /// Creates a field.
        public init(type: UInt8, bytes: [UInt8]) {
            self.type = type
            self.bytes = bytes
        }
    }

    /// The fields in their order.
    public var fields: [Field]

    /// Set in a type: may be skipped.
    public static var optionalBit: UInt8 { 0x80 }
    /// Reserved for the origin's signature over key, version and the bytes before this field. Nothing makes or checks one yet.
    public static var signatureType: UInt8 { optionalBit | 1 }

    /// Creates fields; their bytes count towards ``RecordValue/maximumByteCount``.
    public init(_ fields: [Field] = []) { self.fields = fields }

    /// Reads all that is left.
    ///
    /// - Throws: `.truncated`, `.unknownMandatoryField`.
    init(parsing reader: inout ByteReader) throws(GossipFormatError) {
        fields = []
        while !reader.isAtEnd {
            let type: UInt8 = try reader.integer()
            let length: UInt16 = try reader.integer()
            let bytes = try reader.array(Int(length))
            guard type & Self.optionalBit != 0 else { throw .unknownMandatoryField(type) }
            fields.append(Field(type: type, bytes: bytes))
        }
    }

    func emit(into bytes: inout [UInt8]) {
        for field in fields {
            bytes.append(field.type)
            bytes.append(bigEndian: UInt16(clamping: field.bytes.count))
            bytes += field.bytes.prefix(Int(UInt16.max))
        }
    }
}
