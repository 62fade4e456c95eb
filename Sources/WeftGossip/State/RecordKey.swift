import WeftTypes

/// What a record is about; its origin, the only node that writes it, is named beside it.
///
///     | kind (1) | length (1) | 0, 3, 9 or up to 32 bytes |
///
/// A kind that this version doesn't know is kept and passed on like any other, so that old nodes don't cut new ones off
/// from each other.
@frozen public enum RecordKey: Hashable, Sendable, Comparable {
    /// The node itself: its name, addresses and features.
    case node
    /// The node has ports in a segment.
    case segment(VNI)
    /// A station behind the node.
    case endpoint(VNI, MACAddress)
    /// The topology revision the node runs.
    case topologyRevision
    /// Something a later version knows; at most 32 bytes tell one from another.
    case unknown(kind: UInt8, [UInt8])

    /// The most bytes behind kind and length.
    static var maximumDetailByteCount: Int { 32 }
    /// The longest encoding in bytes.
    static var maximumByteCount: Int { 2 + maximumDetailByteCount }

    /// The number of the kind on the wire, which is also its place in the order of keys.
    var kind: UInt8 {
        switch self {
        case .node: 1
        case .segment: 2
        case .endpoint: 3
        case .topologyRevision: 4
        case .unknown(let kind, _): kind
        }
    }

    /// Encoded size in bytes.
    var byteCount: Int {
        switch self {
        case .node, .topologyRevision: 2
        case .segment: 5
        case .endpoint: 11
        case .unknown(_, let bytes): 2 + bytes.count
        }
    }

    /// The segment whose members a new record of this key is pushed to; nil for everybody.
    @inlinable public var segment: VNI? {
        switch self {
        case .segment(let vni), .endpoint(let vni, _): vni
        case .node, .topologyRevision, .unknown: nil
        }
    }

    /// Node, segments by VNI, endpoints by VNI and address, revision, what is unknown.
    public static func < (left: RecordKey, right: RecordKey) -> Bool {
        switch (left, right) {
        case (.endpoint(let vni, let address), .endpoint(let otherVNI, let otherAddress)):
            vni == otherVNI ? address < otherAddress : vni < otherVNI
        case (.segment(let vni), .segment(let otherVNI)): vni < otherVNI
        case (.unknown(let kind, let bytes), .unknown(let otherKind, let otherBytes)) where kind == otherKind:
            bytes.lexicographicallyPrecedes(otherBytes)
        default: left.kind < right.kind
        }
    }

    /// Reads a key.
    ///
    /// - Throws: `.truncated`, or `.badValue` for a known kind of another length, and for
    ///   more than 32 bytes.
    init(parsing reader: inout ByteReader) throws(GossipFormatError) {
        let kind: UInt8 = try reader.integer()
        let length = Int(try reader.integer(UInt8.self))
        guard length <= Self.maximumDetailByteCount else { throw .badValue }
        switch (kind, length) {
        case (1, 0): self = .node
        case (2, 3): self = .segment(try reader.vni())
        case (3, 9): self = .endpoint(try reader.vni(), try reader.macAddress())
        case (4, 0): self = .topologyRevision
        case (1...4, _): throw .badValue
        default: self = .unknown(kind: kind, try reader.array(length))
        }
    }

    func emit(into bytes: inout [UInt8]) {
        bytes.append(kind)
        bytes.append(UInt8(byteCount - 2))
        switch self {
        case .node, .topologyRevision: break
        case .segment(let vni): bytes.append(vni)
        case .endpoint(let vni, let address):
            bytes.append(vni)
            bytes.append(address)
        case .unknown(_, let detail): bytes += detail
        }
    }
}
