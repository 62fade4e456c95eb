import WeftTypes

/// Where every station is and who says so: the control side's FDB, from which the packet path's ``FDBTable`` follows.
///
/// Sources, strongest first: what the file declares (here and on other hosts), gossip, and what was learnt by the bridge or
/// from frames. Of the learnt ones the latest place wins; a configured or gossiped place is never moved by a frame. Pure: it
/// is told the time, and calls nobody.
public struct Directory: Sendable {
    /// A station that the topology file names.
    public struct Station: Hashable, Sendable {
        public var key: FDBKey
        /// The local port, or the peer whose port it is.
        public var location: Location
        /// Whether the address never moves (E6).
        public var isSticky: Bool

        /// Names a station; ``EntrySource/declared`` at a port, ``EntrySource/static`` at a peer.
        public init(key: FDBKey, location: Location, isSticky: Bool = false) {
            self.key = key
            self.location = location
            self.isSticky = isSticky
        }
    }

    /// What the Directory is told.
    public enum Event: Hashable, Sendable {
        /// A worker saw a frame.
        case seen(LearnEvent)
        /// The bridge behind a port learnt an address on another of its ports (`bridge fdb`).
        case bridgeLearnt(FDBKey, PortIndex)
        /// The bridge forgot it.
        case bridgeForgot(FDBKey, PortIndex)
        /// Another agent announced an address with a mobility sequence (E1).
        case announced(FDBKey, PeerIndex, sequence: UInt32)
        /// Another agent withdrew its announcement.
        case withdrawn(FDBKey, PeerIndex)
    }

    /// One line of the listing.
    public struct Listing: Hashable, Sendable {
        public var key: FDBKey
        public var location: Location
        public var source: EntrySource
        public var isSticky: Bool
        /// Since the last frame was noted; nil for what does not age.
        public var age: Duration?
        /// The mobility sequence.
        public var sequence: UInt32
    }

    struct Record: Sendable {
        var configured: Station?
        var announced: (peer: PeerIndex, sequence: UInt32)?
        var learnt: Learnt?
        /// The wheel's tick at which the learnt place is looked at again.
        var dueTick: Int64 = -1

        var isEmpty: Bool { configured == nil && announced == nil && learnt == nil }
    }

    struct Learnt: Sendable {
        var location: Location
        var source: EntrySource
        var seen: Instant
    }

    /// The FDB as the packet path reads it, always up to date.
    public private(set) var fdb = FDBTable()
    /// Changes whenever ``fdb`` does.
    public private(set) var revision: UInt64 = 0
    /// Addresses that were not learnt because the table was full.
    public private(set) var refusedCount: UInt64 = 0
    /// How long a learnt address lives without a frame.
    public let ageing: Duration
    /// How many stations it holds at most, learnt ones; configured ones always find room.
    public let limit: Int

    private var records: [FDBKey: Record] = [:]
    private var wheel: [[FDBKey]]
    private var tick: Int64?

    private static var wheelSize: Int { 64 }
    /// A turn of the wheel is twice the ageing time, so that no due time is more than a turn away.
    private var tickNanoseconds: Int64 { max(1, ageing.wholeNanoseconds / 32) }

    /// Creates an empty directory.
    public init(ageing: Duration = .seconds(300), limit: Int = 65536) {
        self.ageing = ageing
        self.limit = limit
        wheel = Array(repeating: [], count: Self.wheelSize)
    }

    /// The number of stations.
    public var count: Int { records.count }

    /// Takes in one event.
    public mutating func handle(_ event: Event, now: Instant) {
        switch event {
        case .seen(let event): learn(event.key, Learnt(location: event.location, source: .frame, seen: event.seen), now: now)
        case .bridgeLearnt(let key, let port):
            learn(key, Learnt(location: .port(port), source: .bridge, seen: now), now: now)
        case .bridgeForgot(let key, let port):
            guard let learnt = records[key]?.learnt, learnt.source == .bridge, learnt.location == .port(port) else { return }
            update(key) { $0.learnt = nil }
        case .announced(let key, let peer, let sequence):
            if let old = records[key]?.announced, old.peer != peer, old.sequence > sequence { return }
            update(key) { $0.announced = (peer, sequence) }
        case .withdrawn(let key, let peer):
            guard records[key]?.announced?.peer == peer else { return }
            update(key) { $0.announced = nil }
        }
    }

    private mutating func learn(_ key: FDBKey, _ new: Learnt, now: Instant) {
        guard key.mac.isStation else { return }
        let old = records[key]
        if old?.configured != nil { return }
        if old == nil && records.count >= limit {
            refusedCount += 1
            return
        }
        var learnt = new
        if let known = old?.learnt, known.location == new.location {
            // The bridge knows when it forgets; a frame only shows that the station still lives.
            learnt.source = min(known.source, new.source)
            learnt.seen = max(known.seen, new.seen)
        }
        let isQueued = (old?.dueTick ?? -1) >= 0
        update(key) { $0.learnt = learnt }
        if learnt.source == .frame && !isQueued { queue(key, seen: learnt.seen) }
    }

    /// Replaces all that the file says about stations; what was learnt about others stays.
    public mutating func configure(_ stations: [Station]) {
        var wanted: [FDBKey: Station] = [:]
        for station in stations { wanted[station.key] = station }
        let obsolete = records.filter { $0.value.configured != nil && wanted[$0.key] == nil }.keys.sorted()
        for key in obsolete { update(key) { $0.configured = nil } }
        for key in wanted.keys.sorted() {
            guard let station = wanted[key], records[key]?.configured != station else { continue }
            update(key) {
                $0.configured = station
                $0.learnt = nil
            }
        }
    }

    /// Forgets what is learnt or announced at places that `isPresent` denies, after ports, peers or segments have gone.
    public mutating func forget(except isPresent: (FDBKey, Location) -> Bool) {
        for key in records.keys.sorted() {
            guard let record = records[key] else { continue }
            if let learnt = record.learnt, !isPresent(key, learnt.location) { update(key) { $0.learnt = nil } }
            if let announced = record.announced, !isPresent(key, .peer(announced.peer)) { update(key) { $0.announced = nil } }
        }
    }

    /// The number of stations of each segment that has any.
    public func countsBySegment() -> [SegmentIndex: Int] {
        records.keys.reduce(into: [:]) { counts, key in counts[key.segment, default: 0] += 1 }
    }

    /// All stations, by segment and address.
    public func listing(now: Instant) -> [Listing] {
        records.keys.sorted().compactMap { key in
            guard let record = records[key], let entry = Self.entry(of: record) else { return nil }
            let isLearnt = entry.source == .frame || entry.source == .bridge
            return Listing(
                key: key, location: entry.location, source: entry.source, isSticky: entry.isSticky,
                age: isLearnt ? record.learnt.map { $0.seen.duration(to: now) } : nil,
                sequence: entry.source == .gossip ? record.announced?.sequence ?? 0 : 0)
        }
    }

    /// The strongest of what is known.
    private static func entry(of record: Record) -> FDBEntry? {
        if let station = record.configured {
            let source: EntrySource = if case .port = station.location { .declared } else { .static }
            return FDBEntry(location: station.location, source: source, isSticky: station.isSticky)
        }
        if let announced = record.announced { return FDBEntry(location: .peer(announced.peer), source: .gossip) }
        return record.learnt.map { FDBEntry(location: $0.location, source: $0.source) }
    }

    private mutating func update(_ key: FDBKey, _ change: (inout Record) -> Void) {
        var record = records[key] ?? Record()
        let before = Self.entry(of: record)
        change(&record)
        let after = Self.entry(of: record)
        records[key] = record.isEmpty ? nil : record
        guard before != after else { return }
        if let after { fdb.set(after, for: key) } else { fdb.remove(key) }
        revision += 1
    }
}

extension Directory {
    /// Forgets stations from which no frame came for ``ageing``; call it about every second.
    public mutating func age(now: Instant) {
        let current = now.nanoseconds / tickNanoseconds
        let first = max((tick ?? current) + 1, current - Int64(Self.wheelSize) + 1)
        tick = max(current, tick ?? current)
        guard first <= current else { return }
        for due in first...current {
            let slot = Int(due % Int64(Self.wheelSize))
            let keys = wheel[slot]
            wheel[slot] = []
            for key in keys { examine(key, due: due, now: now) }
        }
    }

    private mutating func examine(_ key: FDBKey, due: Int64, now: Instant) {
        // A key may be in the wheel twice, from an earlier life; only its last due time counts.
        guard let record = records[key], record.dueTick <= due, record.dueTick >= 0 else { return }
        records[key]?.dueTick = -1
        guard let learnt = record.learnt, learnt.source == .frame else { return }
        if learnt.seen.duration(to: now) >= ageing {
            update(key) { $0.learnt = nil }
        } else {
            queue(key, seen: learnt.seen)
        }
    }

    private mutating func queue(_ key: FDBKey, seen: Instant) {
        let current = tick ?? seen.nanoseconds / tickNanoseconds
        tick = current
        let expiry = seen.nanoseconds &+ ageing.wholeNanoseconds
        let due = min(max(expiry / tickNanoseconds + 1, current + 1), current + Int64(Self.wheelSize) - 1)
        records[key]?.dueTick = due
        wheel[Int(due % Int64(Self.wheelSize))].append(key)
    }
}
