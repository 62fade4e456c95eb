import Testing
import WeftTypes

@testable import WeftGossip

@Suite struct JoiningTests {
    @Test("each member learns of each from one address", arguments: [2, 3, 10, 40]) func joins(count: Int) {
        var fabric = TestFabric(seed: UInt64(count))
        fabric.add()
        for _ in 1..<count { fabric.add(joining: [0]) }
        fabric.run(for: .seconds(10)) { $0.isConverged }
        #expect(fabric.isConverged)
        #expect(fabric.nodes[0].members.map(\.state) == Array(repeating: .alive, count: count))
        #expect(fabric.alarms.joined().isEmpty)
    }

    @Test("nobody is suspected on a network that loses nothing") func quiet() {
        var fabric = TestFabric(seed: 1)
        fabric.add()
        for _ in 1..<20 { fabric.add(joining: [0]) }
        fabric.run(for: .seconds(60))
        #expect(fabric.isConverged)
        for node in fabric.nodes {
            #expect(node.counters[.suspicions] == 0 && node.counters[.pauses] == 0 && node.counters[.droppedMalformed] == 0)
            #expect(node.counters[.probesAnswered] > 100)
        }
    }

    @Test("several addresses lead to one fabric, and one that never answers keeps nobody waiting") func severalAddresses() {
        var fabric = TestFabric(seed: 2)
        // Two islands; node 6 is told an address of each, and one where nobody is.
        fabric.add()
        for _ in 0..<2 { fabric.add(joining: [0]) }
        fabric.add()
        for _ in 0..<2 { fabric.add(joining: [3]) }
        fabric.run(for: .seconds(3))
        #expect(fabric.nodes[0].presentCount == 3 && fabric.nodes[3].presentCount == 3)
        fabric.add()
        fabric.give(.join([TestFabric.address(99), fabric.addresses[1], fabric.addresses[4]]), to: 6)
        fabric.run(for: .seconds(5)) { $0.isConverged }
        #expect(fabric.isConverged && fabric.nodes[0].presentCount == 7)
    }

    @Test("a join survives loss, and an address where somebody starts later") func retries() {
        var fabric = TestFabric(seed: 3)
        fabric.lossPercent = 60
        fabric.add()
        fabric.give(.join([TestFabric.address(1)]), to: 0)
        fabric.run(for: .seconds(8))
        fabric.add()
        fabric.run(for: .seconds(60)) { $0.nodes[0].presentCount == 2 && $0.nodes[1].presentCount == 2 }
        #expect(fabric.nodes[0].presentCount == 2 && fabric.nodes[1].presentCount == 2)
    }

    @Test("a cold node learns a fabric in pages, within a second", arguments: [0, 10]) func coldJoin(lossPercent: Int) {
        var fabric = TestFabric(seed: 4)
        fabric.add()
        // 600 members that are only known of: they never answer, but a second has to be enough to learn of them.
        let id = TestFabric.id(5000)
        for start in stride(from: 0, to: 600, by: 20) {
            var writer = DatagramWriter(sender: id, incarnation: Incarnation(epoch: 1), limit: 1155)
            writer.part(MembershipPart.updates.rawValue) { writer in
                for number in start..<start + 20 {
                    MemberUpdate(
                        id: TestFabric.id(1000 + number), state: .alive, incarnation: Incarnation(epoch: 1),
                        address: TestFabric.address(1000 + number)
                    ).emit(into: &writer)
                }
            }
            fabric.give(.received(writer.bytes, from: TestFabric.address(900)), to: 0)
        }
        #expect(fabric.nodes[0].members.count == 602)
        fabric.lossPercent = lossPercent
        fabric.add(joining: [0])
        let started = fabric.now
        fabric.run(for: .seconds(10)) { $0.nodes[1].members.count == 603 }
        #expect(fabric.nodes[1].members.count == 603)
        #expect(started.duration(to: fabric.now) < (lossPercent == 0 ? .milliseconds(100) : .seconds(4)))
        #expect(fabric.nodes[0].counters[.pagesSent] >= 600 * 31 / 1155)
    }

    @Test("the table of members is bounded, and says so") func bounded() {
        var fabric = TestFabric(seed: 5)
        fabric.configuration.maximumMembers = 3
        fabric.add()
        for _ in 0..<4 { fabric.add(joining: [0]) }
        fabric.run(for: .seconds(3))
        #expect(fabric.nodes[0].members.count == 3 && fabric.nodes[0].counters[.membersRefused] > 0)
        #expect(fabric.alarms[0].contains { if case .tooManyMembers = $0 { true } else { false } })
    }

    @Test("one that is alive takes the place of one absent for long; one that is absent doesn't") func makesRoom() {
        var fabric = TestFabric(seed: 7)
        fabric.configuration.maximumMembers = 3
        fabric.add()
        fabric.add(joining: [0])
        fabric.add(joining: [0])
        fabric.run(for: .seconds(3))
        fabric.give(.leave, to: 2)
        fabric.run(for: .seconds(1))
        fabric.isDown[2] = true
        fabric.run(for: .seconds(3700))
        fabric.add(joining: [0])
        fabric.run(for: .seconds(3))
        #expect(fabric.state(of: 2, at: 0) == nil && fabric.state(of: 3, at: 0) == .alive && fabric.state(of: 3, at: 1) == .alive)
        #expect(fabric.nodes[0].presentCount == 3 && fabric.alarms.joined().isEmpty)
        let slots = fabric.nodes[0].members.map { fabric.nodes[0].membership.table.slot(of: $0.id) }
        #expect(Set(slots).count == 3 && !slots.contains(nil))
    }

    @Test("many who join at once are told of together") func storm() {
        var fabric = TestFabric(seed: 8)
        for _ in 0..<4 { fabric.add(joining: fabric.nodes.isEmpty ? [] : [0]) }
        fabric.run(for: .seconds(3))
        let before = fabric.nodes[0].counters[.pushesSent]
        for _ in 0..<30 { fabric.add(joining: [0]) }
        fabric.run(for: .seconds(10)) { $0.isConverged }
        #expect(fabric.isConverged)
        // Told of one by one they would take 3 + 4 + … + 32 pushes.
        #expect(fabric.nodes[0].counters[.pushesSent] - before < 200)
    }

    @Test("two who have both left don't tell each other for ever that the other is gone") func bothLeave() {
        var fabric = TestFabric(seed: 1)
        for index in 0..<5 { fabric.add(joining: index == 0 ? [] : [0]) }
        fabric.run(for: .seconds(3))
        for index in [3, 4] { fabric.give(.leave, to: index) }
        fabric.run(for: .seconds(3))
        #expect(fabric.state(of: 3, at: 4) == .left && fabric.state(of: 3, at: 0) == .left)
        let late = DatagramWriter(sender: TestFabric.id(3), incarnation: fabric.nodes[3].incarnation, limit: 100).bytes
        for (index, answers) in [(4, 0), (0, 1)] {
            let before = fabric.sentCount[index]
            fabric.give(.received(late, from: fabric.addresses[3]), to: index)
            #expect(fabric.sentCount[index] - before == answers, "node \(index)")
        }
    }

    @Test("who leaves is gone at once, suspected by nobody, and can come back") func leaves() {
        var fabric = ProbingTests.fabric(10, seed: 6)
        for index in fabric.nodes.indices { fabric.changes[index].removeAll() }
        fabric.give(.leave, to: 4)
        fabric.run(for: .milliseconds(50))
        fabric.isDown[4] = true
        fabric.run(for: .seconds(5)) { $0.isConverged }
        #expect(fabric.isConverged && fabric.state(of: 4, at: 0) == .left)
        let others = fabric.changes.joined().filter { $0.1 != .left }.map { "\($0.0) \($0.1) \($0.2)" }
        #expect(others == [])
        fabric.run(for: .seconds(30))
        fabric.isDown[4] = false
        fabric.give(.join([fabric.addresses[0]]), to: 4)
        fabric.run(for: .seconds(5)) { $0.isConverged }
        #expect(fabric.isConverged && fabric.state(of: 4, at: 9) == .alive)
    }
}
