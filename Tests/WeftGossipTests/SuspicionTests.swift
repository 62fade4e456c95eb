import Testing
import WeftTypes

@testable import WeftGossip

@Suite struct SuspicionTests {
    @Test("a suspicion shrinks with the logarithm of its confirmations (Lifeguard, LHA-Suspicion)") func formula() {
        var configuration = GossipConfiguration()
        (configuration.minimumSuspicion, configuration.maximumSuspicion) = (.seconds(1), .seconds(5))
        func length(confirmations: Int, wanted: Int) -> Duration {
            var accusers = Accusers()
            for accuser in 0...UInt32(confirmations) { accusers.insert(accuser) }
            let start = Instant(nanoseconds: 0)
            let suspicion = Suspicion(
                slot: 1, incarnation: Incarnation(epoch: 1), started: start, accusers: accusers, isFirstHand: true, grace: .zero,
                nextReminder: start)
            return start.duration(to: suspicion.deadline(configuration, wanted: wanted))
        }
        // max − (max − min) · log(C + 1) / log(K + 1), with log 2 / log 4 = 0.5, log 3 / log 4 = 0.792, log 2 / log 3 = 0.631
        #expect(
            (0...3).map { length(confirmations: $0, wanted: 3) } == [.seconds(5), .seconds(3), .milliseconds(1832), .seconds(1)])
        #expect((0...2).map { length(confirmations: $0, wanted: 2) } == [.seconds(5), .milliseconds(2476), .seconds(1)])
        #expect((0...1).map { length(confirmations: $0, wanted: 1) } == [.seconds(5), .seconds(1)])
        #expect(length(confirmations: 0, wanted: 0) == .seconds(1))
    }

    @Test("an accuser confirms once, and there is room for four") func accusers() {
        var accusers = Accusers()
        let inserted = [7, 7, 8, 9, 8, 10, 11].map { accusers.insert(UInt32($0)) }
        #expect(inserted == [true, false, true, true, false, true, false])
        var other = accusers
        let isNew = other.formUnion(accusers)
        #expect(!isNew)
    }

    @Test("a crash is suspected, confirmed and known everywhere (G3)", arguments: UInt64(0)..<6) func crash(seed: UInt64) {
        var fabric = ProbingTests.fabric(16, seed: seed)
        fabric.run(for: .milliseconds(700 * Int(seed)))
        let crashed = fabric.now
        fabric.isDown[5] = true
        fabric.run(for: .seconds(20)) { $0.isConverged }
        #expect(fabric.isConverged && crashed.duration(to: fabric.now) < .seconds(7))
        #expect(fabric.nodes[0].member(fabric.nodes[5].identity)?.state == .dead)
        #expect(fabric.nodes.map { $0.counters[.confirmations] }.reduce(0, +) > 0)
    }

    @Test("of two nodes the one that is left needs no confirmation") func two() {
        var fabric = ProbingTests.fabric(2, seed: 2)
        fabric.isDown[1] = true
        fabric.run(for: .seconds(4)) { $0.isConverged }
        #expect(fabric.state(of: 1, at: 0) == .dead)
    }

    @Test("a suspect hears of it from the one who suspects it, and refutes (SWIM §4.2)") func refutation() {
        var fabric = ProbingTests.fabric(8, seed: 3)
        let old = fabric.nodes[4].incarnation
        // Nothing reaches node 4 for long enough that it is suspected, but not that it is dead.
        fabric.passes = { $1 != 4 && $0 != 4 }
        fabric.run(for: .seconds(5)) { fabric in fabric.nodes.indices.contains { fabric.state(of: 4, at: $0) == .suspect } }
        fabric.passes = { _, _ in true }
        let heard = fabric.now
        fabric.run(for: .seconds(2)) { $0.nodes[4].incarnation > old }
        #expect(fabric.nodes[4].incarnation == old.next)
        #expect(heard.duration(to: fabric.now) <= .milliseconds(130))  // reminded every 100 ms
        fabric.run(for: .seconds(10)) { $0.isConverged }
        #expect(fabric.isConverged)
        #expect(fabric.changes.joined().allSatisfy { $0.1 != .dead })
        #expect(fabric.nodes[4].counters[.refutations] == 1)
    }

    @Test("a node that hears nothing kills nobody but in its own eyes, and knows that it is unwell (Lifeguard, LHA-Probe)")
    func deaf() {
        var fabric = ProbingTests.fabric(16, seed: 4)
        fabric.passes = { $1 != 7 }
        fabric.run(for: .seconds(60))
        for index in fabric.nodes.indices where index != 7 {
            #expect(!fabric.changes[index].contains { $0.0 != fabric.nodes[7].identity && $0.1 == .dead })
        }
        #expect(fabric.nodes[7].localHealth == fabric.configuration.maximumLocalHealth)
        #expect(fabric.nodes[0].localHealth <= 1)
        fabric.passes = { _, _ in true }
        fabric.run(for: .seconds(30)) { $0.isConverged }
        #expect(fabric.isConverged)
    }

    @Test("a node that hears nobody makes no suspicion a death, and has none overdue when it hears again") func cutOff() {
        var fabric = ProbingTests.fabric(16, seed: 5)
        fabric.run(for: .seconds(3))
        fabric.passes = { $1 != 3 }
        fabric.run(for: .seconds(15))
        #expect(fabric.nodes[3].counters[.suspicions] > 1 && fabric.nodes[3].counters[.deaths] == 0)
        fabric.passes = { _, _ in true }
        fabric.run(for: .seconds(10)) { $0.isConverged }
        #expect(fabric.isConverged)
        let dead = fabric.changes.joined().filter { $0.1 == .dead }.map(\.0)
        #expect(Set(dead) == [fabric.nodes[3].identity] && fabric.nodes[3].counters[.deaths] == 0)
    }

    @Test("a node that is mute is dead to others until it speaks again") func mute() {
        var fabric = ProbingTests.fabric(12, seed: 5)
        fabric.passes = { from, _ in from != 3 }
        fabric.run(for: .seconds(20))
        #expect(fabric.state(of: 3, at: 0) == .dead)
        for index in fabric.nodes.indices where index != 3 {
            #expect(!fabric.changes[index].contains { $0.0 != fabric.nodes[3].identity && $0.1 == .dead })
        }
        fabric.passes = { _, _ in true }
        fabric.run(for: .seconds(10)) { $0.isConverged }
        #expect(fabric.isConverged)
    }

    @Test("a node that was stopped blames nobody", arguments: [130, 600, 2500, 9000]) func stopped(milliseconds: Int) {
        var fabric = ProbingTests.fabric(16, seed: 6)
        let sick = fabric.nodes[2].identity
        for _ in 0..<max(3, 20_000 / milliseconds) {
            fabric.stop(2, for: .milliseconds(milliseconds))
            fabric.run(for: .milliseconds(milliseconds + 40))
        }
        #expect(!fabric.changes.joined().contains { $0.0 != sick && $0.1 == .dead })
        #expect(fabric.nodes[2].counters[.pauses] > 0)
        fabric.run(for: .seconds(20)) { $0.isConverged }
        #expect(fabric.isConverged && fabric.alarms.joined().isEmpty)
    }

    @Test("loss alone kills nobody (G4)", arguments: UInt64(0)..<3) func loss(seed: UInt64) {
        var fabric = ProbingTests.fabric(12, seed: seed)
        fabric.lossPercent = 15
        fabric.run(for: .seconds(300))
        #expect(!fabric.changes.joined().contains { $0.1 == .dead })
        #expect(fabric.nodes.map { $0.counters[.probesAnsweredIndirectly] }.reduce(0, +) > 0)
        fabric.lossPercent = 0
        fabric.run(for: .seconds(10)) { $0.isConverged }
        #expect(fabric.isConverged)
    }
}
