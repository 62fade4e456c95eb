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
}
