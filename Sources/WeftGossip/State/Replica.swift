import WeftTypes

/// What one node knows of what all nodes say: one map of records per origin, written by that origin alone.
///
/// A pure value: deltas in, changes out. Sums over all origins and over those of each of 64 buckets are kept as they change, so
/// that two replicas are compared by one number, then by 64. A bucket is an interval of NodeIDs (their first six bits), and
/// copies of a replica share the buckets in which they don't differ. Read <doc:ReplicatedState> first.
struct Replica {
    /// The origins of an interval of NodeIDs, in their order.
    struct Bucket {
        var origins: [Origin] = []
        var sum: UInt64 = 0
    }

    /// The node whose replica this is.
    let own: NodeID
    var buckets = [Bucket](repeating: Bucket(), count: Replica.bucketCount)
    /// Over all origins: replicas with the same root know the same.
    private(set) var root: UInt64 = 0
    private(set) var originCount = 0
    /// The nodes that have joined each segment, in the order of NodeIDs.
    private(set) var segmentMembers: [VNI: [NodeID]] = [:]
    /// The tunnel end points of all origins in short, in order: who shares one is found without a look at all.
    private(set) var tunnelEnds: [TunnelEnd] = []
    /// When the records of an earlier epoch go if the new one never says that it is settled; in order of time.
    var retirements: [Retirement] = []
    /// Origins whose node is not present, in the order of NodeIDs.
    var absences: [Absence] = []
    /// Those of them whose place may still be taken, in the order of time.
    var successions: [Absence] = []
    /// Tombstones of this node's own records, in order of time and version.
    var ownTombstones: [(version: UInt64, withdrawn: Instant)] = []
    var lastHousekeeping: Instant?

    let configuration: GossipConfiguration

    static var bucketCount: Int { 64 }

    struct Retirement {
        var deadline: Instant
        var origin: NodeID
        var rank: UInt64
    }

    /// One origin's, by ``Origin/vtepTag4`` or ``Origin/vtepTag6``.
    struct TunnelEnd {
        var tag: UInt32
        var id: NodeID
    }

    struct Absence {
        var id: NodeID
        var since: Instant
    }

    init(_ configuration: GossipConfiguration = GossipConfiguration(), own: NodeID, epoch: UInt32, salt: UInt32 = 0) {
        self.own = own
        self.configuration = configuration
        insert(Origin(id: own, epoch: epoch, salt: salt), at: place(of: own))
    }

    /// Holds what another replica does, for the node `own`, which it knows; the two share their storage.
    init(_ other: Replica, as own: NodeID) {
        self.own = own
        configuration = other.configuration
        (buckets, root, originCount, segmentMembers) = (other.buckets, other.root, other.originCount, other.segmentMembers)
        tunnelEnds = other.tunnelEnds
    }

    // MARK: Origins

    /// Where an origin is, or would be.
    struct Place {
        var bucket: Int
        var index: Int
        var isFound: Bool
    }

    static func bucket(of id: NodeID) -> Int { Int(truncatingIfNeeded: id.rawValue >> 122) }

    func place(of id: NodeID) -> Place {
        let bucket = Self.bucket(of: id)
        let index = index(notBelow: id, in: bucket)
        let isFound = index < buckets[bucket].origins.count && buckets[bucket].origins[index].id == id
        return Place(bucket: bucket, index: index, isFound: isFound)
    }

    /// Where in a bucket the first origin that is not below `id` is.
    func index(notBelow id: NodeID, in bucket: Int) -> Int { buckets[bucket].origins.partitionPoint { $0.id < id } }

    subscript(place: Place) -> Origin { buckets[place.bucket].origins[place.index] }

    /// An origin, if anything is known of it.
    func origin(_ id: NodeID) -> Origin? {
        let place = place(of: id)
        return place.isFound ? self[place] : nil
    }

    /// This node's own; it is always there.
    var ownOrigin: Origin { self[place(of: own)] }

    mutating func insert(_ origin: Origin, at place: Place) {
        buckets[place.bucket].origins.insert(origin, at: place.index)
        let fingerprint = origin.entry.fingerprint
        buckets[place.bucket].sum &+= fingerprint
        root &+= fingerprint
        originCount += 1
    }

    /// Changes an origin in place and keeps the sums right; reports what changed in use.
    mutating func update(
        _ place: Place, into effects: inout [GossipNode.Effect], _ change: (inout Origin, inout [RecordChange]) -> Void
    ) {
        var changes: [RecordChange] = []
        let before = self[place].entry.fingerprint
        change(&buckets[place.bucket].origins[place.index], &changes)
        let difference = self[place].entry.fingerprint &- before
        buckets[place.bucket].sum &+= difference
        root &+= difference
        if !changes.isEmpty { report(changes, at: place, into: &effects) }
    }

    private mutating func report(_ changes: [RecordChange], at place: Place, into effects: inout [GossipNode.Effect]) {
        let id = self[place].id
        for change in changes {
            switch change.key {
            case .segment(let vni): setMember(id, of: vni, change.value != nil)
            case .node: tagVTEPs(place, change.value)
            case .endpoint, .topologyRevision, .unknown: break
            }
            if !self[place].isSuperseded { effects.append(.recordChanged(origin: id, change.key, change.value)) }
        }
    }

    private mutating func setMember(_ id: NodeID, of vni: VNI, _ isMember: Bool) {
        var members = segmentMembers.removeValue(forKey: vni) ?? []
        let index = members.partitionPoint { $0 < id }
        let isFound = index < members.count && members[index] == id
        if isMember, !isFound {
            members.insert(id, at: index)
        } else if !isMember, isFound {
            members.remove(at: index)
        }
        if !members.isEmpty { segmentMembers[vni] = members }
    }

    /// Remembers the end points of its tunnels in short, so that others at the same are found without reading records.
    private mutating func tagVTEPs(_ place: Place, _ value: RecordValue?) {
        let vteps = value.map(NodeRecord.vteps) ?? []
        let tags = (vteps.first { $0.address.family == .v4 }?.tag ?? 0, vteps.first { $0.address.family == .v6 }?.tag ?? 0)
        let origin = self[place]
        guard tags != (origin.vtepTag4, origin.vtepTag6) else { return }
        for tag in [origin.vtepTag4, origin.vtepTag6] where tag != 0 {
            let index = index(notBelow: tag, origin.id)
            if index < tunnelEnds.count, tunnelEnds[index].tag == tag, tunnelEnds[index].id == origin.id {
                tunnelEnds.remove(at: index)
            }
        }
        for tag in [tags.0, tags.1] where tag != 0 {
            tunnelEnds.insert(TunnelEnd(tag: tag, id: origin.id), at: index(notBelow: tag, origin.id))
        }
        buckets[place.bucket].origins[place.index].vtepTag4 = tags.0
        buckets[place.bucket].origins[place.index].vtepTag6 = tags.1
    }

    /// Where in ``tunnelEnds`` the first is that is not below.
    private func index(notBelow tag: UInt32, _ id: NodeID) -> Int {
        tunnelEnds.partitionPoint { $0.tag != tag ? $0.tag < tag : $0.id < id }
    }

    /// The origins with this tag but one, in the order of NodeIDs.
    func origins(tagged tag: UInt32, but id: NodeID) -> [NodeID] {
        guard tag != 0 else { return [] }
        let first = index(notBelow: tag, .lowest)
        return tunnelEnds[first...].prefix { $0.tag == tag }.map(\.id).filter { $0 != id }
    }

    // MARK: Asking

    /// The value in use of a record; nil if there is none, or if another node has taken its origin's place.
    func value(of key: RecordKey, from id: NodeID) -> RecordValue? {
        guard let origin = origin(id), !origin.isSuperseded else { return nil }
        return origin.value(of: key)
    }

    /// The records in use of one origin, in the order of keys.
    func records(of id: NodeID) -> [(key: RecordKey, value: RecordValue)] {
        guard let origin = origin(id), !origin.isSuperseded else { return [] }
        return origin.recordsInUse.compactMap { record in record.value.map { (record.key, $0) } }
    }

    /// All origins of which anything is known, in the order of NodeIDs; forgotten ones are among them.
    var originIDs: [NodeID] { buckets.flatMap { $0.origins.map(\.id) } }
}

extension VTEP {
    /// 32 bits by which different end points are told apart mostly; never 0.
    var tag: UInt32 {
        let number = address.number
        var mixed = UInt64(truncatingIfNeeded: number >> 64) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(truncatingIfNeeded: number)
        mixed = (mixed ^ UInt64(udpPort) << 48) &* 0xBF58_476D_1CE4_E5B9
        return UInt32(truncatingIfNeeded: mixed >> 32) | 1
    }
}
