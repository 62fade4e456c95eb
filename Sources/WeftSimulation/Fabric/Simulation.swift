import WeftGossip
import WeftTypes

/// Many nodes on one virtual network under one virtual clock: the production code of the core, one seed, one run.
///
/// Time passes only from event to event, so an hour takes as long as there is to do in it. Whatever is random is drawn from the
/// seed in the order of events, and events that fall on the same moment come in the order they were made; so a run is
/// repeated by its seed, in debug and release alike, which ``traceHash`` shows. Read <doc:Simulator> first.
public final class Simulation {
    /// What the network does to datagrams from now on.
    public var conditions = NetworkConditions()
    /// Directions in which datagrams are lost besides.
    public var cuts: [Cut] = []
    /// The configuration of nodes that are started from now on.
    public var configuration: GossipConfiguration
    /// Told of what nodes tell their shells.
    public var observer: (any SimulationObserver)?
    /// Told of each start before its node does anything.
    var willStart: ((Int, NodeID) -> Void)?
    /// Given one line for each event; slow.
    public var log: ((TraceLine) -> Void)?
    /// How much waits in the socket of a node that is stopped; beyond, the network drops (Linux's `rmem_default`).
    public var socketBufferByteCount = 212_992

    /// How many events there may be. When they are used up nothing happens any more: nodes that answer each other for ever would
    /// keep the time where it is.
    public var eventLimit = Int.max

    /// The virtual time.
    public private(set) var now = Simulation.origin
    /// Over all events so far.
    public private(set) var traceHash = TraceHash()
    /// How many events there were.
    public private(set) var eventCount = 0

    /// The virtual time at which a simulation begins.
    public static var origin: Instant { Instant(nanoseconds: 1_000_000_000) }

    let seed: UInt64
    var nodes: [GossipNode] = []
    var stations: [Station] = []
    var random: SeededRandom
    var queue = EventQueue()
    var parcels: [Parcel] = []
    var freeParcels: [UInt32] = []
    private var numbers: [NodeID: Int] = [:]
    private var effects: [GossipNode.Effect] = []

    /// Begins a simulation without nodes.
    public init(seed: UInt64, configuration: GossipConfiguration = GossipConfiguration()) {
        self.seed = seed
        self.configuration = configuration
        random = SeededRandom(seed: seed)
    }

    // MARK: Asking

    /// How many nodes there are, running or not.
    public var nodeCount: Int { stations.count }
    /// Whether there were as many events as there may be.
    public var isExhausted: Bool { eventCount >= eventLimit }
    /// Since the simulation began.
    public var elapsed: Duration { Self.origin.duration(to: now) }

    /// The node's own state machine.
    public subscript(node: Int) -> GossipNode { nodes[node] }
    /// The identity a node has now; a lost disk changes it.
    public func id(of node: Int) -> NodeID { stations[node].id }
    /// The number of the node that has or had an identity.
    public func node(_ id: NodeID) -> Int? { numbers[id] }
    /// Whether a node's agent was started and neither crashed nor left; it may be stopped.
    public func isRunning(_ node: Int) -> Bool { stations[node].condition == .running }
    /// Whether a node said goodbye and still runs.
    public func hasLeft(_ node: Int) -> Bool { stations[node].condition == .left }
    /// Whether a node is stopped at the moment.
    public func isPaused(_ node: Int) -> Bool { stations[node].pausedUntil > now.nanoseconds }
    /// The epoch a node is in.
    public func epoch(of node: Int) -> UInt32 { nodes[node].incarnation.epoch }
    /// The life of an origin that a node holds records of; see ``GossipNode/life(of:)``.
    func life(of origin: NodeID, at node: Int) -> UInt64 { nodes[node].life(of: origin) }
    /// How often a node's disk was lost.
    func disks(of node: Int) -> Int { stations[node].disks }
    /// How often a node was started.
    public func starts(of node: Int) -> UInt32 { stations[node].starts }
    /// What a node has sent.
    public func traffic(of node: Int) -> Traffic { stations[node].traffic }
    /// A choice that depends on the seed and on nothing that happened: true `share` times in `whole`.
    func chooses(_ share: UInt64, in whole: UInt64, _ salt: UInt64) -> Bool {
        var own = SeededRandom(seed: seed ^ salt &* 0xD6E8_FEB8_6659_FD93)
        return own.next() % whole < share
    }

    /// The numbers of the nodes that run.
    public var running: [Int] { stations.indices.filter { stations[$0].condition == .running } }

    /// Whether all running nodes have the same view of who is there, and it is right.
    public var isMembershipConverged: Bool {
        var (count, digest): (Int, UInt64?) = (0, nil)
        for node in stations.indices where stations[node].condition == .running {
            count += 1
            guard digest == nil || digest == nodes[node].membershipDigest else { return false }
            digest = nodes[node].membershipDigest
        }
        return stations.indices.allSatisfy { stations[$0].condition != .running || nodes[$0].presentCount == count }
    }

    /// Whether a node that is stopped has yet to do what its agent wanted meanwhile: such as to publish what the ledger holds to
    /// be so already.
    public var hasUndoneInputs: Bool { stations.contains { !$0.deferred.isEmpty } }

    /// Whether all running nodes hold the same records.
    public var isStateConverged: Bool {
        var digest: UInt64?
        for node in stations.indices where stations[node].condition == .running {
            guard digest == nil || digest == nodes[node].stateDigest else { return false }
            digest = nodes[node].stateDigest
        }
        return true
    }

    // MARK: Nodes

    /// Adds a host whose agent isn't started yet, and returns its number.
    @discardableResult public func addNode() -> Int {
        let node = stations.count
        precondition(node < Addressing.maximumNodeCount, "node \(node) has no address: there are \(Addressing.maximumNodeCount)")
        let id = NodeID.simulated(seed: seed, node: node, disk: 0)
        stations.append(Station(id: id, address: Addressing.address(of: node, moves: 0)))
        numbers[id] = node
        nodes.append(makeNode(node, epoch: 0))
        return node
    }

    func makeNode(_ node: Int, epoch: UInt32) -> GossipNode {
        GossipNode(configuration, identity: stations[node].id, epoch: epoch, random: randomSeed(of: node), now: now)
    }

    /// All the randomness that a start of a node gets.
    func randomSeed(of node: Int) -> UInt64 {
        var own = SeededRandom(seed: seed &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(node) << 32 ^ UInt64(stations[node].starts))
        return own.next()
    }

    func remember(_ id: NodeID, of node: Int) { numbers[id] = node }

    /// Gives an input to a running node now, or to one that is stopped when it goes on.
    public func give(_ input: GossipNode.Input, to node: Int) {
        guard stations[node].condition != .down else { return }
        if stations[node].pausedUntil > 0 {
            stations[node].deferred.append(input)
        } else {
            handle(input, at: node)
        }
    }

    // MARK: Time

    /// Lets time pass; stops early as soon as `isDone`, which is asked in these intervals. Returns whether it was.
    @discardableResult public func run(
        for duration: Duration, checkingEvery interval: Duration = .milliseconds(10), until isDone: () -> Bool = { false }
    ) -> Bool {
        let end = now.nanoseconds + duration.wholeNanoseconds
        var nextCheck = now.nanoseconds
        while let time = queue.nextTime, time <= end, !isExhausted {
            while nextCheck <= time {
                if nextCheck > now.nanoseconds { now = Instant(nanoseconds: nextCheck) }
                if isDone() { return true }
                nextCheck += max(1, interval.wholeNanoseconds)
            }
            let entry = queue.pop()
            if entry.at > now.nanoseconds { now = Instant(nanoseconds: entry.at) }
            process(Event(encoded: entry.payload))
        }
        now = Instant(nanoseconds: end)
        return isDone()
    }

    private func process(_ event: Event) {
        switch event {
        case .arrival(let node, let slot):
            let parcel = parcels[Int(slot)]
            guard stations[node].condition != .down, parcel.moves == stations[node].moves else {
                release(slot)
                return
            }
            if stations[node].pausedUntil > 0 || stations[node].blockedUntil > 0 {
                guard stations[node].backlogByteCount + parcel.bytes.count <= socketBufferByteCount else {
                    release(slot)
                    return
                }
                stations[node].backlogByteCount += parcel.bytes.count
                stations[node].backlog.append(slot)
            } else {
                release(slot)
                handle(.received(parcel.bytes, from: parcel.from), at: node)
            }
        case .wake(let node):
            guard stations[node].queuedWakeAt == now.nanoseconds, stations[node].condition != .down else { return }
            stations[node].queuedWakeAt = .max
            guard stations[node].pausedUntil == 0 else { return }
            wakeIfDue(node)
        case .resumption(let node):
            if stations[node].pausedUntil == now.nanoseconds { resume(node) }
            if stations[node].blockedUntil == now.nanoseconds { unblock(node) }
        case .lookup(let node, let start): if stations[node].starts & Event.startMask == start { lookUp(node) }
        }
    }

    /// Wakes a node if it is time for what it asked, else sees to it that it will be.
    func wakeIfDue(_ node: Int) {
        if stations[node].wakeAt <= now.nanoseconds {
            stations[node].wakeAt = .max
            handle(.tick, at: node)
        } else {
            queueWake(node)
        }
    }

    private func queueWake(_ node: Int) {
        let time = max(stations[node].wakeAt, now.nanoseconds)
        guard time < stations[node].queuedWakeAt else { return }
        stations[node].queuedWakeAt = time
        queue.push(at: time, Event.wake(node).encoded)
    }

    // MARK: Effects

    /// Gives an input to a node and runs the effects.
    func handle(_ input: GossipNode.Input, at node: Int) {
        eventCount += 1
        traceHash.add(UInt64(bitPattern: now.nanoseconds))
        traceHash.add(UInt64(node) << 8 | input.code)
        if let log { trace(input, at: node, log) }
        var effects: [GossipNode.Effect] = []
        swap(&effects, &self.effects)
        nodes[node].handle(input, now: now, into: &effects)
        for effect in effects { run(effect, of: node) }
        effects.removeAll(keepingCapacity: true)
        swap(&effects, &self.effects)
    }

    private func run(_ effect: GossipNode.Effect, of node: Int) {
        if let log { trace(effect, at: node, log) }
        switch effect {
        case .send(let bytes, let address):
            traceHash.add(bytes)
            if stations[node].blockedUntil > 0 {
                hold(bytes, from: node, to: address)
            } else {
                transmit(bytes, from: node, to: address)
            }
        case .wake(let at):
            stations[node].wakeAt = at.nanoseconds
            queueWake(node)
        case .memberChanged(let id, let state, let incarnation):
            traceHash.add(id)
            traceHash.add(UInt64(state.rawValue) << 60 ^ UInt64(incarnation.epoch) << 32 ^ UInt64(incarnation.refutation))
            observer?.memberChanged(id, state, incarnation, at: node, in: self)
        case .recordChanged(let origin, let key, let value):
            traceHash.add(origin)
            traceHash.add(value?.bytes ?? [])
            observer?.recordChanged(origin, key, value, at: node, in: self)
        case .alarm(let alarm): observer?.alarmRaised(alarm, at: node, in: self)
        case .persistEpoch(let epoch): stations[node].savedEpoch = epoch
        case .fetched(let id, _), .fetchFailed(let id, _): traceHash.add(id.bytes)
        }
    }
}

/// What the queue holds, packed into one word.
enum Event {
    case arrival(Int, slot: UInt32)
    case wake(Int)
    case resumption(Int)
    /// An agent resolves again what it was told to join at, if it is alone; of the start with this number.
    case lookup(Int, start: UInt32)

    /// The bits of a start's number that an event keeps.
    static var startMask: UInt32 { 0x3FFF_FFFF }

    var encoded: UInt64 {
        switch self {
        case .arrival(let node, let slot): UInt64(node) << 32 | UInt64(slot)
        case .wake(let node): 1 << 62 | UInt64(node)
        case .resumption(let node): 2 << 62 | UInt64(node)
        case .lookup(let node, let start): 3 << 62 | UInt64(start & Self.startMask) << 32 | UInt64(node)
        }
    }

    init(encoded: UInt64) {
        switch encoded >> 62 {
        case 0: self = .arrival(Int(encoded >> 32), slot: UInt32(truncatingIfNeeded: encoded))
        case 1: self = .wake(Int(encoded & 0xFFFF_FFFF))
        case 2: self = .resumption(Int(encoded & 0xFFFF_FFFF))
        default: self = .lookup(Int(encoded & 0xFFFF_FFFF), start: UInt32(truncatingIfNeeded: encoded >> 32) & Self.startMask)
        }
    }
}

extension GossipNode.Input {
    /// A number for each kind, for the trace hash.
    fileprivate var code: UInt64 {
        switch self {
        case .start: 1
        case .join: 2
        case .received: 3
        case .tick: 4
        case .publish: 5
        case .withdraw: 6
        case .leave: 7
        case .localHealth: 8
        case .addressChanged: 9
        case .survey: 10
        case .offer: 11
        case .retract: 12
        case .fetch: 13
        case .cancelFetch: 14
        case .familiesChanged: 15
        }
    }
}
