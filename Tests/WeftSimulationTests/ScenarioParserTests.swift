import Testing
import WeftTypes

@testable import WeftSimulation

@Suite struct ScenarioParserTests {
    @Test("every statement is read") func reads() throws {
        let scenario = try Scenario(
            parsing: """
                # A comment.
                nodes 8
                stations 3
                tombstones 4s
                at 0s start all joining 0,2-3
                at 1.5s crash 1   # and another
                at 2s start 1 joining 0 disk lost
                at 2500ms pause 3 for 50us
                at 1m network loss 0.5% delay 0.2ms..1ms replay 100%
                at 61s split 0-3
                at 62s cut 0 to 1 loss 25%
                at 63s publish 2 key 7
                chaos from 70s to 80s events 9
                expect no false death
                expect agreement within 5s
                """)
        #expect(scenario.nodeCount == 8 && scenario.stationCount == 3 && scenario.tombstoneAge == .seconds(4))
        #expect(scenario.steps.count == 9, "a split is two cuts")
        #expect(scenario.steps[0].action == .start(NodeSet(0..<8), joining: [0, 2, 3], .kept))
        #expect(scenario.steps[1] == Step(at: .milliseconds(1500), action: .crash([1])))
        #expect(scenario.steps[2].action == .start([1], joining: [0], .lost))
        #expect(scenario.steps[3].action == .pause([3], .microseconds(50)))
        var conditions = NetworkConditions()
        (conditions.loss, conditions.replay) = (Chance(millionths: 5000), .always)
        #expect(scenario.steps[4] == Step(at: .seconds(60), action: .network(conditions)))
        #expect(scenario.chaos == [Chaos(from: .seconds(70), to: .seconds(80), eventCount: 9)])
        #expect(scenario.forbidden.contains(.falseDeath) && scenario.agreement == .seconds(5))
    }

    @Test("what a schedule is printed as is read as the same schedule", arguments: 1...8 as ClosedRange<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var scenario = Scenario.mixedFaults(nodeCount: 9, eventCount: 200)
        scenario.tombstoneAge = .milliseconds(2500)
        let schedule = scenario.schedule(seed: seed)
        let read = try Scenario(parsing: scenario.text(schedule: schedule))
        #expect(read.steps == schedule)
        #expect(read.agreement == scenario.agreement && read.forbidden == scenario.forbidden)
        #expect(read.tombstoneAge == scenario.tombstoneAge)
    }

    @Test(
        "what can't be read is told with its line, the cause and the remedy",
        arguments: [
            ("at 0s heal", 1, "comes before the number of nodes"),
            ("nodes 3\nnodes 4", 2, "given twice"),
            ("nodes 0", 1, "no number that fits"),
            ("nodes 3\nat 5 heal", 2, "\"5\" is no time"),
            ("nodes 3\nat 1.2.3s heal", 2, "is no time"),
            ("nodes 3\nat 99999999999s heal", 2, "is no time"),
            ("nodes 3\n\nat 1s explode", 3, "nothing that can happen"),
            ("nodes 3\nat 1s crash 3", 2, "names no nodes"),
            ("nodes 3\nat 1s crash 2-1", 2, "names no nodes"),
            ("nodes 3\nat 1s crash", 2, "which nodes is missing"),
            ("nodes 3\nat 1s heal now", 2, "\"now\" is too much"),
            ("nodes 3\nat 1s network loss 101%", 2, "is no probability"),
            ("nodes 3\nat 1s network delay 2ms..1ms", 2, "is no delay"),
            ("nodes 3\nat 1s start 1 disk wet", 2, "is no disk"),
            ("nodes 3\nchaos from 2s to 1s events 3", 2, "ends before it begins"),
            ("nodes 3\nexpect no rain", 2, "nothing that is watched over"),
            ("nodes 3\nexpect sunshine", 2, "can't be expected"),
            ("nodes 3\nsleep 1s", 2, "is no statement"),
            ("# nothing", 1, "has no nodes"),
        ])
    func refuses(text: String, line: Int, cause: String) {
        let error = #expect(throws: ScenarioError.self) { try Scenario(parsing: text) }
        #expect(error?.line == line)
        #expect(error?.description.contains(cause) ?? false, "\(error?.description ?? "")")
        #expect(error?.remedy.isEmpty == false)
    }
}
