import Synchronization
public import WeftGossip
public import WeftLinux
public import WeftSealing
public import WeftTypes

/// Runs this host's part in the gossip of its fabric: sockets, sealing, the clock, and one thread that waits for all three.
///
/// The protocol is ``WeftGossip/GossipNode``'s; this only carries out what it says. Calls come from any thread and return
/// at once; what they cause arrives at the handler, in order.
public final class GossipService: Sendable {
    /// Who this node is and where it is heard.
    public struct Configuration: Hashable, Sendable {
        /// The fabric's name, part of what every datagram is sealed with.
        public var fabric: String
        /// The underlay addresses to listen on, one socket each.
        public var addresses: [IPAddress]
        /// The UDP port of gossip.
        public var udpPort: UInt16
        /// Timing and bounds of the protocol.
        public var gossip: GossipConfiguration

        /// Creates a configuration.
        public init(
            fabric: String, addresses: [IPAddress], udpPort: UInt16 = GossipAddress.defaultUDPPort,
            gossip: GossipConfiguration = GossipConfiguration()
        ) {
            (self.fabric, self.addresses, self.udpPort, self.gossip) = (fabric, addresses, udpPort, gossip)
        }
    }

    /// This node.
    public let identity: NodeID

    let state: Mutex<State>
    /// Held while the handler runs, so that what it is told stays in order.
    private let delivery = Mutex<Void>(())
    private let signal: EventSignal
    private let isStopping = Atomic<Bool>(false)
    private let thread = Mutex<JoinableThread?>(nil)
    private let onChanges: @Sendable ([GossipChange]) -> Void

    /// Opens the sockets in the network namespace of the calling thread; nothing is sent before ``start(joining:)``.
    ///
    /// - Parameters:
    ///   - nodeState: Who the node is and which start this is; its `problems` are the caller's to log.
    ///   - onChanges: Told what gossip brought, in order, on the service's thread or on that of ``tell(_:)``; it should return
    ///     soon, and must not call back.
    /// - Throws: ``LinuxError`` `.bindSocket` when an address is missing (`EADDRNOTAVAIL`) or the port is taken (`EADDRINUSE`).
    public init(
        _ configuration: Configuration, nodeState: NodeState, ring: KeyRing,
        onChanges: @escaping @Sendable ([GossipChange]) -> Void
    ) throws(LinuxError) {
        identity = nodeState.key.nodeID
        self.onChanges = onChanges
        signal = try EventSignal()
        var random = SystemRandomNumberGenerator()
        let node = GossipNode(
            configuration.gossip, identity: identity, epoch: nodeState.epoch, random: random.next(), now: MonotonicClock.now())
        let channel = SealedChannel(fabric: configuration.fabric, node: identity, ring: ring)
        let lines = try Self.openLines(configuration)
        state = Mutex(
            State(configuration: configuration, nodeState: nodeState, node: node, channel: channel, lines: lines))
    }

    static func openLines(_ configuration: Configuration) throws(LinuxError) -> [GossipLine] {
        var lines: [GossipLine] = []
        for address in configuration.addresses {
            lines.append(try GossipLine(address: address, udpPort: configuration.udpPort))
        }
        return lines
    }

    deinit { isStopping.store(true, ordering: .releasing) }

    // MARK: Running

    /// Starts to gossip, looking for others at `addresses`; without any the node waits to be found.
    public func start(joining addresses: [GossipAddress]) throws(LinuxError) {
        let families = state.withLock { AddressFamilies($0.configuration.addresses.map(\.family)) }
        handle(.familiesChanged(families))
        handle(.start(joining: addresses))
        let started = try JoinableThread(name: "weft-gossip") { [weak self] in self?.serve() }
        thread.withLock { $0 = started }
    }

    /// Stops at once, without a goodbye: a restarted agent is the same node, and nobody needs to know.
    public func stop() {
        isStopping.store(true, ordering: .releasing)
        signal.raise()
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
    }

    private func serve() {
        guard var poller = try? Poller(capacity: 16), (try? poller.add(signal.rawValue, token: 0)) != nil else { return }
        var watched: [GossipLine] = []
        while !isStopping.load(ordering: .acquiring) {
            let (lines, wake) = state.withLock { ($0.lines, $0.wake) }
            if lines.map(ObjectIdentifier.init) != watched.map(ObjectIdentifier.init) {
                for line in watched { try? poller.remove(line.socket.rawValue) }
                for line in lines { try? poller.add(line.socket.rawValue, token: 1) }
                watched = lines
            }
            _ = poller.wait(timeout: wake.map { max(.zero, MonotonicClock.now().duration(to: $0)) })
            signal.drain()
            for line in lines { receive(by: line) }
            state.withLock { $0.tick(now: MonotonicClock.now()) }
            deliver()
        }
    }

    /// Hands on what is to be told, in order, on whichever thread caused it: where a station is must be in the packet path
    /// before others hear of it and send there.
    private func deliver() {
        delivery.withLock { _ in
            let changes = state.withLock { $0.takeChanges() }
            if !changes.isEmpty { onChanges(changes) }
        }
    }

    /// How many datagrams are taken from a socket before others have their turn.
    private static var burst: Int { 256 }

    private func receive(by line: GossipLine) {
        for _ in 0..<Self.burst {
            guard let (bytes, origin) = line.receive() else { return }
            state.withLock { $0.receive(bytes, from: origin, now: MonotonicClock.now()) }
            deliver()
        }
    }

    // MARK: What the agent wants

    /// Looks for more nodes at these addresses; after a ``leave()`` this brings the node back.
    public func join(_ addresses: [GossipAddress]) { handle(.join(addresses)) }

    /// Says goodbye. The node goes on hearing, and comes back by ``join(_:)``.
    public func leave() { handle(.leave) }

    /// Makes `records` all that this node says of itself; only what differs is written.
    public func publish(_ records: [RecordKey: RecordValue], keeping isKept: (RecordKey) -> Bool = { _ in false }) {
        state.withLock { state in
            let now = MonotonicClock.now()
            for key in state.published.keys.sorted() where records[key] == nil && !isKept(key) {
                state.published[key] = nil
                state.handle(.withdraw(key), now: now)
            }
            // The node's own record last: it may say that this is all.
            for key in records.keys.sorted(by: >) {
                guard let value = records[key], state.published[key] != value else { continue }
                state.published[key] = value
                state.handle(.publish(key, value), now: now)
            }
        }
        signal.raise()
    }

    /// Takes in what was seen of stations, and what the topology says of them.
    public func tell(_ inputs: [Endpoints.Input]) {
        guard !inputs.isEmpty else { return }
        state.withLock { state in
            let now = MonotonicClock.now()
            for input in inputs { state.handle(stations: input, now: now) }
        }
        deliver()
        signal.raise()
    }

    /// Ends the duplicates that an operator has dealt with, and tells which there were.
    public func clearDuplicates(_ isMeant: (Endpoints.Duplicate) -> Bool) -> [Endpoints.Duplicate] {
        let cleared = state.withLock { state in
            let now = MonotonicClock.now()
            let cleared = state.endpoints.duplicates().filter(isMeant)
            for duplicate in cleared {
                switch duplicate {
                case .station(let key): state.handle(stations: .clearDuplicate(key), now: now)
                case .address(let vni, let address):
                    state.handle(stations: .clearDuplicateAddress(vni, address), now: now)
                }
            }
            return cleared
        }
        deliver()
        signal.raise()
        return cleared
    }

    /// Uses another key ring from now on.
    public func use(_ ring: KeyRing) { state.withLock { $0.channel.use(ring) } }

    /// Listens on other addresses: this node stays who it is, and its peers follow.
    ///
    /// - Throws: ``LinuxError`` `.bindSocket`; the sockets are then as they were.
    public func listen(on addresses: [IPAddress]) throws(LinuxError) {
        var configuration = state.withLock { $0.configuration }
        guard configuration.addresses != addresses else { return }
        let kept = state.withLock { state in state.lines.filter { addresses.contains($0.socket.local.address) } }
        configuration.addresses = addresses
        var lines: [GossipLine] = []
        for address in addresses {
            if let line = kept.first(where: { $0.socket.local.address == address }) {
                lines.append(line)
            } else {
                lines.append(try GossipLine(address: address, udpPort: configuration.udpPort))
            }
        }
        let opened = lines
        state.withLock { state in
            (state.configuration, state.lines) = (configuration, opened)
            state.handle(.familiesChanged(AddressFamilies(addresses.map(\.family))), now: MonotonicClock.now())
            state.handle(.addressChanged(nil), now: MonotonicClock.now())
            state.handle(stations: .addressesChanged(addresses), now: MonotonicClock.now())
        }
        signal.raise()
    }

    private func handle(_ input: GossipNode.Input) {
        state.withLock { $0.handle(input, now: MonotonicClock.now()) }
        signal.raise()
    }

    // MARK: Contents

    /// Lets others fetch this content by its name; of more than eight the oldest goes.
    public func offer(_ content: [UInt8]) { handle(.offer(content)) }

    /// Fetches a content from one of these nodes, tried in this order; a ``GossipChange`` tells when it is here or can't be had.
    public func fetch(_ id: ContentID, byteCount: Int, from nodes: [NodeID]) {
        state.withLock { $0.handle(.fetch(id, byteCount: byteCount, from: nodes), now: MonotonicClock.now()) }
        deliver()
        signal.raise()
    }

    // MARK: Surveys

    /// Asks everybody what their views add up to.
    public func survey() { handle(.survey) }

    // MARK: What it knows

    /// What this node's views add up to, and those of all who have answered the last ``survey()``.
    public var surveyAnswers: (own: GossipDigests, others: [NodeID: GossipDigests]) {
        state.withLock { ($0.node.digests, $0.node.surveyAnswers) }
    }

    /// The fabric as this node knows it.
    public var view: FabricView { state.withLock { $0.view } }

    /// Every station that is known of, by segment and address.
    public func stations() -> [Endpoints.Listing] { state.withLock { $0.endpoints.listing() } }

    /// The members, this node among them, by NodeID.
    public var members: [GossipNode.Member] { state.withLock { $0.node.members } }

    /// What happened so far.
    public var counters: Counters {
        state.withLock { state in
            Counters(
                gossip: state.node.counters, sealing: state.channel.counters, sendFailures: state.sendFailures,
                stations: state.endpoints.counters,
                impostors: state.impostorCount)
        }
    }

    /// What happened, by layer.
    public struct Counters: Hashable, Sendable {
        /// The protocol's.
        public var gossip: GossipCounters
        /// Of sealing and opening; what was refused, by reason.
        public var sealing: SealingCounters
        /// Datagrams that could not be sent, by errno.
        public var sendFailures: [Int32: UInt64]
        /// What was decided about stations.
        public var stations: EndpointCounters
        /// Datagrams that a member sealed and which name another one as their sender.
        public var impostors: UInt64
    }
}
