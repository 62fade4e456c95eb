import Testing
import WeftTypes

@testable import WeftGossip

@Suite struct IdentityTests {
    @Test("a node that lost its epochs goes past what the fabric knows, and writes it down") func lostEpoch() {
        var fabric = TestFabric(seed: 1)
        fabric.add()
        fabric.add(epoch: 7, joining: [0])
        fabric.add(joining: [0])
        fabric.run(for: .seconds(5)) { $0.isConverged }
        let identity = fabric.nodes[1].identity
        fabric.isDown[1] = true
        fabric.run(for: .seconds(1))
        fabric.move(1, to: TestFabric.address(50))
        let again = fabric.add(id: identity, epoch: 1, joining: [0], at: TestFabric.address(1))
        fabric.run(for: .seconds(5)) { $0.isConverged && $0.nodes[again].incarnation.epoch > 1 }
        #expect(fabric.nodes[again].incarnation.epoch == 8 && fabric.epochs[again] == [8])
        #expect(fabric.alarms[again] == [.epochRecovered(from: 1, to: 8)])
        #expect(fabric.isConverged)
    }

    @Test("two nodes with one key both raise an alarm", arguments: [(UInt32(1), UInt32(1)), (1, 2), (3, 1)])
    func clones(epochs: (first: UInt32, second: UInt32)) {
        var fabric = TestFabric(seed: 2)
        fabric.add()
        for _ in 0..<5 { fabric.add(joining: [0]) }
        let first = fabric.add(id: TestFabric.id(900), epoch: epochs.first, joining: [0])
        fabric.run(for: .seconds(30))
        let second = fabric.add(id: TestFabric.id(900), epoch: epochs.second, joining: [0])
        fabric.run(for: .seconds(60))
        func isAlarmed(_ index: Int) -> Bool {
            fabric.alarms[index].contains { if case .duplicateKey = $0 { true } else { false } }
        }
        #expect(isAlarmed(first) && isAlarmed(second))
        // They don't fill the fabric with their quarrel.
        let before = fabric.nodes[first].incarnation
        fabric.run(for: .seconds(120))
        #expect(fabric.nodes[first].incarnation.epoch - before.epoch < 10)
        for index in 0...5 { #expect(fabric.alarms[index].isEmpty) }
    }

    @Test("a node that joins at its own address is no second one") func ownAddress() {
        var fabric = TestFabric(seed: 3)
        fabric.add()
        fabric.give(.join([fabric.addresses[0]]), to: 0)
        fabric.run(for: .seconds(60))
        // Alone it keeps looking, but at its pace.
        #expect(fabric.sentCount[0] <= 20 && fabric.alarms[0].isEmpty)
        fabric.add(joining: [0])
        fabric.run(for: .seconds(20))
        #expect(fabric.alarms[0].isEmpty && fabric.isConverged)
        #expect(fabric.nodes[0].membership.joining.deadline == nil)
    }

    @Test(
        "a host gets a new address and nobody tells the node: same node, higher incarnation, all follow in 2 s",
        arguments: UInt64(0)..<5)
    func newAddress(seed: UInt64) {
        var fabric = ProbingTests.fabric(12, seed: seed)
        let old = fabric.nodes[4].incarnation
        let moved = fabric.now
        fabric.move(4, to: TestFabric.address(77))
        let identity = fabric.nodes[4].identity
        func haveFollowed(_ fabric: TestFabric) -> Bool {
            fabric.nodes.indices.allSatisfy { $0 == 4 || fabric.nodes[$0].member(identity)?.address == TestFabric.address(77) }
        }
        fabric.run(for: .seconds(10), until: haveFollowed)
        #expect(haveFollowed(fabric) && moved.duration(to: fabric.now) < .seconds(4))
        #expect(fabric.nodes[4].incarnation > old && fabric.nodes[4].incarnation.epoch == old.epoch)
        fabric.run(for: .seconds(10))
        #expect(fabric.isConverged && fabric.alarms.joined().isEmpty)
        #expect(!fabric.changes.joined().contains { $0.1 == .dead })
    }

    @Test("a node that is told its new address tells the others") func toldAddress() {
        var fabric = ProbingTests.fabric(6, seed: 5)
        fabric.move(4, to: TestFabric.address(77))
        fabric.give(.addressChanged(TestFabric.address(77)), to: 4)
        fabric.run(for: .seconds(3))
        let identity = fabric.nodes[4].identity
        for index in fabric.nodes.indices { #expect(fabric.nodes[index].member(identity)?.address == TestFabric.address(77)) }
        #expect(fabric.isConverged)
    }

    @Test("a statement that is older than what is known changes nothing (SWIM §4.2)") func stale() {
        var fabric = ProbingTests.fabric(4, seed: 6)
        fabric.give(.addressChanged(fabric.addresses[2]), to: 2)
        fabric.run(for: .seconds(3))
        let before = fabric.nodes[0].members
        let identity = fabric.nodes[2].identity
        let id = fabric.nodes[1].identity
        var writer = DatagramWriter(sender: id, incarnation: fabric.nodes[1].incarnation, limit: 1155)
        writer.part(MembershipPart.updates.rawValue) { writer in
            for state in MemberState.allCases {
                MemberUpdate(id: identity, state: state, incarnation: Incarnation(epoch: 1), address: TestFabric.address(200))
                    .emit(into: &writer)
            }
        }
        fabric.give(.received(writer.bytes, from: fabric.addresses[1]), to: 0)
        #expect(fabric.nodes[0].members == before)
    }
}
