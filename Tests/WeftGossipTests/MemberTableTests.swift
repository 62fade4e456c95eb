import Testing
import WeftTypes

@testable import WeftGossip

@Suite struct MemberTableTests {
    @Test("a member takes 48 bytes, for thousands of nodes with thousands of members are simulated") func size() {
        #expect(MemoryLayout<MemberEntry>.stride == 48)
    }

    @Test("it agrees with a dictionary", arguments: UInt64(0)..<8) func model(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let now = Instant(nanoseconds: 0)
        let own = NodeID(rawValue: UInt128(random.next()) << 64)
        var table = MemberTable(own: MemberEntry(id: own, incarnation: Incarnation(epoch: 1), address: nil, changed: now))
        var model: [NodeID: (MemberState, Incarnation)] = [own: (.alive, Incarnation(epoch: 1))]
        for _ in 0..<500 {
            // Close NodeIDs, too: nothing may depend on their being spread.
            let id = NodeID(rawValue: UInt128(random.next() % 300) << (random.next() % 2 == 0 ? 0 : 119))
            if let slot = table.slot(of: id) {
                let state = MemberState.allCases[Int(random.next() % 4)]
                let incarnation = Incarnation(epoch: UInt32(random.next() % 9))
                table.update(slot) {
                    $0.state = state
                    $0.incarnation = incarnation
                }
                model[id] = (state, incarnation)
            } else {
                table.insert(MemberEntry(id: id, incarnation: Incarnation(epoch: 1), address: nil, changed: now))
                model[id] = (.alive, Incarnation(epoch: 1))
            }
        }
        let ids = model.keys.sorted()
        #expect(table.order.map { table[Int($0)].id } == ids)
        #expect(table.presentCount == model.values.count { $0.0.isPresent })
        for id in ids {
            let slot = table.slot(of: id)
            #expect(slot.map { table[$0].state } == model[id]?.0 && slot.map { table[$0].incarnation } == model[id]?.1)
            #expect(table.position(notBelow: id) == ids.firstIndex(of: id))
        }
        // The sums depend on what is there, not on how it came to be.
        var other = MemberTable(own: table[MemberTable.ownSlot])
        for id in ids.shuffled(using: &random) where id != own {
            if let slot = table.slot(of: id) { other.insert(table[slot]) }
        }
        #expect(other.sum == table.sum && other.sums == table.sums)
        #expect(table.sums.reduce(0, &+) == table.sum)
    }

    @Test("a round trip is kept to 7 %", arguments: [10, 11, 100, 250, 1000, 20_000, 600_000]) func roundTrip(microseconds: Int) {
        var entry = MemberEntry(
            id: NodeID(rawValue: 1), incarnation: Incarnation(epoch: 1), address: nil, changed: Instant(nanoseconds: 0))
        #expect(entry.roundTrip == nil)
        entry.roundTrip = .microseconds(microseconds)
        let kept = entry.roundTrip ?? .zero
        #expect(kept <= .microseconds(microseconds) && kept >= .nanoseconds(microseconds * 930))
        entry.roundTrip = .seconds(60)
        #expect((entry.roundTrip ?? .zero) >= .milliseconds(600))
    }

    @Test func incarnationsAreOrderedByStartThenStatement() {
        let inOrder = [(1, 0), (1, 1), (1, UInt32.max), (2, 0), (2, 7), (3, 0)].map { Incarnation(epoch: $0.0, refutation: $0.1) }
        #expect(inOrder == inOrder.sorted())
        #expect(Incarnation(epoch: 1, refutation: .max).next == Incarnation(epoch: 2))
        #expect(Incarnation(epoch: 1, refutation: 4).next == Incarnation(epoch: 1, refutation: 5))
    }
}
