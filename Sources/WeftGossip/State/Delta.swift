import WeftTypes

/// Records of one origin and the versions that they stand for: pushed, or sent as a page of a repair.
///
///     | origin (16) | epoch (4) | salt (4) | floor (8) | from (8) | to (8) | flags (1) |
///     | key | version (8) | flags (1): 1 tombstone | length (2) | value | … in ascending versions
///
/// It says: of all versions above `from` up to `to` these are the ones that still count. A version that is missing was
/// overwritten by a later one. Records may lie beyond `to`, ahead of a gap that the sender has itself; a page of nothing else has
/// an empty interval. Flags: 1 replay, 2 end of the replay.
struct Delta: Hashable {
    var origin: NodeID
    var epoch: UInt32
    /// Tells two uses of the epoch apart; see ``Origin/rank``.
    var salt: UInt32 = 0
    /// The sender's floor.
    var floor: UInt64
    var from: UInt64
    var to: UInt64
    /// Part of a replay from 0, for one who is below the floor.
    var isReplay = false
    /// Nothing of the replay follows.
    var isReplayEnd = false
    var records: [Record] = []

    /// Bytes before the first record.
    static var headerByteCount: Int { 49 }

    /// Encoded size of one record in bytes.
    static func byteCount(of record: Record) -> Int { record.key.byteCount + 11 + (record.value?.bytes.count ?? 0) }

    var byteCount: Int { records.reduce(Self.headerByteCount) { $0 + Self.byteCount(of: $1) } }

    init(origin: NodeID, epoch: UInt32, floor: UInt64, from: UInt64, to: UInt64) {
        self.origin = origin
        self.epoch = epoch
        self.floor = floor
        self.from = from
        self.to = to
    }

    /// Which of two says more of the present: the higher.
    var rank: UInt64 { Origin.rank(epoch: epoch, salt: salt) }

    /// Reads a whole part.
    ///
    /// - Throws: `.truncated`; `.badValue` for the salt of what is forgotten, for an interval or versions that don't ascend, and for a
    ///   value that is too long.
    init(parsing reader: inout ByteReader) throws(GossipFormatError) {
        origin = try reader.nodeID()
        epoch = try reader.integer()
        salt = try reader.integer()
        floor = try reader.integer()
        from = try reader.integer()
        to = try reader.integer()
        let flags: UInt8 = try reader.integer()
        (isReplay, isReplayEnd) = (flags & 1 != 0, flags & 2 != 0)
        guard salt != Origin.forgottenSalt else { throw .badValue }
        guard from <= to, to <= Self.maximumVersion, floor <= Self.maximumVersion else { throw .badValue }
        var last: UInt64 = 0
        while !reader.isAtEnd {
            let key = try RecordKey(parsing: &reader)
            let version: UInt64 = try reader.integer()
            let isTombstone = try reader.integer(UInt8.self) & 1 != 0
            let length = Int(try reader.integer(UInt16.self))
            guard version > last, version <= Self.maximumVersion, length <= RecordValue.maximumByteCount else { throw .badValue }
            last = version
            let bytes = try reader.array(length)
            records.append(Record(key: key, version: version, value: isTombstone ? nil : RecordValue(checked: bytes)))
        }
    }

    /// No origin writes that often; beyond, sums of versions could wrap.
    private static var maximumVersion: UInt64 { 1 << 62 }

    func emit(into bytes: inout [UInt8]) {
        bytes.append(origin)
        bytes.append(bigEndian: epoch)
        bytes.append(bigEndian: salt)
        bytes.append(bigEndian: floor)
        bytes.append(bigEndian: from)
        bytes.append(bigEndian: to)
        bytes.append((isReplay ? 1 : 0) | (isReplayEnd ? 2 : 0))
        for record in records {
            record.key.emit(into: &bytes)
            bytes.append(bigEndian: record.version)
            bytes.append(record.value == nil ? 1 : 0)
            let value = record.value?.bytes ?? []
            bytes.append(bigEndian: UInt16(clamping: value.count))
            bytes += value
        }
    }
}
