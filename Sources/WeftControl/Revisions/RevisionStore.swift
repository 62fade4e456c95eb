import WeftLinux
public import WeftTopology

/// The revisions of a fabric on this host's disk: what the agent must remember of them, and their contents.
///
/// A folder with a file `state` and, for each revision, a file named by its ID. Each file is written in one step and flushed, so
/// that a crash leaves the old one or the new one.
public struct RevisionStore: Sendable {
    /// The folder.
    public let folder: String

    /// Contents that are kept beyond those the state mentions: this many of the line of revisions that leads to the present one.
    public static var historyLimit: Int { 100 }

    private static var suffix: String { ".revision" }
    private var statePath: String { "\(folder)/state" }

    /// The store in this folder, which is made with the first file.
    public init(folder: String) { self.folder = folder }

    /// The folder of a fabric's store in an agent's state folder.
    public static func folder(fabric: String, in stateFolder: String) -> String { "\(stateFolder)/\(fabric).revisions" }

    // MARK: State

    /// What was saved last; nil when nothing ever was.
    ///
    /// - Throws: ``RevisionStoreError`` for a file that can't be read or was not written by this.
    public func load() throws(RevisionStoreError) -> SavedRevisions? {
        let bytes: [UInt8]?
        do {
            bytes = try SmallFile.read(statePath, limit: 1 << 16)
        } catch {
            throw RevisionStoreError("cannot read the state of revisions: \(error)")
        }
        guard let bytes else { return nil }
        guard let saved = SavedRevisions(text: String(decoding: bytes, as: UTF8.self)) else {
            throw RevisionStoreError(
                "cannot read the state of revisions in \(statePath): it is damaged; remove the folder \(folder) to begin anew, the other hosts have what it held"
            )
        }
        return saved
    }

    /// Writes the state; it is on disk when this returns.
    public func save(_ saved: SavedRevisions) throws(RevisionStoreError) {
        do {
            try SmallFile.makeFolder(folder, mode: 0o755)
            try SmallFile.write(Array(saved.text.utf8), to: statePath)
        } catch {
            throw RevisionStoreError("cannot keep the state of revisions: \(error)")
        }
    }

    // MARK: Contents

    private func path(_ id: RevisionID) -> String { "\(folder)/\(id)\(Self.suffix)" }

    /// The content of a revision; nil when it is not here, or is not what its name says.
    public func content(_ id: RevisionID) -> [UInt8]? {
        guard let bytes = try? SmallFile.read(path(id), limit: Revision.maximumByteCount), RevisionID(of: bytes) == id else {
            return nil
        }
        return bytes
    }

    /// A revision; nil when it is not here.
    public func revision(_ id: RevisionID) -> Revision? { content(id).flatMap { Revision(content: $0) } }

    /// Keeps a revision.
    public func keep(_ revision: Revision) throws(RevisionStoreError) {
        let content = revision.content
        do {
            try SmallFile.makeFolder(folder, mode: 0o755)
            try SmallFile.write(content, to: path(RevisionID(of: content)))
        } catch {
            throw RevisionStoreError("cannot keep revision \(revision.number): \(error)")
        }
    }

    /// The revisions that lead to `stamp`, it first, as far back as there are contents.
    public func history(of stamp: RevisionStamp?) -> [(stamp: RevisionStamp, revision: Revision)] {
        var list: [(RevisionStamp, Revision)] = []
        var next = stamp?.id
        while let id = next, list.count < Self.historyLimit, let content = content(id), let revision = Revision(content: content)
        {
            list.append((RevisionStamp(number: revision.number, id: id, byteCount: content.count), revision))
            next = revision.base
        }
        return list
    }

    /// Removes the contents that neither the state nor the history mentions.
    public func prune(_ saved: SavedRevisions) {
        let kept = saved.mentioned.union(history(of: saved.current).map(\.stamp.id))
        for name in (try? SmallFile.names(in: folder)) ?? nil ?? [] where name.hasSuffix(Self.suffix) {
            guard let id = RevisionID(name.dropLast(Self.suffix.count)), !kept.contains(id) else { continue }
            SmallFile.remove("\(folder)/\(name)")
        }
    }
}

/// Why revisions can't be read or kept.
public struct RevisionStoreError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
