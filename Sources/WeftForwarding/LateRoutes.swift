import WeftTypes

/// Where to send what still comes for stations that have just left this host (X9).
///
/// For two seconds after a move other hosts may not have heard of it, and send here. Such a frame, and no other, goes from a tunnel
/// into a tunnel. A value that is cheap to copy and to change (``ShardedTable``).
public struct LateRoutes: Sendable {
    struct Slot: TableSlot {
        var key = FDBKey(rawValue: 0)
        var peer = PeerIndex(0)
        var until = Instant(nanoseconds: 0)

        init() {}

        init(_ key: FDBKey, peer: PeerIndex, until: Instant) {
            self.key = key
            self.peer = peer
            self.until = until
        }

        var isFree: Bool { key.rawValue == 0 }
        static func hash(of key: FDBKey) -> UInt64 { key.hash }
    }

    private var table = ShardedTable<Slot>()

    /// Creates an empty table.
    public init() {}

    /// The number of routes, expired ones included.
    public var count: Int { table.count }

    /// Where the station went, unless that was too long ago.
    public func peer(for key: FDBKey, now: Instant) -> PeerIndex? {
        guard let slot = table.slot(for: key), now < slot.until else { return nil }
        return slot.peer
    }

    /// Notes that a station has gone to `peer`.
    ///
    /// - Precondition: the key's address is not zero.
    public mutating func set(_ peer: PeerIndex, until: Instant, for key: FDBKey) {
        precondition(!key.mac.isZero, "no station has the address zero")
        table.set(Slot(key, peer: peer, until: until))
    }

    /// Removes a route, if there is one.
    public mutating func remove(_ key: FDBKey) { table.remove(key) }

    /// Removes what has expired.
    public mutating func expire(now: Instant) { table.removeAll { $0.until <= now } }

    /// Removes what `isPresent` denies, after peers or segments have gone.
    public mutating func forget(except isPresent: (SegmentIndex, PeerIndex) -> Bool) {
        table.removeAll { !isPresent($0.key.segment, $0.peer) }
    }
}
