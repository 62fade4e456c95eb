import Testing
import WeftTypes

@testable import WeftGossip

@Suite struct ProbingTests {
    static func fabric(_ count: Int, seed: UInt64, _ configuration: GossipConfiguration = GossipConfiguration()) -> TestFabric {
        var fabric = TestFabric(seed: seed)
        fabric.configuration = configuration
        fabric.add()
        for _ in 1..<count { fabric.add(joining: [0]) }
        fabric.run(for: .seconds(10)) { $0.isConverged }
        return fabric
    }

    @Test("each member is probed once in a round, in an order that changes (SWIM §4.3)") func rounds() {
        var configuration = GossipConfiguration()
        configuration.neighbourProbeInterval = 0
        var fabric = Self.fabric(9, seed: 4, configuration)
        // Go on until a round ends.
        let first = fabric.nodes[0].membership
        fabric.run(for: .seconds(20)) { $0.nodes[0].membership.roundPosition == 1 && $0.nodes[0].membership.round != first.round }
        var orders: [[UInt32]] = []
        for _ in 0..<3 {
            orders.append(fabric.nodes[0].membership.round)
            let current = orders.last
            fabric.run(for: .seconds(20)) { $0.nodes[0].membership.round != current }
        }
        #expect(orders.map { $0.sorted() } == Array(repeating: Array(1...8), count: 3))
        #expect(Set(orders).count == 3)
    }

    @Test("a member that only some can't reach is alive to all (SWIM §3.1)") func indirect() {
        var fabric = Self.fabric(8, seed: 5)
        fabric.passes = { !($0 == 1 && $1 == 2 || $0 == 2 && $1 == 1) }
        for index in fabric.nodes.indices { fabric.changes[index].removeAll() }
        fabric.run(for: .seconds(60))
        #expect(fabric.changes.joined().allSatisfy { $0.1 == .alive })
        #expect(fabric.nodes[1].counters[.probesAnsweredIndirectly] > 0 && fabric.nodes[1].counters[.probesFailed] == 0)
        #expect(fabric.isConverged)
    }

    @Test("the time an answer is waited for follows the round trips") func timeout() {
        var near = Self.fabric(4, seed: 6)
        near.run(for: .seconds(10))
        #expect(near.nodes[1].membership.directTimeout(of: 1) == near.configuration.minimumProbeTimeout)
        var far = TestFabric(seed: 6)
        far.delay = 30_000_000...45_000_000
        far.add()
        far.add(joining: [0])
        far.run(for: .seconds(20))
        let timeout = far.nodes[0].membership.directTimeout(of: 1)
        #expect(timeout > .milliseconds(90) && timeout <= far.configuration.maximumProbeTimeout)
        #expect(far.nodes[0].counters[.probesFailed] == 0 && far.nodes[0].counters[.suspicions] == 0)
        let roundTrip = far.nodes[0].members.compactMap(\.roundTrip).first ?? .zero
        #expect(roundTrip > .milliseconds(50) && roundTrip < .milliseconds(100))
    }

    @Test("what is sent at rest doesn't grow with the fabric, and is below 1 kB/s (G6)", arguments: [2, 10, 40]) func idle(
        count: Int
    ) {
        var fabric = Self.fabric(count, seed: UInt64(count))
        fabric.run(for: .seconds(40))
        let before = fabric.sentBytes
        fabric.run(for: .seconds(30))
        for index in fabric.nodes.indices { #expect((fabric.sentBytes[index] - before[index]) / 30 <= 1000) }
        let mean = zip(fabric.sentBytes, before).map { $0 - $1 }.reduce(0, +) / 30 / count
        #expect((450...620).contains(mean))
    }

    @Test("early, repeated and late ticks change nothing but the time of probes") func ticks() {
        var fabric = Self.fabric(5, seed: 7)
        let probes = fabric.nodes[0].counters[.probes]
        for _ in 0..<200 {
            fabric.give(.tick, to: 0)
            fabric.run(for: .milliseconds(10))
        }
        #expect(fabric.nodes[0].counters[.probes] - probes <= 5)
        #expect(fabric.isConverged)
    }

    @Test("one seed, one run (G12)") func determinism() {
        func trace() -> ([Int], [UInt64], [GossipCounters]) {
            var fabric = Self.fabric(12, seed: 8)
            fabric.lossPercent = 20
            fabric.isDown[3] = true
            fabric.run(for: .seconds(30))
            return (fabric.sentBytes, fabric.nodes.map(\.membershipDigest), fabric.nodes.map(\.counters))
        }
        let (first, second) = (trace(), trace())
        #expect(first.0 == second.0 && first.1 == second.1 && first.2 == second.2)
    }

    @Test("a datagram carries no more news than is allowed, and each so many times (SWIM §4.1)") func piggyback() {
        var fabric = Self.fabric(30, seed: 9)
        var membership = fabric.nodes[0].membership
        membership.queue.removeAll()
        for slot in 1..<30 {
            membership.table.setTransmissionsLeft(0, of: slot)
            membership.enqueue(slot)
        }
        var statements = 0
        for _ in 0..<200 {
            var writer = DatagramWriter(sender: fabric.nodes[0].identity, incarnation: membership.incarnation, limit: 1155)
            membership.piggyback(on: &writer)
            guard let datagram = try? Datagram(parsing: writer.bytes), var body = datagram.parts.first?.body else { continue }
            var count = 0
            while let _ = try? MemberUpdate(parsing: &body) { count += 1 }
            #expect(count <= fabric.configuration.maximumPiggyback)
            statements += count
        }
        #expect(statements == 29 * fabric.configuration.transmissionFactor * 2 && membership.queue.isEmpty)
        for _ in 0..<3 { for slot in 1..<30 { membership.enqueue(slot) } }
        #expect(membership.queue.count == 29)
        fabric.run(for: .seconds(1))
    }
}
