import WeftTypes

/// The revision of the topology that a node runs.
///
///     | number (8) | proposer (16) | hash of the file (32) | optional fields |
public struct TopologyRevisionRecord: RecordContent {
    /// Counts the revisions of a fabric.
    public var number: UInt64
    /// The node that proposed it.
    public var proposer: NodeID
    /// SHA-256 of the file, 32 bytes.
    public var fileHash: [UInt8]
    public var optionalFields: OptionalFields

    /// Bytes of ``fileHash``.
    public static var hashByteCount: Int { 32 }

    /// Creates a record; nil unless `fileHash` has 32 bytes.
    public init?(number: UInt64, proposer: NodeID, fileHash: [UInt8], optionalFields: OptionalFields = OptionalFields()) {
        guard fileHash.count == Self.hashByteCount else { return nil }
        self.number = number
        self.proposer = proposer
        self.fileHash = fileHash
        self.optionalFields = optionalFields
    }

    public init(_ value: RecordValue) throws(GossipFormatError) {
        var reader = ByteReader(value.bytes)
        number = try reader.integer()
        proposer = try reader.nodeID()
        fileHash = try reader.array(Self.hashByteCount)
        optionalFields = try OptionalFields(parsing: &reader)
    }

    public func emit(into bytes: inout [UInt8]) {
        bytes.append(bigEndian: number)
        bytes.append(proposer)
        bytes += fileHash
        optionalFields.emit(into: &bytes)
    }
}
