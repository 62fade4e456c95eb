import Testing
import WeftTypes

@testable import WeftTopology

@Suite struct SavedRevisionsTests {
    private func stamp(_ number: UInt64) -> RevisionStamp {
        RevisionStamp(number: number, id: RevisionID(of: [UInt8(number)]), byteCount: 700)
    }

    @Test func whatIsWrittenIsRead() {
        let all = SavedRevisions(
            current: stamp(42), isConfirmed: false, fallback: stamp(41), override: stamp(1),
            promise: .init(stamp: stamp(43), proposer: name("alpha"), serial: 7),
            proposal: .init(serial: 6, stamp: stamp(42), phase: .committed, confirmSeconds: 60))
        for saved in [SavedRevisions(), SavedRevisions(current: stamp(1)), all] {
            #expect(SavedRevisions(text: saved.text) == saved)
        }
        for phase in RevisionNews.Phase.allCases {
            let saved = SavedRevisions(proposal: .init(serial: 1, stamp: stamp(1), phase: phase))
            #expect(SavedRevisions(text: saved.text) == saved)
        }
        #expect(all.mentioned.count == 4)
        #expect(all.ruling == stamp(1))
    }

    @Test func damageIsNoticed() {
        let text = SavedRevisions(current: stamp(42), promise: .init(stamp: stamp(43), proposer: name("alpha"), serial: 7)).text
        let broken = [
            "", "weft-revisions 2\n", text.replacing("current:", with: "curren:"), text.replacing(" alpha 7", with: " alpha"),
            text.replacing("current: 42", with: "current: x"), text.replacing(" 700", with: " -1"), text + "more\n",
        ]
        for text in broken { #expect(SavedRevisions(text: text) == nil, "\(text)") }
    }
}
