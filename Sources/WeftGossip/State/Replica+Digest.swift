import WeftTypes

/// An interval of NodeIDs, both ends included, cut down to some of the 64 buckets.
struct DigestInterval: Hashable {
    /// Bit n stands for bucket n.
    var buckets: UInt64
    var from: NodeID
    var to: NodeID

    static var byteCount: Int { 40 }

    init(buckets: UInt64, from: NodeID = .lowest, to: NodeID = .highest) {
        self.buckets = buckets
        self.from = from
        self.to = to
    }

    init(parsing reader: inout ByteReader) throws(GossipFormatError) {
        buckets = try reader.integer()
        from = try reader.nodeID()
        to = try reader.nodeID()
        guard from <= to else { throw .badValue }
    }

    func emit(into bytes: inout [UInt8]) {
        bytes.append(bigEndian: buckets)
        bytes.append(from)
        bytes.append(to)
    }
}

extension NodeID {
    static var lowest: NodeID { NodeID(rawValue: 0) }
    static var highest: NodeID { NodeID(rawValue: .max) }
    /// The next in the ring of all NodeIDs.
    var successor: NodeID { NodeID(rawValue: rawValue &+ 1) }
    /// The one before in the ring of all NodeIDs.
    var predecessor: NodeID { NodeID(rawValue: rawValue &- 1) }
}

/// How what is known here of an origin differs from what another's digest says.
enum DigestDifference: Hashable {
    case none
    /// The other knows more.
    case behind
    /// The other knows less, or has a lower floor.
    case ahead
    /// The other knows as much and has the higher floor.
    case floor
    /// The other has forgotten it.
    case forgotten
}

extension Replica {
    /// The sums of the 64 buckets.
    var sums: [UInt64] { buckets.map(\.sum) }

    /// The buckets in which another's sums differ, bit n for bucket n.
    func differingBuckets(from sums: [UInt64]) -> UInt64 {
        var mask: UInt64 = 0
        for (bucket, sum) in sums.enumerated().prefix(Self.bucketCount) where buckets[bucket].sum != sum {
            mask |= 1 << UInt64(bucket)
        }
        return mask
    }

    /// The origins of an interval in order, until `isFull` says stop; returns where the interval ends that was gone through.
    func forEachOrigin(in interval: DigestInterval, _ body: (Origin) -> Bool) -> NodeID {
        for bucket in Self.bucket(of: interval.from)...Self.bucket(of: interval.to)
        where interval.buckets & 1 << UInt64(bucket) != 0 {
            let origins = buckets[bucket].origins
            for index in index(notBelow: interval.from, in: bucket)..<origins.count {
                guard origins[index].id <= interval.to else { return interval.to }
                guard body(origins[index]) else { return origins[index].id.predecessor }
            }
        }
        return interval.to
    }

    /// The digest of an interval's front, at most `limit` origins, and the interval that it covers.
    func entries(in interval: DigestInterval, limit: Int) -> (covered: DigestInterval, entries: [DigestEntry]) {
        var entries: [DigestEntry] = []
        var covered = interval
        covered.to = forEachOrigin(in: interval) { origin in
            guard entries.count < limit else { return false }
            entries.append(origin.entry)
            return true
        }
        return (covered, entries)
    }

    /// What is known here against one line of another's digest.
    func difference(from entry: DigestEntry) -> DigestDifference {
        guard let origin = origin(entry.origin) else { return entry.isForgotten ? .forgotten : .behind }
        if entry.rank != origin.rank {
            guard entry.rank > origin.rank else { return .ahead }
            return entry.isForgotten ? .forgotten : .behind
        }
        if entry.isForgotten { return .none }
        if entry.through != origin.through { return entry.through > origin.through ? .behind : .ahead }
        if entry.floor != origin.floor { return entry.floor > origin.floor ? .floor : .ahead }
        return .none
    }

    /// Origins of an interval that another's complete digest of it, in the order of NodeIDs, doesn't mention.
    func missing(from entries: [DigestEntry], in interval: DigestInterval) -> [DigestEntry] {
        var missing: [DigestEntry] = []
        var index = 0
        _ = forEachOrigin(in: interval) { origin in
            while index < entries.count, entries[index].origin < origin.id { index += 1 }
            if index == entries.count || entries[index].origin != origin.id { missing.append(origin.entry) }
            return true
        }
        return missing
    }
}
