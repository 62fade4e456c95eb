import WeftTypes

/// Where every station is and who says so: the control side's FDB, from which the packet path's ``FDBTable`` follows.
///
/// Sources, strongest first: what the file declares and never moves, gossip, what the file declares otherwise (here and on
/// other hosts), and what was learnt by the bridge or from frames. Gossip announces only what has won by the endpoint rules, so
/// a declared station that moved is where gossip says. Of the learnt ones the latest place wins; a configured or gossiped
/// place is never moved by a frame. Pure: it
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
        case announced(FDBKey, PeerIndex, sequence: UInt32, isSticky: Bool = false)
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

    struct Announcement: Sendable {
        var peer: PeerIndex
        var sequence: UInt32
        var isSticky: Bool
    }

    /// A learnt place, packed: of these there are many.
    struct Learnt: Sendable {
        /// Location in 17 bits, source in the 3 above.
        private var bits: UInt32
        /// The low bits of the wheel's tick at which it is looked at again, while ``isQueued``.
        var dueTick: UInt32 = 0
        var seen: Instant

        private static var queuedBit: UInt32 { 1 << 20 }

        init(location: Location, source: EntrySource, seen: Instant) {
            bits = location.bits | UInt32(source.rawValue) << 17
            self.seen = seen
        }

        var entry: FDBEntry { FDBEntry(bits: UInt64(bits & ~Self.queuedBit)) }
        var location: Location { Location(bits: bits) }
        var source: EntrySource { entry.source }
        /// Whether the wheel has it.
        var isQueued: Bool {
            get { bits & Self.queuedBit != 0 }
            set { bits = newValue ? bits | Self.queuedBit : bits & ~Self.queuedBit }
        }
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

    // What is known of a station, by how it is known; most are in one of them only.
    private var configured: [FDBKey: Station] = [:]
    private var announced: [FDBKey: Announcement] = [:]
    private var learnt: [FDBKey: Learnt] = [:]
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
    public var count: Int { fdb.count }

    private var keys: Set<FDBKey> { Set(learnt.keys).union(announced.keys).union(configured.keys) }

    /// Takes in one event.
    public mutating func handle(_ event: Event, now: Instant) {
        switch event {
        case .seen(let event): learn(event.key, Learnt(location: event.location, source: .frame, seen: event.seen), now: now)
        case .bridgeLearnt(let key, let port):
            learn(key, Learnt(location: .port(port), source: .bridge, seen: now), now: now)
        case .bridgeForgot(let key, let port):
            guard let known = learnt[key], known.source == .bridge, known.location == .port(port) else { return }
            update(key) { $0.learnt[key] = nil }
        case .announced(let key, let peer, let sequence, let isSticky):
            if let old = announced[key], old.peer != peer, old.sequence > sequence { return }
            update(key) { $0.announced[key] = Announcement(peer: peer, sequence: sequence, isSticky: isSticky) }
        case .withdrawn(let key, let peer):
            guard announced[key]?.peer == peer else { return }
            update(key) { $0.announced[key] = nil }
        }
    }

    private mutating func learn(_ key: FDBKey, _ new: Learnt, now: Instant) {
        guard key.mac.isStation, configured[key] == nil else { return }
        if count >= limit && fdb.entry(for: key) == nil {
            refusedCount += 1
            return
        }
        var place = new
        let known = learnt[key]
        if let known, known.location == new.location {
            // The bridge knows when it forgets; a frame only shows that the station still lives.
            place = Learnt(
                location: new.location, source: min(known.source, new.source), seen: max(known.seen, new.seen))
        }
        if let known, known.isQueued {
            place.isQueued = true
            place.dueTick = known.dueTick
        }
        update(key) { $0.learnt[key] = place }
        if place.source == .frame && !place.isQueued { queue(key, seen: place.seen) }
    }

    /// Replaces all that the file says about stations; what was learnt about others stays.
    public mutating func configure(_ stations: [Station]) {
        var wanted: [FDBKey: Station] = [:]
        for station in stations { wanted[station.key] = station }
        for key in configured.keys.filter({ wanted[$0] == nil }).sorted() { update(key) { $0.configured[key] = nil } }
        for key in wanted.keys.sorted() {
            guard let station = wanted[key], configured[key] != station else { continue }
            update(key) {
                $0.configured[key] = station
                $0.learnt[key] = nil
            }
        }
    }

    /// Forgets what is learnt or announced at places that `isPresent` denies, after ports, peers or segments have gone.
    public mutating func forget(except isPresent: (FDBKey, Location) -> Bool) {
        for key in learnt.filter({ !isPresent($0.key, $0.value.location) }).keys.sorted() {
            update(key) { $0.learnt[key] = nil }
        }
        for key in announced.filter({ !isPresent($0.key, .peer($0.value.peer)) }).keys.sorted() {
            update(key) { $0.announced[key] = nil }
        }
    }

    /// The number of stations of each segment that has any.
    public func countsBySegment() -> [SegmentIndex: Int] {
        keys.reduce(into: [:]) { counts, key in counts[key.segment, default: 0] += 1 }
    }

    /// All stations, by segment and address.
    public func listing(now: Instant) -> [Listing] {
        keys.sorted().compactMap { key in
            guard let entry = entry(of: key) else { return nil }
            let isLearnt = entry.source == .frame || entry.source == .bridge
            return Listing(
                key: key, location: entry.location, source: entry.source, isSticky: entry.isSticky,
                age: isLearnt ? learnt[key].map { $0.seen.duration(to: now) } : nil,
                sequence: entry.source == .gossip ? announced[key]?.sequence ?? 0 : 0)
        }
    }

    /// The strongest of what is known.
    private func entry(of key: FDBKey) -> FDBEntry? {
        if let station = configured[key], station.isSticky || announced[key] == nil {
            let source: EntrySource = if case .port = station.location { .declared } else { .static }
            return FDBEntry(location: station.location, source: source, isSticky: station.isSticky)
        }
        if let announcement = announced[key] {
            return FDBEntry(location: .peer(announcement.peer), source: .gossip, isSticky: announcement.isSticky)
        }
        return learnt[key]?.entry
    }

    private mutating func update(_ key: FDBKey, _ change: (inout Self) -> Void) {
        change(&self)
        let entry = entry(of: key)
        guard entry != fdb.entry(for: key) else { return }
        if let entry { fdb.set(entry, for: key) } else { fdb.remove(key) }
        revision += 1
    }
}

extension Directory {
    /// Forgets stations from which no frame came for ``ageing``; call it about every second.
    ///
    /// - Returns: what it forgot, each with its place and when it was seen last.
    @discardableResult
    public mutating func age(now: Instant) -> [LearnEvent] {
        let current = now.nanoseconds / tickNanoseconds
        let first = max((tick ?? current) + 1, current - Int64(Self.wheelSize) + 1)
        tick = max(current, tick ?? current)
        guard first <= current else { return [] }
        var aged: [LearnEvent] = []
        for due in first...current {
            let slot = Int(due % Int64(Self.wheelSize))
            let keys = wheel[slot]
            wheel[slot] = []
            for key in keys { examine(key, due: due, now: now, into: &aged) }
        }
        return aged
    }

    private mutating func examine(_ key: FDBKey, due: Int64, now: Instant, into aged: inout [LearnEvent]) {
        // A key may be in the wheel twice, from an earlier life; only its last due time counts.
        guard let known = learnt[key], known.isQueued,
            Int32(truncatingIfNeeded: Int64(known.dueTick) &- due) <= 0
        else { return }
        learnt[key]?.isQueued = false
        guard known.source == .frame else { return }
        if known.seen.duration(to: now) >= ageing {
            update(key) { $0.learnt[key] = nil }
            aged.append(LearnEvent(key: key, location: known.location, seen: known.seen))
        } else {
            queue(key, seen: known.seen)
        }
    }

    private mutating func queue(_ key: FDBKey, seen: Instant) {
        let current = tick ?? seen.nanoseconds / tickNanoseconds
        tick = current
        let expiry = seen.nanoseconds &+ ageing.wholeNanoseconds
        let due = min(max(expiry / tickNanoseconds + 1, current + 1), current + Int64(Self.wheelSize) - 1)
        learnt[key]?.dueTick = UInt32(truncatingIfNeeded: due)
        learnt[key]?.isQueued = true
        wheel[Int(due % Int64(Self.wheelSize))].append(key)
    }
}
