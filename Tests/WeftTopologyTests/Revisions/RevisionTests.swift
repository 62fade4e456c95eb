import Testing
import WeftTypes

@testable import WeftTopology

@Suite struct RevisionTests {
    private func sample(ancestors: Int = 2, note: String = "apply office.weft.yaml") -> Revision {
        let names = (0...ancestors).map { RevisionID(of: [UInt8($0 % 256), UInt8($0 / 256)]) }
        return Revision(
            number: 42, proposer: name("alpha"), time: 1_764_000_000, base: names[0], ancestors: Array(names.dropFirst()),
            confirmSeconds: 60, note: note, file: Array("weft: 1\n\nname: office\n".utf8))
    }

    @Test func contentTellsAllOfIt() throws {
        for revision in [sample(), sample(ancestors: 256), sample(ancestors: 0, note: "")] {
            #expect(Revision(content: revision.content) == revision)
        }
        let first = Revision(number: 1, proposer: name("alpha"), time: 0, base: nil, note: "", file: [])
        #expect(Revision(content: first.content) == first)
        #expect(first.stamp.id == RevisionID(of: first.content))
    }

    @Test func aNoteIsOneLineOfLimitedLength() {
        #expect(sample(note: "a\nb\u{0}c").note == "a b c")
        #expect(sample(note: String(repeating: "é", count: 500)).note.utf8.count == Revision.noteLimit)
    }

    @Test func whatIsWrittenOtherwiseIsNoRevision() {
        let content = String(decoding: sample().content, as: UTF8.self)
        let broken = [
            "", "weft-revision 2" + content.dropFirst(15), content.replacing("number: 42", with: "number: +42"),
            content.replacing("number: 42", with: "number: 042"), content.replacing("number: 42", with: "number: 0"),
            content.replacing("base: ", with: "base:  "), content.replacing("proposer: alpha", with: "proposer: ../x"),
            content.replacing("\n\n", with: "\n"), content.replacing("time: 1764000000\n", with: ""),
            content.replacing("note: apply", with: "more: 1\nnote: apply"), String(repeating: "x", count: 100_000),
        ]
        for text in broken { #expect(Revision(content: Array(text.utf8)) == nil, "\(text.prefix(60))") }
    }

    @Test func namesAreSixtyFourDigits() throws {
        let id = sample().stamp.id
        #expect(RevisionID(id.description) == id)
        #expect(RevisionID(id.description.dropLast()) == nil)
        #expect(RevisionID("+1" + id.description.dropFirst(2)) == nil)
        #expect(RevisionID(bytes: Array(repeating: 0, count: 31)) == nil)
    }

    @Test func itContinuesItsAncestorsOnly() {
        let revision = sample()
        #expect(revision.continues(RevisionID(of: [0, 0])))
        #expect(revision.continues(RevisionID(of: [2, 0])))
        #expect(!revision.continues(RevisionID(of: [3, 0])))
        #expect(revision.reaches(1))
        #expect(sample(ancestors: 256).reaches(40))
    }
}
