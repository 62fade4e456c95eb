import WeftGossip
import WeftTypes

/// What a node has of its earlier life when it starts again.
public enum RestartMemory: String, Hashable, Sendable, CaseIterable {
    /// Its disk: key and epoch. What it held in memory is gone, as always.
    case kept
    /// An old image of its disk: the key, and an epoch that was used before.
    case stale
    /// Nothing: it makes a new key, and with it a new identity. Its tunnel end point stays.
    case lost
}

extension Simulation {
    /// Starts a node that doesn't run, looking for others at the present addresses of these nodes.
    public func start(_ node: Int, joining: [Int] = [], memory: RestartMemory = .kept) {
        guard stations[node].condition == .down else { return }
        switch memory {
        case .kept: break
        case .stale: stations[node].savedEpoch /= 2
        case .lost:
            stations[node].disks += 1
            stations[node].savedEpoch = 0
            stations[node].id = .simulated(seed: seed, node: node, disk: stations[node].disks)
            remember(stations[node].id, of: node)
        }
        stations[node].savedEpoch += 1
        stations[node].starts += 1
        stations[node].condition = .running
        nodes[node] = makeNode(node, epoch: stations[node].savedEpoch)
        willStart?(node, stations[node].id)
        stations[node].joins = joining
        handle(.start(joining: joining.map { stations[$0].address }), at: node)
        if !joining.isEmpty { queueLookup(of: node) }
    }

    /// Starts all nodes at once, as those of a fabric that has long settled: each knows all members, and of each these records.
    func startSettled(records: (Int) -> [(key: RecordKey, value: RecordValue)]) {
        var settled = SettledFabric(configuration)
        for node in stations.indices {
            settled.add(stations[node].id, at: stations[node].address, records: records(node), now: now)
        }
        for node in stations.indices {
            precondition(stations[node].starts == 0, "node \(node) was started before")
            (stations[node].savedEpoch, stations[node].starts, stations[node].condition) = (1, 1, .running)
            guard let made = settled.node(stations[node].id, random: randomSeed(of: node), now: now) else { continue }
            nodes[node] = made
            willStart?(node, stations[node].id)
            handle(.start(joining: []), at: node)
        }
    }

    /// How often an agent that is alone resolves the names it was told to join at.
    private static var lookupInterval: Duration { .seconds(30) }

    private func queueLookup(of node: Int) {
        let event = Event.lookup(node, start: stations[node].starts & Event.startMask)
        queue.push(at: now.nanoseconds + Self.lookupInterval.wholeNanoseconds, event.encoded)
    }

    /// Does what the agent does besides the node: it was told names, and those may lead elsewhere by now.
    func lookUp(_ node: Int) {
        guard stations[node].condition != .down else { return }
        if stations[node].condition == .running, nodes[node].presentCount == 1 {
            give(.join(stations[node].joins.map { stations[$0].address }), to: node)
        }
        queueLookup(of: node)
    }

    /// Ends a node without a word; what it held in memory is gone, and what waits in its socket.
    public func crash(_ node: Int) {
        guard stations[node].condition != .down else { return }
        stations[node].condition = .down
        for slot in stations[node].backlog { release(slot) }
        (stations[node].backlog, stations[node].backlogByteCount, stations[node].deferred) = ([], 0, [])
        (stations[node].blockedUntil, stations[node].outbound, stations[node].outboundByteCount) = (0, [], 0)
        (stations[node].pausedUntil, stations[node].wakeAt, stations[node].queuedWakeAt) = (0, .max, .max)
    }

    /// A node says goodbye; it goes on running until it crashes or joins again.
    public func leave(_ node: Int) {
        guard stations[node].condition == .running else { return }
        stations[node].condition = .left
        give(.leave, to: node)
    }

    /// A node that has left comes back.
    public func rejoin(_ node: Int, at others: [Int]) {
        guard stations[node].condition == .left else { return }
        stations[node].condition = .running
        stations[node].joins = others
        give(.join(others.map { stations[$0].address }), to: node)
    }

    /// Stops a node: nothing is lost, but all that comes, and its own timers, wait until it goes on.
    public func pause(_ node: Int, for duration: Duration) {
        guard stations[node].condition != .down else { return }
        let end = now.advanced(by: duration).nanoseconds
        guard end > stations[node].pausedUntil, end > now.nanoseconds else { return }
        stations[node].pausedUntil = end
        queue.push(at: end, Event.resumption(node).encoded)
    }

    /// Keeps all that a node sends from going out, and all that comes for it from getting in, while it runs on its own time: what Lifeguard
    /// calls slow message processing (section V). Afterwards all of it goes its way, as far as the sockets held it.
    func block(_ node: Int, for duration: Duration) {
        guard stations[node].condition != .down else { return }
        let end = now.advanced(by: duration).nanoseconds
        guard end > stations[node].blockedUntil, end > now.nanoseconds else { return }
        stations[node].blockedUntil = end
        queue.push(at: end, Event.resumption(node).encoded)
    }

    /// Keeps what a blocked node sends.
    func hold(_ bytes: [UInt8], from node: Int, to address: GossipAddress) {
        guard stations[node].outboundByteCount + bytes.count <= socketBufferByteCount else { return }
        stations[node].outboundByteCount += bytes.count
        stations[node].outbound.append((bytes, address))
    }

    /// Ends what ``block(_:for:)`` began.
    func unblock(_ node: Int) {
        stations[node].blockedUntil = 0
        let outbound = stations[node].outbound
        (stations[node].outbound, stations[node].outboundByteCount) = ([], 0)
        for datagram in outbound { transmit(datagram.bytes, from: node, to: datagram.to) }
        takeBacklog(node)
    }

    /// Hands a node what waits in its socket.
    private func takeBacklog(_ node: Int) {
        let backlog = stations[node].backlog
        (stations[node].backlog, stations[node].backlogByteCount) = ([], 0)
        for slot in backlog {
            let parcel = parcels[Int(slot)]
            release(slot)
            handle(.received(parcel.bytes, from: parcel.from), at: node)
        }
    }

    /// Lets a node go on: sometimes its timers come first, sometimes what waits in its socket.
    func resume(_ node: Int) {
        stations[node].pausedUntil = 0
        if random.next() & 1 == 0 { wakeIfDue(node) }
        takeBacklog(node)
        let deferred = stations[node].deferred
        stations[node].deferred = []
        for input in deferred { handle(input, at: node) }
        wakeIfDue(node)
    }

    /// A host gets another address; what is under way to the old one is lost.
    public func move(_ node: Int) {
        stations[node].moves += 1
        stations[node].address = Addressing.address(of: node, moves: stations[node].moves)
    }

    /// A node runs a later version from now on.
    public func upgrade(_ node: Int) { stations[node].isNewer = true }
    /// Whether it does.
    public func isNewer(_ node: Int) -> Bool { stations[node].isNewer }

    /// Ends all that disturbs: the network is as it was, nobody is stopped longer than a moment.
    public func calm() {
        conditions = NetworkConditions()
        cuts = []
        for node in stations.indices where stations[node].pausedUntil > now.nanoseconds {
            stations[node].pausedUntil = now.nanoseconds + 1
            queue.push(at: now.nanoseconds + 1, Event.resumption(node).encoded)
        }
    }
}
