import Testing
import WeftTypes

@testable import WeftGossip

/// Nodes on a virtual network that publish records: what is pushed, what is repaired, what stays away.
@Suite struct StateFabricTests {
    static let blue = VNI(headerWord: 7 << 8)

    static func value(_ number: Int) -> RecordValue {
        var bytes: [UInt8] = []
        bytes.append(bigEndian: UInt64(number))
        return RecordValue(checked: bytes)
    }

    static func endpoint(_ number: Int) -> RecordKey { .endpoint(blue, MACAddress(rawValue: 0x5254_0000_0000 + UInt64(number))) }

    /// Nodes that know each other and have all joined one segment.
    static func members(_ count: Int, seed: UInt64) -> TestFabric {
        var fabric = TestFabric(seed: seed)
        fabric.add()
        for _ in 1..<count { fabric.add(joining: [0]) }
        fabric.run(for: .seconds(30)) { $0.isConverged }
        for index in fabric.nodes.indices { fabric.give(.publish(.segment(blue), value(0)), to: index) }
        fabric.run(for: .seconds(30)) { $0.isStateConverged }
        return fabric
    }

    @Test("G1: an update is with all members within milliseconds", arguments: [10, 60, 100]) func pushes(count: Int) {
        var fabric = Self.members(count, seed: UInt64(count))
        #expect(fabric.isConverged && fabric.isStateConverged)
        var latencies: [Duration] = []
        for number in 0..<20 {
            let began = fabric.now
            let box = Arrivals()
            fabric.onRecord = { index, _, key, _, now in if key == Self.endpoint(number) { box.times[index] = now } }
            fabric.give(.publish(Self.endpoint(number), Self.value(number)), to: number % count)
            fabric.run(for: .milliseconds(100))
            #expect(box.times.count == count)
            latencies += box.times.values.map { began.duration(to: $0) }
        }
        latencies.sort()
        #expect(latencies[latencies.count * 99 / 100] <= .milliseconds(10), "p99 \(latencies[latencies.count * 99 / 100])")
        fabric.run(for: .seconds(2))
        #expect(fabric.isStateConverged)
    }

    @Test("G2: what is lost is repeated, and nothing is missed in the end", arguments: [1, 5, 30], [12, 100])
    func pushesUnderLoss(lossPercent: Int, count: Int) {
        var fabric = Self.members(count, seed: UInt64(lossPercent))
        fabric.lossPercent = lossPercent
        fabric.duplicatePercent = lossPercent
        var latencies: [Duration] = []
        for number in 0..<5 {
            let began = fabric.now
            let box = Arrivals()
            fabric.onRecord = { index, _, key, _, now in if key == Self.endpoint(number) { box.times[index] = now } }
            fabric.give(.publish(Self.endpoint(number), Self.value(number)), to: number)
            fabric.run(for: .seconds(5)) { _ in box.times.count == count }
            #expect(box.times.count == count)
            latencies += box.times.values.map { began.duration(to: $0) }
        }
        let limit: Duration = lossPercent == 1 ? .milliseconds(300) : lossPercent == 5 ? .seconds(1) : .seconds(5)
        #expect(latencies.max() ?? .zero <= limit, "\(latencies.max() ?? .zero)")
    }

    @Test("a child that crashes with a push in its hands is replaced; whom it had not served are served by the digests")
    func crashInPush() {
        let count = 100
        var fabric = Self.members(count, seed: 3)
        let box = Arrivals()
        fabric.onRecord = { index, _, key, _, now in if key == Self.endpoint(0) { box.times[index] = now } }
        let began = fabric.now
        // Ten are gone, and nobody has noticed yet; ten more go when the first hop has reached them.
        for index in 20..<30 { fabric.isDown[index] = true }
        fabric.give(.publish(Self.endpoint(0), Self.value(1)), to: 0)
        fabric.run(for: .milliseconds(1))
        for index in 30..<40 { fabric.isDown[index] = true }
        let running = fabric.nodes.indices.filter { !fabric.isDown[$0] }
        fabric.run(for: .seconds(5)) { _ in running.allSatisfy { box.times[$0] != nil } }
        let late = running.compactMap { box.times[$0] }.map { began.duration(to: $0) }.sorted()
        #expect(late.count == running.count)
        #expect(late[late.count * 3 / 4] <= .milliseconds(300) && late[late.count - 1] <= .seconds(3), "\(late[late.count - 1])")
        #expect(running.contains { fabric.nodes[$0].counters[.pushesDelegated] > 0 })
    }

    @Test("a node that knows one other reaches all: the other serves what the new one doesn't know") func newcomer() {
        var fabric = Self.members(40, seed: 4)
        let index = fabric.add(joining: [0])
        let box = Arrivals()
        fabric.onRecord = { index, _, key, _, now in if key == .topologyRevision { box.times[index] = now } }
        // Its first datagram is answered by one member, of whom it then knows.
        fabric.run(for: .milliseconds(50)) { $0.nodes[index].presentCount > 1 }
        let began = fabric.now
        fabric.give(.publish(.topologyRevision, Self.value(1)), to: index)
        fabric.run(for: .seconds(1)) { _ in box.times.count == 41 }
        #expect(box.times.count == 41)
        #expect((box.times.values.max() ?? began) <= began.advanced(by: .milliseconds(600)))
    }

    @Test("many writes at once travel together") func batches() {
        var fabric = Self.members(20, seed: 5)
        let before = fabric.nodes[0].counters[.pushesSent]
        for number in 0..<2000 { fabric.give(.publish(Self.endpoint(number), Self.value(number)), to: 0) }
        fabric.run(for: .milliseconds(200))
        for index in fabric.nodes.indices { #expect(fabric.difference(at: index, of: 0).isEmpty) }
        let hops = fabric.nodes[0].counters[.pushesSent] - before
        #expect(hops < 19 * 400, "\(hops) hops for 2000 records to 19 members")
        fabric.run(for: .seconds(3)) { $0.isStateConverged }
        #expect(fabric.isStateConverged)
    }

    @Test("G8: both sides of a partition go on, and know the same soon after it heals", arguments: [10, 40]) func partition(
        count: Int
    ) {
        var fabric = Self.members(count, seed: UInt64(count))
        fabric.passes = { ($0 < count / 2) == ($1 < count / 2) }
        fabric.run(for: .seconds(15))
        for number in 0..<1000 {
            let key = Self.endpoint(number % 300)
            let input: GossipNode.Input = number % 5 == 4 ? .withdraw(key) : .publish(key, Self.value(number))
            fabric.give(input, to: number % count)
            if number % 20 == 0 { fabric.run(for: .milliseconds(50)) }
        }
        fabric.run(for: .seconds(10))
        #expect(!fabric.isStateConverged)
        fabric.passes = { _, _ in true }
        let healed = fabric.now
        fabric.run(for: .seconds(5)) { $0.isStateConverged }
        #expect(fabric.isStateConverged && healed.duration(to: fabric.now) <= .seconds(5))
        fabric.expectSameRecords()
    }

    @Test("a restart costs no record; what it doesn't say again goes when it is settled") func restart() throws {
        var fabric = Self.members(8, seed: 6)
        for number in 0..<10 { fabric.give(.publish(Self.endpoint(number), Self.value(1)), to: 3) }
        fabric.run(for: .seconds(1))
        let box = Arrivals()
        fabric.onRecord = { index, origin, key, value, now in
            if origin == TestFabric.id(3), key == Self.endpoint(0), value == nil { box.times[index] = now }
        }
        fabric.isDown[3] = true
        fabric.run(for: .seconds(10))
        #expect(fabric.told[0][TestFabric.id(3)]?.count == 11, "death removes nothing")
        fabric.restart(3, epoch: 2, joining: [0])
        for number in 0..<5 { fabric.give(.publish(Self.endpoint(number), Self.value(1)), to: 3) }
        let node = NodeRecord(name: "h3", vtepAddresses: [], isSettled: true)
        fabric.give(.publish(.node, try node.encoded()), to: 3)
        fabric.run(for: .seconds(5)) { $0.isStateConverged }
        #expect(fabric.isStateConverged && box.times.isEmpty)
        fabric.expectSameRecords()
        #expect(fabric.told[0][TestFabric.id(3)]?.count == 6)
    }

    @Test("a node whose disk was put back goes past the epoch the fabric knows of it", arguments: [UInt32(1), 4]) func lostEpoch(
        epoch: UInt32
    ) {
        var fabric = Self.members(6, seed: 7)
        fabric.restart(2, epoch: 4, joining: [0])
        fabric.give(.publish(Self.endpoint(1), Self.value(1)), to: 2)
        fabric.give(.publish(Self.endpoint(2), Self.value(1)), to: 2)
        fabric.run(for: .seconds(3))
        fabric.restart(2, epoch: epoch, joining: [0])
        fabric.give(.publish(Self.endpoint(3), Self.value(1)), to: 2)
        fabric.run(for: .seconds(40))
        // In the epoch it had it may stay if its salt is the higher one, for then everybody takes this for the later life.
        let now = fabric.nodes[2].incarnation.epoch
        #expect(now > 4 && fabric.epochs[2].contains(now) || now == 4 && epoch == 4)
        #expect(fabric.isStateConverged)
        fabric.expectSameRecords()
        #expect(fabric.told[0][TestFabric.id(2)] == [Self.endpoint(3): Self.value(1)])
    }

    @Test("malformed parts of every kind change nothing and are counted") func malformed() {
        var fabric = Self.members(2, seed: 8)
        let before = (fabric.nodes[1].stateDigest, fabric.nodes[1].counters[.droppedMalformed])
        for part in StatePart.allCases where part != .pushAck {
            var writer = DatagramWriter(sender: TestFabric.id(0), incarnation: fabric.nodes[0].incarnation, limit: 1155)
            writer.part(part.rawValue) { $0.write([1, 2, 3]) }
            fabric.give(.received(writer.bytes, from: fabric.addresses[0]), to: 1)
        }
        #expect(fabric.nodes[1].stateDigest == before.0)
        #expect(fabric.nodes[1].counters[.droppedMalformed] == before.1 + UInt64(StatePart.allCases.count - 1))
    }

    /// Loss, repetition, delays of up to a second, one-way partitions, crashes and restarts, writes and withdrawals all the time. No node
    /// may be told something older than it was told before, and in the end all are told what each has published.
    @Test("G11: nothing is lost or resurrected", arguments: UInt64(0)..<8) func mixedFaults(seed: UInt64) throws {
        let count = 7
        var fabric = TestFabric(seed: seed)
        fabric.configuration.tombstoneAge = .seconds(20)
        fabric.configuration.housekeepingPeriod = .seconds(5)
        fabric.add()
        for _ in 1..<count { fabric.add(joining: [0]) }
        fabric.run(for: .seconds(3))
        var random = SeededRandom(seed: seed &+ 1000)
        var epochs = Array(repeating: UInt32(1), count: count)
        let history = History()
        fabric.onRecord = { index, origin, key, value, _ in history.told(index, origin, key, value) }
        func give(_ key: RecordKey, _ isWithdrawal: Bool, to index: Int) {
            history.written += 1
            fabric.give(isWithdrawal ? .withdraw(key) : .publish(key, Self.value(history.written)), to: index)
        }
        for step in 0..<300 {
            let index = Int.random(in: 0..<count, using: &random)
            switch Int.random(in: 0..<24, using: &random) {
            case 0:
                fabric.lossPercent = Int.random(in: 0...30, using: &random)
                fabric.duplicatePercent = Int.random(in: 0...50, using: &random)
                fabric.delay = 200_000...Int64.random(in: 1_000_000...1_000_000_000, using: &random)
            case 1:
                let cut = Int.random(in: 1..<count, using: &random)
                fabric.passes = { $0 < cut || $1 >= cut }  // one way only
            case 2:
                let cut = Int.random(in: 1..<count, using: &random)
                fabric.passes = { ($0 < cut) == ($1 < cut) }
            case 3: fabric.passes = { _, _ in true }
            case 4 where step % 3 == 0:
                epochs[index] = max(epochs[index], fabric.nodes[index].incarnation.epoch) + 1
                history.forget(index)
                fabric.restart(index, epoch: epochs[index], joining: [(index + 1) % count, (index + 2) % count])
                for number in 0..<3 { give(Self.endpoint(number), false, to: index) }
                fabric.give(.publish(.segment(Self.blue), Self.value(0)), to: index)
                fabric.give(
                    .publish(.node, try NodeRecord(name: "", vtepAddresses: [], isSettled: true).encoded()), to: index)
            case 5: fabric.give(.publish(.segment(Self.blue), Self.value(0)), to: index)
            case 6..<9: give(Self.endpoint(Int.random(in: 0..<6, using: &random)), true, to: index)
            default: give(Self.endpoint(Int.random(in: 0..<6, using: &random)), false, to: index)
            }
            fabric.run(for: .milliseconds(Int64.random(in: 0...400, using: &random)))
        }
        #expect(history.resurrected == 0)
        (fabric.lossPercent, fabric.duplicatePercent, fabric.delay) = (0, 0, 200_000...1_000_000)
        fabric.passes = { _, _ in true }
        fabric.run(for: .seconds(60)) { $0.isConverged && $0.isStateConverged }
        fabric.run(for: .seconds(31))
        #expect(fabric.isConverged && fabric.isStateConverged && history.resurrected == 0)
        fabric.expectSameRecords()
    }

    final class Arrivals { var times: [Int: Instant] = [:] }

    /// The number of the write that a node was told last of each record; numbers only grow, over restarts too.
    final class History {
        struct Place: Hashable { var index: Int, origin: NodeID, key: RecordKey }
        var written = 0
        var resurrected = 0
        private var newest: [Place: UInt64] = [:]

        func told(_ index: Int, _ origin: NodeID, _ key: RecordKey, _ value: RecordValue?) {
            guard case .endpoint = key, origin != TestFabric.id(index) else { return }
            let place = Place(index: index, origin: origin, key: key)
            // A withdrawal can't be numbered here, but what follows it must be newer than what it withdrew.
            guard let value else {
                newest[place, default: 0] += 1
                return
            }
            let number = value.bytes.reduce(0) { $0 << 8 | UInt64($1) } * 2
            if number < newest[place] ?? 0 { resurrected += 1 }
            newest[place] = number
        }

        /// A node that was restarted has forgotten all it was told.
        func forget(_ index: Int) { newest = newest.filter { $0.key.index != index } }
    }
}

extension TestFabric {
    /// Whether all running nodes know the same of all records.
    var isStateConverged: Bool { Set(nodes.indices.filter { !isDown[$0] }.map { nodes[$0].stateDigest }).count == 1 }

    /// Where what a node was told differs from what another has published.
    func difference(at index: Int, of other: Int) -> [RecordKey] {
        let told = told[index][nodes[other].identity] ?? [:]
        var published: [RecordKey: RecordValue] = [:]
        for (key, value) in nodes[other].records(of: nodes[other].identity) { published[key] = value }
        return Set(told.keys).union(published.keys).filter { told[$0] != published[$0] }.sorted()
    }

    /// All running nodes were told exactly what each has published.
    func expectSameRecords() {
        for index in nodes.indices where !isDown[index] {
            for other in nodes.indices where !isDown[other] {
                #expect(difference(at: index, of: other).isEmpty, "at \(index) of \(other)")
            }
        }
    }
}
