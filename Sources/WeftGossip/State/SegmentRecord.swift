import WeftTypes

/// What a node says about a segment that it has joined; the key names the VNI.
///
///     | MTU (2) | spec hash (8) | flags (1) | optional fields |
///
/// Flags: 1 unknown unicast is dropped.
public struct SegmentRecord: RecordContent {
    /// The largest inner packet in bytes that its underlay can carry.
    public var mtu: UInt16
    /// Over what all hosts must declare alike: fabric, segment name, VNI, subnets, encryption. Nodes that differ don't
    /// exchange the segment.
    public var specHash: UInt64
    /// Whether frames to an unknown unicast address are flooded to the members; otherwise they are dropped.
    public var floodsUnknownUnicast: Bool
    public var optionalFields: OptionalFields

    /// Creates a record.
    public init(
        mtu: UInt16, specHash: UInt64, floodsUnknownUnicast: Bool = true, optionalFields: OptionalFields = OptionalFields()
    ) {
        self.mtu = mtu
        self.specHash = specHash
        self.floodsUnknownUnicast = floodsUnknownUnicast
        self.optionalFields = optionalFields
    }

    public init(_ value: RecordValue) throws(GossipFormatError) {
        var reader = ByteReader(value.bytes)
        mtu = try reader.integer()
        specHash = try reader.integer()
        floodsUnknownUnicast = try reader.integer(UInt8.self) & 1 == 0
        optionalFields = try OptionalFields(parsing: &reader)
    }

    public func emit(into bytes: inout [UInt8]) {
        bytes.append(bigEndian: mtu)
        bytes.append(bigEndian: specHash)
        bytes.append(floodsUnknownUnicast ? 0 : 1)
        optionalFields.emit(into: &bytes)
    }
}
