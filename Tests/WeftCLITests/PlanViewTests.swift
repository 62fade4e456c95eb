import Testing
import WeftAPI

@testable import WeftCLI

@Suite struct PlanViewTests {
    private let report = PlanReport(
        fabric: "first", file: "first.weft.yaml", base: 41, revision: 42, hash: "7f3a9c0123",
        changes: [],
        hosts: [
            .init(
                host: "alpha",
                changes: [
                    .init(
                        action: "change", kind: "segment", name: "blue", detail: "mtu 1450 → 1400",
                        reason: "the file says otherwise",
                        impact: "guests need the new MTU"),
                    .init(
                        action: "add", kind: "port", name: "vm3", detail: "tap wft-vm3, blue", reason: "it is new in the file",
                        impact: "none"),
                ]),
            .init(
                host: "bravo",
                changes: [
                    .init(
                        action: "remove", kind: "port", name: "old", detail: "tap wft-old", reason: "it is no longer in the file",
                        impact: "old loses its link")
                ]),
        ])

    @Test func showsAPlan() throws {
        #expect(
            try PlanView.text(report, format: .table, isOffered: true) == """
                first.weft.yaml: revision 41 → 42
                  alpha
                  ~ segment blue  mtu 1450 → 1400    impact: guests need the new MTU
                  + port vm3      tap wft-vm3, blue  impact: none
                  bravo
                  - port old      tap wft-old        impact: old loses its link
                Plan 7f3a9c: 1 to add, 1 to change, 1 to remove.      Apply with: weft apply --plan 7f3a9c

                """)
    }

    @Test func wideTellsTheReasons() throws {
        let text = try PlanView.text(report, format: .wide, isOffered: false)
        #expect(text.hasPrefix("first.weft.yaml: differs from what runs\n"))
        #expect(text.contains("tap wft-old (it is no longer in the file)"))
        #expect(!text.contains("weft apply"))
    }

    @Test func anEmptyPlanIsOneLine() throws {
        var empty = report
        (empty.hosts, empty.changes) = ([], [])
        #expect(try PlanView.text(empty, format: .table, isOffered: true) == "first.weft.yaml: no difference to revision 41\n")
        empty.base = 0
        #expect(
            try PlanView.text(empty, format: .table, isOffered: true)
                == "first.weft.yaml: no difference to what runs; applied, it would be revision 1\n")
    }

    @Test func escapesWhatATerminalWouldObey() throws {
        var hostile = report
        hostile.file = "a\u{1B}[2J"
        hostile.hosts[0].changes[0].detail = "x\u{7}"
        for character in try PlanView.text(hostile, format: .table, isOffered: true).unicodeScalars {
            #expect(character == "\n" || character.value >= 0x20)
        }
    }

    @Test func showsWhatCameOfIt() throws {
        let report = ApplyReport(
            revision: 42, isNew: true, missing: ["bravo"], confirmSeconds: 60, problems: ["port vm3: its name is taken"])
        #expect(
            try ApplyView.text(report, isLocal: false, format: .table) == """
                the fabric runs revision 42
                it is taken back in 60 s unless you confirm it: weft apply --keep
                without bravo, which follows on return
                not done here: port vm3: its name is taken

                """)
        #expect(try ApplyView.text(report, isLocal: true, format: .table).hasPrefix("this host alone runs revision 42\n"))
        #expect(
            try ApplyView.text(ApplyReport(revision: 41, isNew: false), isLocal: false, format: .table)
                == "nothing to do: revision 41 says the same\n")
    }

    @Test func listsRevisions() throws {
        let list = [
            RevisionReport(
                revision: 42, id: "ab", state: .inDoubt, proposer: "alpha", timeSeconds: 1_764_000_000, note: "rollback 40"),
            RevisionReport(revision: 41, id: "cd", state: .current, proposer: "bravo", timeSeconds: 0, note: "apply f"),
        ]
        #expect(
            try Listing.history.text(list, format: .table) == """
                REV  STATE     TIME                  FROM   NOTE
                42   in doubt  2025-11-24T16:00:00Z  alpha  rollback 40
                41   current   1970-01-01T00:00:00Z  bravo  apply f

                """)
        #expect(try Listing.history.text(list, format: .name) == "42\n41\n")
    }
}
