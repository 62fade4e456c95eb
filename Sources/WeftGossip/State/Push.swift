import WeftTypes

/// To whom a push goes.
enum PushScope: Hashable {
    case everyone
    /// The nodes that have joined the segment.
    case segment(VNI)

    init(_ key: RecordKey) {
        if let vni = key.segment { self = .segment(vni) } else { self = .everyone }
    }
}

/// An interval of the ring of NodeIDs, both ends included; where `to` is below `from` it goes through the top.
struct RingInterval: Hashable {
    var from: NodeID
    var to: NodeID

    /// All NodeIDs but one.
    static func all(but id: NodeID) -> RingInterval { RingInterval(from: id.successor, to: id.predecessor) }

    func contains(_ id: NodeID) -> Bool { distance(to: id) <= distance(to: to) }

    /// How far round the ring `id` is behind the front.
    func distance(to id: NodeID) -> UInt128 { id.rawValue &- from.rawValue }
}

/// One hop of a push.
///
///     | sequence (4) | kind of scope (1): 0 everyone, 1 segment | VNI (3) | from (16) | to (16) | parts … |
///
/// The receiver acknowledges the sequence number, takes the parts in and hands them on to whom it knows in the interval.
struct Push: Hashable {
    var sequence: UInt32
    var scope: PushScope
    var interval: RingInterval
    /// Parts as in a datagram, each a ``StatePart/delta`` or statements about members; they travel unchanged.
    var payload: [UInt8]

    /// Bytes before the parts.
    static var headerByteCount: Int { 40 }

    init(sequence: UInt32, scope: PushScope, interval: RingInterval, payload: [UInt8]) {
        self.sequence = sequence
        self.scope = scope
        self.interval = interval
        self.payload = payload
    }

    /// Reads a whole part; of the payload only its size is known to be right.
    init(parsing reader: inout ByteReader) throws(GossipFormatError) {
        sequence = try reader.integer()
        let kind: UInt8 = try reader.integer()
        let vni = try reader.vni()
        switch kind {
        case 0: scope = .everyone
        case 1: scope = .segment(vni)
        default: throw .badValue
        }
        interval = RingInterval(from: try reader.nodeID(), to: try reader.nodeID())
        payload = try reader.array(reader.remaining)
    }

    func emit(into bytes: inout [UInt8]) {
        bytes.append(bigEndian: sequence)
        switch scope {
        case .everyone: bytes.append(bigEndian: 0 as UInt32)
        case .segment(let vni): bytes.append(bigEndian: 1 << 24 | vni.rawValue)
        }
        bytes.append(interval.from)
        bytes.append(interval.to)
        bytes += payload
    }
}
