import WeftTypes

/// The timing and the bounds of gossip. Nodes of one fabric may differ.
public struct GossipConfiguration: Hashable, Sendable {
    // MARK: Probing

    /// Time between two probes (SWIM §3, T'); grows with the local health multiplier.
    public var probePeriod: Duration = .milliseconds(500)
    /// The shortest time a direct answer is waited for, whatever the round trips were.
    public var minimumProbeTimeout: Duration = .milliseconds(50)
    /// The longest time a direct answer is waited for before others are asked, at a healthy node.
    public var maximumProbeTimeout: Duration = .milliseconds(200)
    /// How many members are asked to probe for a node that got no answer (SWIM §3.1, k).
    public var indirectProbeCount = 3
    /// The most probes under way for others; more are refused.
    public var maximumRelays = 64
    /// The most the local health multiplier rises to (Lifeguard, LHA-Probe, S).
    public var maximumLocalHealth = 8
    /// Time between two probes of members that are dead or have left, one of them at a time, for ever.
    public var deadProbePeriod: Duration = .seconds(5)
    /// Of how many probes one goes to the next member in the order of NodeIDs instead of the next of a random round; 0 for none.
    public var neighbourProbeInterval = 2
    /// How much later than asked for a node may run before it takes that as its own pause.
    public var latenessTolerance: Duration = .milliseconds(50)

    // MARK: Suspicion

    /// How long a suspicion lasts that ``confirmationCount`` others confirm (Lifeguard, LHA-Suspicion, Min).
    public var minimumSuspicion: Duration = .milliseconds(1500)
    /// How long a suspicion lasts that nobody confirms (Lifeguard, LHA-Suspicion, Max).
    public var maximumSuspicion: Duration = .seconds(6)
    /// How many independent confirmations shorten a suspicion to its minimum (Lifeguard, LHA-Suspicion, K), 0…3.
    public var confirmationCount = 3
    /// Time between two messages to a suspect that it is suspected.
    public var reminderPeriod: Duration = .milliseconds(100)
    /// Whether a suspect is told so directly, in pings, answers and reminders (Lifeguard, buddy system); otherwise it hears by gossip.
    public var tellsSuspects = true
    /// How much longer those wait who only heard of a suspicion; they wait up to twice this, at random.
    public var secondHandGrace: Duration = .milliseconds(500)

    /// After how long without a word from anybody a node takes itself for cut off, and waits with deaths until it hears again or there is
    /// nobody left whom it doesn't suspect. Healthy members are probed, and answered, twice in each ``probePeriod``.
    public var deafness: Duration = .seconds(1)

    // MARK: Spreading

    /// The shortest time between two pushes of statements about members; the first goes at once.
    public var newsInterval: Duration = .milliseconds(10)
    /// A statement is piggybacked this often, times the decimal digits of the number of members (SWIM §4.1, λ log n); at most 15.
    public var transmissionFactor = 3
    /// The most statements in one datagram besides its own purpose.
    public var maximumPiggyback = 6
    /// The most statements waiting to be piggybacked; the oldest goes first, for comparing views repairs what is missed.
    public var maximumQueuedUpdates = 64
    /// The most bytes of a datagram before sealing.
    public var datagramByteLimit = 1155

    // MARK: Joining and comparing views

    /// Time before a join is tried again; doubles up to ``deadProbePeriod``. An address that does not answer is sent six datagrams in the
    /// first two seconds, and one in each ``deadProbePeriod`` in the end.
    public var joinRetry: Duration = .milliseconds(50)
    /// The most addresses to join at that are kept.
    public var maximumJoinAddresses = 64
    /// The most pages of members sent for one request.
    public var pagesPerPull = 8
    /// The shortest time between two comparisons of views begun here.
    public var syncInterval: Duration = .milliseconds(100)
    /// The longest; it doubles with each comparison that brings nothing.
    public var syncMaximumPause: Duration = .seconds(2)
    /// How long a page is waited for before it is asked for again; tried this often, then given up until views differ again.
    public var syncTimeout: Duration = .milliseconds(250)
    public var syncAttempts = 4
    /// The most members known, this node among them; for one that is alive the one absent longest is forgotten, if for an hour.
    public var maximumMembers = 16384

    // MARK: State

    /// How long the records of a node's earlier epoch stay in use if the new one never says that it is settled, and those of a dead
    /// node if another is alive at its tunnel end point.
    public var recordRetention: Duration = .seconds(30)
    /// How long a tombstone is kept by its origin, whose floor the others follow.
    public var tombstoneAge: Duration = .seconds(24 * 3600)
    /// How long a node is absent before its records are forgotten.
    public var forgetAfter: Duration = .seconds(7 * 24 * 3600)
    /// Time between two searches for tombstones and nodes that have had their time.
    public var housekeepingPeriod: Duration = .seconds(3600)
    /// The most origins of records known, forgotten ones among them.
    public var maximumOrigins = 32768
    /// The most records of this node, tombstones among them.
    public var maximumOwnRecords = 65536

    /// How others reach this node, where it knows better than they see from its datagrams.
    public var advertisedAddress: GossipAddress?

    /// The configuration a fabric has unless told otherwise.
    public init() {}
}
