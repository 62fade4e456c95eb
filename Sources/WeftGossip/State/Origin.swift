import WeftTypes

/// One record of one origin: a value, or the tombstone of one that was withdrawn.
struct Record: Hashable {
    var key: RecordKey
    /// The origin's number for this write.
    var version: UInt64
    /// Shared with every copy; nil is a tombstone.
    var value: RecordValue?
}

/// All that is known of what one node says, packed into 80 bytes beside its records: a fabric has thousands of origins, a
/// simulation thousands of thousands.
struct Origin {
    let id: NodeID
    /// Which start of the node the records are from.
    var epoch: UInt32
    /// Drawn at that start: an epoch that is used again, after an old image of a disk was put back, is another life all the same.
    var salt: UInt32
    /// Long dead and forgotten: no record is left, and none of this epoch or an earlier one is taken in again.
    var isForgotten = false
    /// Another node lives at its tunnel end point since it died; its records are kept and passed on, but not in use.
    var isSuperseded = false
    /// Hashes of its first IPv4 and IPv6 tunnel end points, 0 for none: to find who shares one without reading records.
    var vtepTag4: UInt32 = 0
    var vtepTag6: UInt32 = 0
    /// Tombstones up to this version were collected: who knows less needs a replay.
    var floor: UInt64 = 0
    /// Every version up to this one is known.
    var through: UInt64 = 0
    /// In the order of their keys; some may be ahead of ``through``.
    var records: [Record] = []
    /// What is under way, none or one: an array, so that it costs 8 bytes when there is nothing and copies share it.
    private var underWay: [UnderWay] = []

    /// What only an origin with gaps, with an earlier epoch's records or in the middle of a replay has.
    struct UnderWay {
        var ahead = VersionRanges()
        /// Records of earlier epochs still in use, in the order of keys, none of them a tombstone.
        var retained: [Record] = []
        var replay: Replay?

        var isEmpty: Bool { ahead.isEmpty && retained.isEmpty && replay == nil }
    }

    /// A replay of an origin that was below a floor. What it did not mention at its end was deleted.
    struct Replay {
        /// The floor of those who replay; only their pages fit together.
        var floor: UInt64
        var progress: UInt64 = 0
        /// Versions up to the floor that were mentioned.
        var seen: [UInt64] = []
    }

    init(id: NodeID, epoch: UInt32, salt: UInt32 = 0) {
        self.id = id
        self.epoch = epoch
        self.salt = salt
    }

    /// The salt in the rank of what was forgotten; no life has it.
    static var forgottenSalt: UInt32 { .max }

    /// Orders the lives of an origin: by epoch, then by salt; forgotten comes after every life of its epoch.
    ///
    /// Of two lives in one epoch either may have the higher salt. Everybody keeps to the same one, and the node that runs in the other
    /// meets it and goes to a later epoch.
    var rank: UInt64 { Self.rank(epoch: epoch, salt: isForgotten ? Self.forgottenSalt : salt) }

    static func rank(epoch: UInt32, salt: UInt32) -> UInt64 { UInt64(epoch) << 32 | UInt64(salt) }

    var entry: DigestEntry {
        DigestEntry(origin: id, epoch: epoch, salt: salt, isForgotten: isForgotten, floor: floor, through: through)
    }

    /// What is under way; setting something empty frees it.
    var pending: UnderWay {
        get { underWay.first ?? UnderWay() }
        _modify {
            if underWay.isEmpty { underWay.append(UnderWay()) }
            yield &underWay[0]
            if underWay[0].isEmpty { underWay = [] }
        }
    }
    var hasPending: Bool { !underWay.isEmpty }

    /// Where in ``records`` the key is, or would be.
    func index(of key: RecordKey) -> (index: Int, isFound: Bool) { Self.index(of: key, in: records) }

    static func index(of key: RecordKey, in records: [Record]) -> (index: Int, isFound: Bool) {
        let index = records.partitionPoint { $0.key < key }
        return (index, index < records.count && records[index].key == key)
    }

    /// The value in use: of this epoch if it has said anything about the key, else of an earlier one that is still in use.
    func value(of key: RecordKey) -> RecordValue? {
        let place = index(of: key)
        if place.isFound { return records[place.index].value }
        guard hasPending else { return nil }
        let old = Self.index(of: key, in: pending.retained)
        return old.isFound ? pending.retained[old.index].value : nil
    }

    /// The records in use, in the order of keys.
    var recordsInUse: [Record] {
        let current = records.filter { $0.value != nil }
        guard hasPending, !pending.retained.isEmpty else { return current }
        let kept = pending.retained.filter { !index(of: $0.key).isFound }
        return (current + kept).sorted { $0.key < $1.key }
    }
}

/// What a digest says about one origin.
///
///     | origin (16) | epoch (4) | salt (4) | flags (1) | floor (8) | through (8) |
///
/// Flags: 1 forgotten.
struct DigestEntry: Hashable {
    var origin: NodeID
    var epoch: UInt32
    var salt: UInt32
    var isForgotten: Bool
    var floor: UInt64
    var through: UInt64

    static var byteCount: Int { 41 }

    var rank: UInt64 { Origin.rank(epoch: epoch, salt: isForgotten ? Origin.forgottenSalt : salt) }

    /// What it adds to the sums by which two nodes compare what they know.
    var fingerprint: UInt64 {
        var mixed = UInt64(truncatingIfNeeded: origin.rawValue >> 64)
        for word in [UInt64(truncatingIfNeeded: origin.rawValue), rank, floor, through] {
            mixed = (mixed ^ mixed >> 32) &* 0xD6E8_FEB8_6659_FD93
            mixed ^= word
        }
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    init(origin: NodeID, epoch: UInt32, salt: UInt32 = 0, isForgotten: Bool, floor: UInt64, through: UInt64) {
        self.origin = origin
        self.epoch = epoch
        self.salt = salt
        self.isForgotten = isForgotten
        self.floor = floor
        self.through = through
    }

    init(parsing reader: inout ByteReader) throws(GossipFormatError) {
        origin = try reader.nodeID()
        epoch = try reader.integer()
        salt = try reader.integer()
        guard salt != Origin.forgottenSalt else { throw .badValue }
        isForgotten = try reader.integer(UInt8.self) & 1 != 0
        floor = try reader.integer()
        through = try reader.integer()
    }

    func emit(into bytes: inout [UInt8]) {
        bytes.append(origin)
        bytes.append(bigEndian: epoch)
        bytes.append(bigEndian: salt)
        bytes.append(isForgotten ? 1 : 0)
        bytes.append(bigEndian: floor)
        bytes.append(bigEndian: through)
    }
}
