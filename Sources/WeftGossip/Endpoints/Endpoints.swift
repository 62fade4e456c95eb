import WeftTypes

/// Who has which MAC address and which IP address in each segment: this host's part of it, with the rules of EVPN (RFC 7432 §7.7 and
/// §15, RFC 9161).
///
/// It sits beside a ``GossipNode`` in the shell: what that tells of records goes in, and what is to be published comes out; so do
/// the routes and bindings for the data path. Pure: it is told the time, and the shell calls again when asked to; early, late and
/// repeated calls are harmless. Whatever can be filled from outside has a bound. <doc:Endpoints> tells the rules.
public struct Endpoints: Sendable {
    /// What happened.
    public enum Input: Hashable, Sendable {
        /// The stations that the topology places here, all of them: who isn't in the list any more is no longer declared.
        case declare([EndpointDeclaration])
        /// A station was noticed on this host; `port` is nil for a frame that a bridge handed on, whose port only the bridge knows.
        case sighted(EndpointKey, port: LocalPort?, EndpointEvidence, seen: Instant)
        /// A local ARP or ND packet showed that a station uses an IP address; it counts as a frame, too. `isRouter`: what it said of
        /// that in an advertisement.
        case bound(EndpointKey, IPAddress, port: LocalPort?, isRouter: Bool? = nil, seen: Instant)
        /// The bridge, or the ageing of frames, forgot a station.
        case forgotten(EndpointKey, EndpointEvidence)
        /// A port came up. Declared stations that went with it are back. `takesOver`: the shell knows that its guest is here
        /// now, so that it needn't wait until the former place lets go or the guest speaks.
        case portAttached(LocalPort, takesOver: Bool)
        /// A port is gone, with all that is behind it.
        case portGone(LocalPort)
        /// A port has left a segment, and whoever is behind it is no longer there; it may have others, or be in another now.
        case portLeft(LocalPort, VNI)
        /// A frame from a plain VTEP showed that a station is behind it.
        case sightedBehind(VTEP, EndpointKey, seen: Instant)
        /// What was learnt of a station behind a plain VTEP has aged out.
        case forgottenBehind(VTEP, EndpointKey)
        /// ``GossipNode/Effect/recordChanged(origin:_:_:)``, whatever it is about: records of stations and of nodes count.
        case recordChanged(origin: NodeID, RecordKey, RecordValue?)
        /// The addresses that this host's tunnels end at; also taken from its own node record.
        case addressesChanged([IPAddress])
        /// An operator has dealt with a duplicate MAC address.
        case clearDuplicate(EndpointKey)
        /// An operator has dealt with a duplicate IP address.
        case clearDuplicateAddress(VNI, IPAddress)
        /// Time may have passed.
        case tick
    }

    /// One instruction to the shell: run them in order, skip none.
    public enum Effect: Hashable, Sendable {
        /// Hand it to ``GossipNode/Input/publish(_:_:)``.
        case publish(RecordKey, RecordValue)
        /// Hand it to ``GossipNode/Input/withdraw(_:)``.
        case withdraw(RecordKey)
        /// Frames to this station go there from now on; nil: to nobody that gossip knows, or to this host.
        case routeChanged(EndpointKey, Route?)
        /// Requests from local ports for this IP address are answered with that; nil: not any more.
        case bindingChanged(VNI, IPAddress, Binding?)
        /// The station is elsewhere: the bridge's entry that says it is at a local port has to go, so that the bridge
        /// asks the uplink, and tells when it comes back.
        case forgetLocally(EndpointKey, port: LocalPort?)
        /// This host had the station until now: frames for it that still come out of tunnels go to that node, up to that moment.
        case forwardLate(EndpointKey, to: NodeID, until: Instant)
        /// Such frames are no longer forwarded.
        case endLate(EndpointKey)
        /// The station has come here and is silent: tell the tunnels in its name (RARP, gratuitous ARP, unsolicited advertisements).
        case announce(EndpointKey, [IPAddress], isRouter: Bool = false)
        /// Something for the operator.
        case alarm(EndpointAlarm)
        /// Call with ``Input/tick`` at this moment; replaces what was asked for before.
        case wake(at: Instant)
    }

    /// Where frames to a station go.
    public struct Route: Hashable, Sendable {
        public var node: NodeID
        /// The mobility sequence.
        public var sequence: UInt32
        public var isSticky: Bool

        /// Names a place.
        public init(node: NodeID, sequence: UInt32, isSticky: Bool = false) {
            self.node = node
            self.sequence = sequence
            self.isSticky = isSticky
        }
    }

    /// Who answers for an IP address behind another node.
    public struct Binding: Hashable, Sendable, Comparable {
        public var mac: MACAddress
        public var node: NodeID
        /// Whether it is to be advertised as a router (RFC 4861 §7.2.4).
        public var isRouter: Bool

        /// Names a station.
        public init(mac: MACAddress, node: NodeID, isRouter: Bool = false) {
            (self.mac, self.node, self.isRouter) = (mac, node, isRouter)
        }

        public static func < (left: Self, right: Self) -> Bool { (left.mac, left.node) < (right.mac, right.node) }
    }

    /// Whose part this is.
    public let identity: NodeID
    /// The times and bounds it was made with.
    public let configuration: EndpointsConfiguration
    /// What happened so far, by reason.
    public internal(set) var counters = EndpointCounters()

    // By how it is known; most stations are in one of them only.
    var locals: [EndpointKey: LocalStation] = [:]
    var remotes: [EndpointKey: RemoteClaims] = [:]
    var plain: [EndpointKey: PlainSighting] = [:]
    var histories: [EndpointKey: StationHistory] = [:]
    var addresses: [AddressKey: AddressUse] = [:]
    /// The lowest address that each node's tunnels end at, this node's among them.
    var vteps: [NodeID: IPAddress] = [:]
    /// Stations that several nodes claim; few.
    var contested: Set<EndpointKey> = []
    var learning: [LearningPlace: Learning] = [:]
    var deadlines = DeadlineQueue()
    var isSweepPending = false
    var now: Instant
    var effects: [Effect] = []
    private var wakeAsked: Instant?

    /// Begins with nothing known. `addresses` are those this host's tunnels end at, if they are known yet.
    public init(
        _ configuration: EndpointsConfiguration = EndpointsConfiguration(), identity: NodeID,
        addresses: [IPAddress] = [], now: Instant
    ) {
        self.configuration = configuration
        self.identity = identity
        self.now = now
        vteps[identity] = addresses.min()
    }

    /// Takes in one input and appends the effects to run.
    public mutating func handle(_ input: Input, now: Instant, into effects: inout [Effect]) {
        swap(&effects, &self.effects)
        self.now = max(self.now, now)
        runDue()
        switch input {
        case .declare(let declarations): declare(declarations)
        case .sighted(let key, let port, let evidence, let seen): sighted(key, port: port, evidence, seen: seen)
        case .bound(let key, let address, let port, let isRouter, let seen):
            bound(key, address, port: port, isRouter: isRouter, seen: seen)
        case .forgotten(let key, let evidence): forgotten(key, evidence)
        case .portAttached(let port, let takesOver): portAttached(port, takesOver: takesOver)
        case .portGone(let port): portGone(port)
        case .portLeft(let port, let vni): portGone(port, from: vni)
        case .sightedBehind(let vtep, let key, let seen): sighted(key, behind: vtep, seen: seen)
        case .forgottenBehind(let vtep, let key): forgotten(key, behind: vtep)
        case .recordChanged(let origin, let key, let value): recordChanged(origin, key, value)
        case .addressesChanged(let addresses): addressesChanged(addresses, of: identity)
        case .clearDuplicate(let key): clearDuplicate(key)
        case .clearDuplicateAddress(let vni, let address): clearDuplicate(AddressKey(vni: vni, address: address))
        case .tick: break
        }
        armSweep()
        if let next = deadlines.next, next != wakeAsked {
            wakeAsked = next
            self.effects.append(.wake(at: next))
        }
        swap(&effects, &self.effects)
    }
}
