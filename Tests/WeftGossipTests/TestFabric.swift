import Testing
import WeftTypes

@testable import WeftGossip

/// A handful of nodes on a virtual network with a virtual clock: what the tests of one node's rules need, and no more.
struct TestFabric {
    struct Event {
        var at: Instant
        var order: UInt64
        var node: Int
        var input: GossipNode.Input?
    }

    var configuration = GossipConfiguration()
    var nodes: [GossipNode] = []
    var addresses: [GossipAddress] = []
    var isDown: [Bool] = []
    /// Until when a node is stopped: what comes for it waits.
    var stoppedUntil: [Instant] = []
    var wakes: [Instant?] = []
    var changes: [[(NodeID, MemberState, Incarnation, Instant)]] = []
    var alarms: [[GossipAlarm]] = []
    var epochs: [[UInt32]] = []
    /// What each node was told of the records of each, and when the last of it changed.
    var told: [[NodeID: [RecordKey: RecordValue]]] = []
    var lastTold: [Instant] = []
    /// Called for each record a node is told of.
    var onRecord: (Int, NodeID, RecordKey, RecordValue?, Instant) -> Void = { _, _, _, _, _ in }
    /// What each node fetched, or why it could not.
    var fetched: [[ContentID: [UInt8]]] = []
    var fetchFailures: [[ContentID: ContentFailure]] = []
    var now = Instant(nanoseconds: 1_000_000_000)
    var lossPercent = 0
    var duplicatePercent = 0
    /// Whether a datagram gets through, by sender and receiver.
    var passes: (Int, Int) -> Bool = { _, _ in true }
    var delay: ClosedRange<Int64> = 200_000...1_000_000
    private(set) var sentBytes: [Int] = []
    private(set) var sentCount: [Int] = []
    private var random: SeededRandom
    private var heap: [Event] = []
    private var order: UInt64 = 0
    private var byAddress: [GossipAddress: Int] = [:]
    /// The address of the other family of a node that has both.
    private var secondAddresses: [Int: GossipAddress] = [:]

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    static func id(_ number: Int) -> NodeID {
        var random = SeededRandom(seed: UInt64(number))
        return NodeID(rawValue: UInt128(random.next()) << 64 | UInt128(random.next()))
    }

    static func address(_ number: Int) -> GossipAddress {
        GossipAddress(address: .v4(IPv4Address(rawValue: 0x0A00_0001 + UInt32(number))))
    }

    /// Adds a node and starts it.
    @discardableResult mutating func add(
        id: NodeID? = nil, epoch: UInt32 = 1, joining: [Int] = [], at address: GossipAddress? = nil,
        and second: GossipAddress? = nil
    ) -> Int {
        let index = nodes.count
        nodes.append(
            GossipNode(configuration, identity: id ?? Self.id(index), epoch: epoch, random: random.next(), now: now))
        addresses.append(address ?? Self.address(index))
        byAddress[addresses[index]] = index
        isDown.append(false)
        stoppedUntil.append(now)
        wakes.append(nil)
        changes.append([])
        alarms.append([])
        epochs.append([])
        told.append([:])
        fetched.append([:])
        fetchFailures.append([:])
        lastTold.append(now)
        sentBytes.append(0)
        sentCount.append(0)
        secondAddresses[index] = second
        if let second { byAddress[second] = index }
        if Set(own(index).map(\.address.family)) != [.v4] { tellFamilies(of: index) }
        give(.start(joining: joining.flatMap { own($0) }), to: index)
        return index
    }

    /// All addresses of a node.
    func own(_ index: Int) -> [GossipAddress] { [addresses[index]] + [secondAddresses[index]].compactMap(\.self) }

    mutating func tellFamilies(of index: Int) {
        give(.familiesChanged(AddressFamilies(own(index).map(\.address.family))), to: index)
    }

    /// Gives a node other addresses; it is told, and says so, as its agent does.
    mutating func readdress(_ index: Int, to address: GossipAddress, and second: GossipAddress?) {
        for address in own(index) { byAddress[address] = nil }
        addresses[index] = address
        secondAddresses[index] = second
        for address in own(index) { byAddress[address] = index }
        tellFamilies(of: index)
        give(.addressChanged(nil), to: index)
    }

    mutating func move(_ index: Int, to address: GossipAddress) {
        byAddress[addresses[index]] = nil
        addresses[index] = address
        byAddress[address] = index
    }

    mutating func give(_ input: GossipNode.Input, to index: Int) {
        var effects: [GossipNode.Effect] = []
        nodes[index].handle(input, now: now, into: &effects)
        for effect in effects {
            switch effect {
            case .send(let bytes, let address): transmit(bytes, from: index, to: address)
            case .wake(let at):
                // Nobody is woken twice for one moment: a node that asks for one that is over would sleep for ever.
                if at <= now { Issue.record("node \(index) asks at \(now) to be woken at \(at)") }
                wakes[index] = at
                push(Event(at: at, order: 0, node: index, input: nil))
            case .memberChanged(let id, let state, let incarnation): changes[index].append((id, state, incarnation, now))
            case .alarm(let alarm): alarms[index].append(alarm)
            case .persistEpoch(let epoch): epochs[index].append(epoch)
            case .recordChanged(let origin, let key, let value):
                told[index][origin, default: [:]][key] = value
                lastTold[index] = now
                onRecord(index, origin, key, value, now)
            case .fetched(let id, let content): fetched[index][id] = content
            case .fetchFailed(let id, let failure): fetchFailures[index][id] = failure
            }
        }
    }

    private mutating func transmit(_ bytes: [UInt8], from index: Int, to address: GossipAddress) {
        sentBytes[index] += bytes.count + 45 + 28
        sentCount[index] += 1
        let source = own(index).first { $0.address.family == address.address.family }
        guard let source, let target = byAddress[address], passes(index, target) else { return }
        if lossPercent > 0, Int.random(in: 0..<100, using: &random) < lossPercent { return }
        let copies = duplicatePercent > 0 && Int.random(in: 0..<100, using: &random) < duplicatePercent ? 2 : 1
        for _ in 0..<copies {
            let at = now.advanced(by: .nanoseconds(Int64.random(in: delay, using: &random)))
            push(Event(at: at, order: 0, node: target, input: .received(bytes, from: source)))
        }
    }

    /// Starts a node anew, with all memory lost; what was under way to it still comes.
    mutating func restart(_ index: Int, epoch: UInt32, joining: [Int]) {
        isDown[index] = false
        nodes[index] = GossipNode(
            configuration, identity: nodes[index].identity, epoch: epoch, random: random.next(), now: now)
        told[index] = [:]
        wakes[index] = nil
        give(.start(joining: joining.map { addresses[$0] }), to: index)
    }

    /// Lets time pass; stops early as soon as `isDone`, which is asked every 10 ms.
    mutating func run(for duration: Duration, until isDone: (TestFabric) -> Bool = { _ in false }) {
        let end = now.advanced(by: duration)
        var nextCheck = now
        while let first = heap.first, first.at <= end {
            if first.at >= nextCheck {
                if isDone(self) { return }
                nextCheck = first.at.advanced(by: .milliseconds(10))
            }
            var event = pop()
            guard !isDown[event.node] else { continue }
            if stoppedUntil[event.node] > event.at {
                event.at = stoppedUntil[event.node]
                push(event)
                continue
            }
            now = max(now, event.at)
            if let input = event.input {
                give(input, to: event.node)
            } else if let wake = wakes[event.node], wake <= event.at {
                wakes[event.node] = nil
                give(.tick, to: event.node)
            }
        }
        if !isDone(self) { now = end }
    }

    mutating func stop(_ index: Int, for duration: Duration) { stoppedUntil[index] = now.advanced(by: duration) }

    /// Whether all running nodes have the same view, in which exactly the running ones are present.
    var isConverged: Bool {
        let running = nodes.indices.filter { !isDown[$0] }
        return Set(running.map { nodes[$0].membershipDigest }).count == 1
            && running.allSatisfy { nodes[$0].presentCount == running.count }
    }

    func state(of other: Int, at index: Int) -> MemberState? { nodes[index].member(nodes[other].identity)?.state }

    // MARK: The event queue

    private mutating func push(_ event: Event) {
        var event = event
        event.order = order
        order += 1
        heap.append(event)
        var child = heap.count - 1
        while child > 0, isBefore(heap[child], heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func pop() -> Event {
        heap.swapAt(0, heap.count - 1)
        let event = heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && isBefore(heap[child], heap[least]) {
                least = child
            }
            if least == parent { return event }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    private func isBefore(_ left: Event, _ right: Event) -> Bool { (left.at, left.order) < (right.at, right.order) }
}
