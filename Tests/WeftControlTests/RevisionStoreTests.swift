import Foundation
import Testing
import WeftControl
import WeftTopology

@Suite struct RevisionStoreTests {
    private func withStore(_ body: (RevisionStore) throws -> Void) throws {
        let folder = "/tmp/weft-revisions-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(RevisionStore(folder: RevisionStore.folder(fabric: "office", in: folder)))
    }

    private func revision(_ number: UInt64, on base: Revision? = nil, file: String = "weft: 1\n") throws -> Revision {
        Revision(
            number: number, proposer: try #require(TopologyName("alpha")), time: 1, base: base?.stamp.id, note: "test",
            file: Array(file.utf8))
    }

    @Test func anEmptyStoreHasNothing() throws {
        try withStore { store in
            let saved = try store.load()
            #expect(saved == nil)
            #expect(store.history(of: nil).isEmpty)
        }
    }

    @Test func keepsStateAndContents() throws {
        try withStore { store in
            let first = try revision(1)
            let second = try revision(2, on: first, file: "weft: 1\nname: two\n")
            try store.keep(first)
            try store.keep(second)
            let saved = SavedRevisions(current: second.stamp)
            try store.save(saved)
            let loaded = try store.load()
            #expect(loaded == saved)
            #expect(store.history(of: second.stamp).map(\.revision) == [second, first])
            #expect(store.revision(first.stamp.id) == first)
        }
    }

    @Test func whatWasDamagedIsNotUsed() throws {
        try withStore { store in
            let first = try revision(1)
            try store.keep(first)
            try store.save(SavedRevisions(current: first.stamp))
            let path = "\(store.folder)/\(first.stamp.id).revision"
            try Data("weft-revision 1\n".utf8).write(to: URL(filePath: path))
            #expect(store.content(first.stamp.id) == nil)
            try Data("nonsense".utf8).write(to: URL(filePath: "\(store.folder)/state"))
            let error = #expect(throws: RevisionStoreError.self) { try store.load() }
            #expect(error?.description.contains(store.folder) == true)
        }
    }

    @Test func forgetsWhatNobodyMentions() throws {
        try withStore { store in
            let first = try revision(1)
            let second = try revision(2, on: first)
            let other = try revision(2, on: first, file: "weft: 1\nname: other\n")
            for revision in [first, second, other] { try store.keep(revision) }
            store.prune(SavedRevisions(current: second.stamp))
            #expect(store.content(other.stamp.id) == nil)
            #expect(store.content(first.stamp.id) != nil && store.content(second.stamp.id) != nil)
        }
    }

    @Test func saysWhyItCannotKeep() throws {
        let store = RevisionStore(folder: "/proc/weft-revisions")
        let first = try revision(1)
        #expect(throws: RevisionStoreError.self) { try store.keep(first) }
        #expect(throws: RevisionStoreError.self) { try store.save(SavedRevisions(current: first.stamp)) }
    }
}
