import WeftTypes

/// A station that the topology places on this host.
public struct EndpointDeclaration: Hashable, Sendable {
    public var key: EndpointKey
    /// Its port, where it has one of its own.
    public var port: LocalPort?
    /// The IP addresses it may use; with none, those it is seen to use are taken.
    public var addresses: [IPAddress]
    /// It never moves (E6).
    public var isSticky: Bool
    /// It is a gateway of the segment.
    public var isGateway: Bool

    /// Declares a station; the first ``EndpointRecord/maximumAddressCount`` addresses travel.
    public init(
        _ key: EndpointKey, port: LocalPort? = nil, addresses: [IPAddress] = [], isSticky: Bool = false,
        isGateway: Bool = false
    ) {
        self.key = key
        self.port = port
        self.addresses = addresses
        self.isSticky = isSticky
        self.isGateway = isGateway
    }
}

/// How a local station was noticed.
public enum EndpointEvidence: Hashable, Sendable {
    /// A frame of it was read.
    case frame
    /// The bridge told that it learnt it, or that it moved to another port.
    case bridge
    /// It stands in a listing of the bridge's table, nobody knows since when: enough for a station that nobody else has.
    case listing
}

/// What is known of a station on this host, whether or not it is this host's at the moment.
struct LocalStation {
    struct Snooped {
        var address: IPAddress
        var seen: Instant
    }

    var port: LocalPort?
    var declaration: EndpointDeclaration?
    /// The bridge has it.
    var isInBridge = false
    /// The last frame or notification.
    var lastSeen: Instant?
    /// The last frame; nil if only the bridge tells of it.
    var lastFrame: Instant?
    /// This host holds that it is here, and nobody with a better claim denies it.
    var isOwned = false
    /// The mobility sequence under which it is owned.
    var sequence: UInt32 = 0
    /// The IP addresses it was seen to use, oldest first.
    var snooped: [Snooped] = []
    /// Whether it advertised itself as a router or as a host, here or where it was before; nil if it did neither.
    var isRouter: Bool?
    /// What the others were told; nil for nothing.
    var published: EndpointRecord?
    /// A publication waits for its turn.
    var isPublicationPending = false
    /// The port it is declared at has gone.
    var isPortGone = false
    /// It came from elsewhere and hasn't spoken yet: how often it was announced.
    var announcements: Int?
    /// Where it was seen although it never moves, so that each place is named once; those beyond eight are not.
    private(set) var conflicts: [EndpointPlace] = []

    var isSticky: Bool { declaration?.isSticky ?? false }
    /// Whether it was seen here and not forgotten.
    var isSeen: Bool { isInBridge || lastFrame != nil }
    /// Whether it would be this host's if nobody else had it.
    var isCandidate: Bool { (declaration != nil && !isPortGone) || isSeen }

    /// Whether a place of conflict is to be named now.
    mutating func isNewConflict(at place: EndpointPlace) -> Bool {
        guard !conflicts.contains(place), conflicts.count < 8 else { return false }
        conflicts.append(place)
        return true
    }

    /// Has what is wrong named again, should it come back.
    mutating func endConflicts() { conflicts = [] }

    /// Declared IP addresses first, then as many snooped ones as have room; sorted.
    func addresses(limit: Int) -> [IPAddress] {
        let declared = Array(Set(declaration?.addresses ?? [])).sorted().prefix(EndpointRecord.maximumAddressCount)
        let room = max(0, min(limit, EndpointRecord.maximumAddressCount) - declared.count)
        return (declared + snooped.suffix(room).map(\.address).filter { !declared.contains($0) }).sorted()
    }

    func record(limit: Int) -> EndpointRecord {
        var record = EndpointRecord(
            mobilitySequence: sequence, isSticky: isSticky, isDeclared: declaration != nil,
            isGateway: declaration?.isGateway ?? false, addresses: addresses(limit: limit))
        record.isRouter = isRouter ?? false
        return record
    }
}

/// What happened to a station lately, wherever it is; kept while it matters.
struct StationHistory {
    /// The last moves, at most as many as make a duplicate, oldest first.
    var moves: [Instant] = []
    /// It was found to be a duplicate: this host doesn't take it from another until that is cleared.
    var isDuplicate = false
    /// The latest mobility sequence, who had it, and when that was noted.
    var sequence: UInt32?
    var owner: NodeID?
    var noted: Instant
    /// Frames that still come here are forwarded, to this node, until then.
    var late: (node: NodeID?, until: Instant)?
    /// How fast its record may be published.
    var pace = Pace()
}
