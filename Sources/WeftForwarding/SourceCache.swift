import WeftTypes

/// A source address at a place, on its way from a worker to the ``Directory``.
@frozen public struct LearnEvent: Hashable, Sendable {
    /// The segment and the address.
    public let key: FDBKey
    /// The port or peer whose frame carried it.
    public let location: Location
    /// When.
    public let seen: Instant

    /// Creates an event.
    @inlinable public init(key: FDBKey, location: Location, seen: Instant) {
        self.key = key
        self.location = location
        self.seen = seen
    }
}

/// What one worker has seen itself, lately: source address → place and time.
///
/// It keeps the steady state silent (an address that stays where it is is reported once per refresh interval, not per
/// frame), and it is what "seen on a local port in the last second" (X8) is answered from, before any table knows. Bounded:
/// two ways per set, the older one gives way.
public struct SourceCache: Sendable {
    @usableFromInline struct Sighting: Sendable {
        @usableFromInline var key: UInt64 = 0
        @usableFromInline var location: UInt32 = 0
        @usableFromInline var seen: Int64 = 0
        @usableFromInline var reported: Int64 = 0

        @inlinable init() {}
    }

    @usableFromInline var sightings: [Sighting]
    @usableFromInline let setMask: Int
    @usableFromInline let refreshNanoseconds: Int64

    /// How long an address counts as local after a frame from it (X8).
    @inlinable static var localHoldNanoseconds: Int64 { 1_000_000_000 }

    /// Creates a cache.
    ///
    /// - Parameters:
    ///   - capacity: addresses it can hold; rounded up to a power of two, at least 2.
    ///   - ageing: the Directory's ageing time; an address is reported again after an eighth of it.
    public init(capacity: Int = 4096, ageing: Duration = .seconds(300)) {
        var sets = 1
        while sets * 2 < capacity { sets *= 2 }
        sightings = Array(repeating: Sighting(), count: sets * 2)
        setMask = sets - 1
        refreshNanoseconds = ageing.wholeNanoseconds / 8
    }

    /// How soon an address is reported again that the tables still have elsewhere, or not at all.
    @inlinable static var retryNanoseconds: Int64 { 100_000_000 }

    /// Notes a frame from `key` at `location`.
    ///
    /// - Parameter isKnown: whether the tables have the address there; if not, an earlier report was lost or refused, or
    ///   another worker reported something else meanwhile.
    /// - Returns: whether the control side should hear of it: the address is new here, has moved, or is due to be told again.
    @inlinable public mutating func note(
        _ key: FDBKey, at location: Location, isKnown: Bool = true, now: Instant
    ) -> Bool {
        let first = (Int(truncatingIfNeeded: key.hash) & setMask) &* 2
        let way = sightings[first].key == key.rawValue ? first : first &+ 1
        if sightings[way].key == key.rawValue && sightings[way].location == location.bits {
            sightings[way].seen = now.nanoseconds
            let interval = isKnown ? refreshNanoseconds : Self.retryNanoseconds
            guard now.nanoseconds &- sightings[way].reported >= interval else { return false }
            sightings[way].reported = now.nanoseconds
            return true
        }
        var victim = way
        if sightings[way].key != key.rawValue && sightings[first].seen < sightings[way].seen { victim = first }
        sightings[victim].key = key.rawValue
        sightings[victim].location = location.bits
        sightings[victim].seen = now.nanoseconds
        sightings[victim].reported = now.nanoseconds
        return true
    }

    /// Whether a local port sent a frame from `key` in the last second.
    @inlinable public func wasLocal(_ key: FDBKey, now: Instant) -> Bool { localPort(of: key, now: now) != nil }

    /// The local port that sent a frame from `key` in the last second.
    @inlinable public func localPort(of key: FDBKey, now: Instant) -> PortIndex? {
        let first = (Int(truncatingIfNeeded: key.hash) & setMask) &* 2
        let way = sightings[first].key == key.rawValue ? first : first &+ 1
        guard sightings[way].key == key.rawValue, case .port(let port) = Location(bits: sightings[way].location) else {
            return nil
        }
        return now.nanoseconds &- sightings[way].seen < Self.localHoldNanoseconds ? port : nil
    }

    /// Forgets everything, so that all that goes on is reported anew.
    public mutating func removeAll() {
        for index in sightings.indices { sightings[index] = Sighting() }
    }
}
