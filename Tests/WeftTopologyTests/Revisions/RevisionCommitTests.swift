import Testing
import WeftTypes

@testable import WeftTopology

@Suite struct RevisionCommitTests {
    @Test func allHostsTakeOnARevision() throws {
        var fabric = try CommitFabric(count: 6, seed: 1)
        let first = fabric.propose(from: 2)
        fabric.run(for: .seconds(2))
        #expect(fabric.runs == [first])
        #expect(fabric.nodes[2].outcomes == [.committed(without: [])])
        #expect(!fabric.isAnyInDoubt)
        let second = fabric.propose(from: 4, text: "another")
        fabric.run(for: .seconds(2))
        #expect(fabric.runs == [second])
        #expect(second.number == 2)
    }

    @Test func oneObjectionStopsAll() throws {
        var fabric = try CommitFabric(count: 4, seed: 2)
        fabric.nodes[3].objection = "its kernel has no 802.1Q"
        _ = fabric.propose(from: 0)
        fabric.run(for: .seconds(2))
        #expect(fabric.runs == [nil])
        #expect(fabric.nodes[0].outcomes == [.aborted("h3: its kernel has no 802.1Q")])
        #expect(!fabric.isAnyInDoubt)
    }

    @Test func aHostThatIsDownIsNamed() throws {
        var fabric = try CommitFabric(count: 4, seed: 3)
        fabric.crash(1)
        _ = fabric.propose(from: 0)
        fabric.run(for: .seconds(2))
        #expect(fabric.nodes[0].outcomes == [.aborted("h1 is down")])
        #expect(fabric.runs == [nil])
    }

    @Test func aHostThatWasAwayFollows() throws {
        var fabric = try CommitFabric(count: 4, seed: 4)
        fabric.crash(1)
        _ = fabric.propose(from: 0, isPartial: true)
        fabric.run(for: .seconds(2))
        let last = fabric.propose(from: 2, isPartial: true, text: "two")
        fabric.run(for: .seconds(2))
        #expect(try fabric.nodes[0].outcomes == [.committed(without: [#require(TopologyName("h1"))])])
        #expect(fabric.nodes[1].runs == nil)
        fabric.run(for: .seconds(60))
        #expect(fabric.runs == [last])
    }

    /// Stops each host between each two of its effects in turn: at any time each has the old revision or the new one, and in the
    /// end all have the same.
    @Test(arguments: [UInt32(0), 60]) func anyHostMayStopAnywhere(confirm: UInt32) throws {
        var stops = 0
        for victim in 0..<3 {
            for effect in 1...40 {
                var fabric = try CommitFabric(count: 3, seed: UInt64(victim * 100 + effect))
                let old = fabric.propose(from: 1, text: "old")
                fabric.run(for: .seconds(2))
                #expect(fabric.runs == [old])
                fabric.stop = (victim, fabric.nodes[victim].effectCount + effect)
                let new = fabric.propose(from: 0, confirm: confirm, text: "new")
                fabric.run(for: .seconds(5)) { #expect($0.nodes.allSatisfy { [old, new].contains($0.runs) }) }
                if confirm > 0 { fabric.input(.confirm, to: 0) }
                fabric.run(for: .seconds(200)) { #expect($0.nodes.allSatisfy { [old, new].contains($0.runs) }) }
                guard fabric.stop == nil else { break }
                stops += 1
                #expect(fabric.runs.count == 1, "victim \(victim), effect \(effect)")
                #expect(!fabric.isAnyInDoubt)
            }
        }
        #expect(stops >= 12)
    }

    @Test func aHostInDoubtKeepsTheOldAndTheOperatorResolves() throws {
        var fabric = try CommitFabric(count: 3, seed: 5)
        let new = fabric.propose(from: 0, text: "new")
        // The proposer is cut off once all have promised, before they can hear of the decision.
        fabric.run(for: .milliseconds(45))
        var hasPromised = false
        for _ in 0..<200 where !hasPromised {
            fabric.run(for: .milliseconds(1))
            hasPromised = fabric.nodes.dropFirst().allSatisfy { $0.saved.promise != nil }
        }
        #expect(hasPromised)
        fabric.setCut(0, 1, true)
        fabric.setCut(0, 2, true)
        fabric.run(for: .seconds(60))
        #expect(fabric.nodes[1].runs == nil)
        #expect(fabric.nodes[1].saved.promise?.stamp == new)
        // It objects to everything else meanwhile.
        _ = fabric.propose(from: 1, isPartial: true, text: "other")
        #expect(fabric.nodes[1].outcomes == [.aborted("it is in doubt about r1 from h0")])
        fabric.input(.resolve(isCommitted: true), to: 1)
        fabric.run(for: .seconds(5))
        #expect(fabric.nodes[1].runs == new)
        #expect(fabric.nodes[2].runs == new)
    }

    @Test func onlyOneSideOfAPartitionCommits() throws {
        var fabric = try CommitFabric(count: 4, seed: 6)
        for (left, right) in [(0, 2), (0, 3), (1, 2), (1, 3)] { fabric.setCut(left, right, true) }
        _ = fabric.propose(from: 0, text: "left")
        _ = fabric.propose(from: 2, text: "right")
        fabric.run(for: .seconds(20))
        #expect(fabric.runs == [nil])
    }

    @Test func partialRevisionsOfTwoSidesAreNotMerged() throws {
        var fabric = try CommitFabric(count: 4, seed: 7)
        for (left, right) in [(0, 2), (0, 3), (1, 2), (1, 3)] { fabric.setCut(left, right, true) }
        let left = fabric.propose(from: 0, isPartial: true, text: "left")
        let right = fabric.propose(from: 2, isPartial: true, text: "right")
        fabric.run(for: .seconds(20))
        for (one, other) in [(0, 2), (0, 3), (1, 2), (1, 3)] { fabric.setCut(one, other, false) }
        fabric.run(for: .seconds(20))
        #expect(fabric.nodes.map(\.runs) == [left, left, right, right])
        #expect(fabric.nodes.allSatisfy { $0.conflicts == 1 })
    }

    @Test func whatIsNotConfirmedIsTakenBackEverywhere() throws {
        var fabric = try CommitFabric(count: 4, seed: 8)
        let old = fabric.propose(from: 1, text: "old")
        fabric.run(for: .seconds(2))
        let new = fabric.propose(from: 0, confirm: 60, text: "new")
        fabric.run(for: .seconds(2))
        #expect(fabric.runs == [new])
        // The change cut everybody off from everybody.
        for left in 0..<4 { for right in left + 1..<4 { fabric.setCut(left, right, true) } }
        fabric.run(for: .seconds(61))
        #expect(fabric.runs == [old])
        for left in 0..<4 { for right in left + 1..<4 { fabric.setCut(left, right, false) } }
        fabric.run(for: .seconds(61))
        #expect(fabric.runs == [old])
        let next = fabric.propose(from: 3, text: "next")
        fabric.run(for: .seconds(2))
        #expect(fabric.runs == [next])
    }

    @Test func whatIsConfirmedStays() throws {
        var fabric = try CommitFabric(count: 4, seed: 9)
        let new = fabric.propose(from: 0, confirm: 60, text: "new")
        fabric.run(for: .seconds(30))
        fabric.setCut(0, 3, true)
        fabric.setCut(1, 3, true)
        fabric.setCut(2, 3, true)
        fabric.input(.confirm, to: 0)
        fabric.run(for: .seconds(60))
        #expect(fabric.nodes.map(\.runs) == [new, new, new, nil])
        // It did not hear of it in time, and goes on again when it does.
        for other in 0..<3 { fabric.setCut(other, 3, false) }
        fabric.run(for: .seconds(5))
        #expect(fabric.runs == [new])
    }

    /// Proposals, stops, cuts and confirmations at random; when all is well again, all hosts agree.
    @Test(arguments: 0..<300) func agreesInTheEnd(seed: Int) throws {
        var fabric = try CommitFabric(count: 5, seed: UInt64(seed) + 1000)
        var random = SeededRandom(seed: UInt64(seed))
        fabric.downTime = .seconds(3)
        for round in 0..<25 {
            let (one, other) = (Int.random(in: 0..<5, using: &random), Int.random(in: 0..<5, using: &random))
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1:
                let confirm: UInt32 = Bool.random(using: &random) ? 0 : 5
                if fabric.nodes[one].isUp { _ = fabric.propose(from: one, confirm: confirm, text: "file \(round)") }
            case 2: if fabric.nodes[one].isUp { fabric.crash(one) }
            case 3: if one != other { fabric.setCut(one, other, true) }
            case 4: if one != other { fabric.setCut(one, other, false) }
            default: fabric.input(.confirm, to: one)
            }
            fabric.run(for: .milliseconds(Int.random(in: 1...4000, using: &random))) { fabric in
                // Without --partial the revisions that run are one chain: of two with one number there is only one.
                let stamps = fabric.nodes.compactMap(\.saved.current)
                #expect(Set(stamps.map(\.number)).count == Set(stamps).count)
            }
        }
        for left in 0..<5 { for right in left + 1..<5 { fabric.setCut(left, right, false) } }
        fabric.run(for: .seconds(120))
        #expect(fabric.runs.count == 1)
        #expect(!fabric.isAnyInDoubt)
        #expect(fabric.nodes.allSatisfy { $0.conflicts == 0 })
        let last = fabric.propose(from: 0, text: "the last")
        fabric.run(for: .seconds(5))
        #expect(fabric.runs == [last])
    }
}
