import WeftTypes

/// An IP address that a local station says to have, on its way from a worker to the control side.
@frozen public struct BindingEvent: Hashable, Sendable {
    /// The segment and the station.
    public let key: FDBKey
    /// The address.
    public let address: IPAddress
    /// The port whose frame said it.
    public let port: PortIndex
    /// Whether the station says that it is a router, or that it is none; nil where it says neither: only neighbour
    /// advertisements do (RFC 4861 §4.4).
    public let isRouter: Bool?
    /// When.
    public let seen: Instant

    /// Creates an event.
    @inlinable public init(key: FDBKey, address: IPAddress, port: PortIndex, isRouter: Bool? = nil, seen: Instant) {
        self.key = key
        self.address = address
        self.port = port
        self.isRouter = isRouter
        self.seen = seen
    }
}

/// Which bindings one worker has reported, lately, so that a chatty guest is not reported per frame.
///
/// A binding is reported when it is new or has changed, and again after a while; beyond that each port has a limit, so that a
/// guest that claims many addresses can't keep the control side busy. Bounded: two ways per set, the older one gives way.
struct BindingCache: Sendable {
    struct Report: Sendable {
        var key = BindingKey()
        var port: UInt16 = 0
        var isRouter: Bool?
        var mac: UInt64 = 0
        var reported: Int64 = 0
    }

    private var reports: [Report]
    private let setMask: Int
    private let refreshNanoseconds: Int64
    private var limits: [TokenBucket?]

    /// Reports of a port at once, and how often another one.
    private static var burst: Int { 256 }
    private static var interval: Duration { .milliseconds(2) }
    /// Rows of limits; ports beyond share them.
    private static var limitCount: Int { 256 }

    /// Creates a cache for `capacity` bindings, rounded up to a power of two, at least 2; each is reported again after `refresh`.
    init(capacity: Int = 1024, refresh: Duration = .seconds(15)) {
        var sets = 1
        while sets * 2 < capacity { sets *= 2 }
        reports = Array(repeating: Report(), count: sets * 2)
        setMask = sets - 1
        refreshNanoseconds = refresh.wholeNanoseconds
        limits = Array(repeating: nil, count: Self.limitCount)
    }

    /// Notes that the station of `event` claims an address; whether the control side should hear of it.
    mutating func note(_ event: BindingEvent) -> Bool {
        let key = BindingKey(event.key.segment, event.address)
        let first = (Int(truncatingIfNeeded: key.hash) & setMask) &* 2
        var way = first
        if reports[first].key != key {
            let second = first &+ 1
            way = reports[second].key == key || reports[second].reported < reports[first].reported ? second : first
        }
        let known = reports[way]
        if known.key == key, known.mac == event.key.mac.rawValue, known.port == event.port.rawValue,
            event.isRouter.map({ $0 == known.isRouter }) ?? true, event.seen.nanoseconds &- known.reported < refreshNanoseconds
        {
            return false
        }
        guard mayReport(event.port, now: event.seen) else { return false }
        // A question doesn't take back what an advertisement said.
        let isSame = reports[way].key == key && reports[way].mac == event.key.mac.rawValue
        reports[way].isRouter = event.isRouter ?? (isSame ? reports[way].isRouter : nil)
        reports[way].key = key
        reports[way].port = event.port.rawValue
        reports[way].mac = event.key.mac.rawValue
        reports[way].reported = event.seen.nanoseconds
        return true
    }

    private mutating func mayReport(_ port: PortIndex, now: Instant) -> Bool {
        let row = Int(port.rawValue) % Self.limitCount
        var bucket = limits[row] ?? TokenBucket(burst: Self.burst, interval: Self.interval, now: now)
        let isAllowed = bucket.take(now: now)
        limits[row] = bucket
        return isAllowed
    }
}
