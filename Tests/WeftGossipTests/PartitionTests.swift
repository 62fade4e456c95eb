import Testing
import WeftTypes

@testable import WeftGossip

@Suite struct PartitionTests {
    @Test("both sides find each other again, without anybody's help", arguments: [5, 60, 600], UInt64(0)..<2)
    func heals(seconds: Int, seed: UInt64) {
        var fabric = ProbingTests.fabric(20, seed: seed)
        fabric.passes = { ($0 < 8) == ($1 < 8) }
        fabric.run(for: .seconds(seconds))
        if seconds > 10 { #expect(fabric.nodes[0].presentCount == 8 && fabric.nodes[19].presentCount == 12) }
        fabric.passes = { _, _ in true }
        let healed = fabric.now
        fabric.run(for: .seconds(20)) { $0.isConverged }
        #expect(fabric.isConverged && healed.duration(to: fabric.now) < .seconds(10))
        #expect(fabric.alarms.joined().isEmpty)
    }

    @Test("a side of one comes back as well") func single() {
        var fabric = ProbingTests.fabric(6, seed: 2)
        fabric.passes = { ($0 == 5) == ($1 == 5) }
        fabric.run(for: .seconds(60))
        #expect(fabric.nodes[5].presentCount == 1 && fabric.nodes[0].presentCount == 5)
        fabric.passes = { _, _ in true }
        fabric.run(for: .seconds(20)) { $0.isConverged }
        #expect(fabric.isConverged)
    }

    @Test("one-way: those who hear keep telling those who are heard") func oneWay() {
        var fabric = ProbingTests.fabric(10, seed: 3)
        fabric.passes = { !($0 < 5 && $1 >= 5) }
        fabric.run(for: .seconds(30))
        fabric.passes = { _, _ in true }
        fabric.run(for: .seconds(20)) { $0.isConverged }
        #expect(fabric.isConverged)
    }

    @Test("all crash and start again with the next epoch, at once") func restart() {
        var fabric = ProbingTests.fabric(8, seed: 4)
        let old = fabric.nodes.map(\.identity)
        for index in 0..<8 { fabric.isDown[index] = true }
        for index in 0..<8 {
            fabric.move(index, to: TestFabric.address(100 + index))
            fabric.add(id: old[index], epoch: 2, joining: index == 0 ? [] : [8], at: TestFabric.address(index))
        }
        fabric.run(for: .seconds(10)) { $0.isConverged }
        #expect(fabric.isConverged && fabric.nodes[8].members.count == 8)
    }
}
