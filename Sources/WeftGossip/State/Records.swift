import WeftTypes

/// What a record is about; its origin, the only node that writes it, is named beside it.
@frozen public enum RecordKey: Hashable, Sendable, Comparable {
    /// The node itself: its name, addresses and features.
    case node
    /// The node has ports in a segment.
    case segment(VNI)
    /// A station behind the node.
    case endpoint(VNI, MACAddress)
    /// The topology revision the node runs.
    case topologyRevision

    private var order: (UInt8, UInt32, UInt64) {
        switch self {
        case .node: (0, 0, 0)
        case .segment(let vni): (1, vni.rawValue, 0)
        case .endpoint(let vni, let address): (2, vni.rawValue, address.rawValue)
        case .topologyRevision: (3, 0, 0)
        }
    }

    /// Node, segments by VNI, endpoints by VNI and address, revision.
    public static func < (left: RecordKey, right: RecordKey) -> Bool { left.order < right.order }
}

/// The encoded content of a record.
public struct RecordValue: Hashable, Sendable {
    /// The bytes as they travel.
    public var bytes: [UInt8]

    /// Wraps encoded content.
    public init(bytes: [UInt8]) { self.bytes = bytes }
}
