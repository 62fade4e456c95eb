import WeftTypes

/// One version of a fabric's topology, with where it comes from: what hosts agree on, keep, and hand to each other.
///
/// Its content is text, a header and after an empty line the topology file:
///
///     weft-revision 1
///     number: 42
///     proposer: alpha
///     time: 1764000000
///     base: 64 hexadecimal digits, or none
///     ancestors: those before the base, newest first
///     confirm: 60
///     note: apply office.weft.yaml
///
///     weft: 1
///     …
///
/// The order of the header's lines is fixed and every line is there, so that a revision has one content and one name.
public struct Revision: Hashable, Sendable {
    /// One more than that of the revision it builds on; the first is 1.
    public let number: UInt64
    /// The host whose agent was asked for it.
    public let proposer: TopologyName
    /// When it was proposed, in seconds since 1970, by the proposer's clock.
    public let time: UInt64
    /// The revision it builds on; nil for a fabric's first.
    public let base: RevisionID?
    /// The revisions before the base, newest first, at most ``ancestorLimit``: how a host that missed some sees that this one
    /// continues its own.
    public let ancestors: [RevisionID]
    /// Within how many seconds it has to be confirmed; 0 when it needs no confirmation.
    public let confirmSeconds: UInt32
    /// What made it, in one line of at most ``noteLimit`` bytes: `apply office.weft.yaml`, `rollback 40`.
    public let note: String
    /// The topology file, byte for byte.
    public let file: [UInt8]

    /// The most ancestors that are named.
    public static var ancestorLimit: Int { 256 }
    /// The longest note in bytes.
    public static var noteLimit: Int { 200 }
    /// The most bytes of content: the largest file there may be, and its header.
    public static var maximumByteCount: Int { (4 << 20) + (64 << 10) }
    private static var headerLimit: Int { 64 << 10 }

    /// Describes a revision; a note of several lines becomes one, and what is too long is cut.
    public init(
        number: UInt64, proposer: TopologyName, time: UInt64, base: RevisionID?, ancestors: [RevisionID] = [],
        confirmSeconds: UInt32 = 0, note: String, file: [UInt8]
    ) {
        (self.number, self.proposer, self.time, self.base) = (number, proposer, time, base)
        self.ancestors = Array(ancestors.prefix(Self.ancestorLimit))
        self.confirmSeconds = confirmSeconds
        var line = ""
        for scalar in note.unicodeScalars.map({ $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }) {
            guard line.utf8.count + scalar.utf8.count <= Self.noteLimit else { break }
            line.unicodeScalars.append(scalar)
        }
        self.note = line
        self.file = file
    }

    /// Whether a host that runs `other` may go on to this one: it builds on it, directly or by revisions in between.
    public func continues(_ other: RevisionID) -> Bool { base == other || ancestors.contains(other) }

    /// Whether one with this number would be named here, if it was on the way to this one.
    public func reaches(_ number: UInt64) -> Bool {
        number + UInt64(ancestors.count) + 1 >= self.number || ancestors.count < Self.ancestorLimit
    }

    /// The same without the file.
    public var withoutFile: Revision {
        Revision(
            number: number, proposer: proposer, time: time, base: base, ancestors: ancestors, confirmSeconds: confirmSeconds,
            note: note, file: [])
    }

    // MARK: Content

    private static let keys = ["number", "proposer", "time", "base", "ancestors", "confirm", "note"]
    private static let firstLine = "weft-revision 1"

    /// The bytes that travel and are kept.
    public var content: [UInt8] {
        let values = [
            "\(number)", proposer.text, "\(time)", base?.description ?? "none",
            ancestors.map(\.description).joined(separator: " "), "\(confirmSeconds)", note,
        ]
        let header = [Self.firstLine] + zip(Self.keys, values).map { "\($0): \($1)" }
        return Array((header.joined(separator: "\n") + "\n\n").utf8) + file
    }

    /// Its name and size.
    public var stamp: RevisionStamp {
        let content = content
        return RevisionStamp(number: number, id: RevisionID(of: content), byteCount: content.count)
    }

    /// Reads content; nil for what is none. The file in it is not looked at.
    public init?(content: [UInt8]) {
        guard content.count <= Self.maximumByteCount else { return nil }
        var lines: [Substring.UTF8View.Element] = []
        var header: [String] = []
        var end = 0
        while end < min(content.count, Self.headerLimit), header.count <= Self.keys.count + 1 {
            let byte = content[end]
            end += 1
            guard byte == UInt8(ascii: "\n") else {
                lines.append(byte)
                continue
            }
            header.append(String(decoding: lines, as: UTF8.self))
            if lines.isEmpty { break }
            lines = []
        }
        guard header.count == Self.keys.count + 2, header.last == "", header.first == Self.firstLine else { return nil }
        var values: [String] = []
        for (key, line) in zip(Self.keys, header.dropFirst()) {
            guard line.hasPrefix(key + ": ") else { return nil }
            values.append(String(line.dropFirst(key.count + 2)))
        }
        guard let number = UInt64(values[0]), number > 0, let proposer = TopologyName(values[1]), let time = UInt64(values[2]),
            let confirm = UInt32(values[5])
        else { return nil }
        let base = RevisionID(values[3])
        guard base != nil || values[3] == "none" else { return nil }
        let names = values[4].split(separator: " ")
        let ancestors = names.compactMap { RevisionID($0) }
        guard ancestors.count == names.count else { return nil }
        self.init(
            number: number, proposer: proposer, time: time, base: base, ancestors: ancestors, confirmSeconds: confirm,
            note: values[6], file: Array(content[end...]))
        // Written otherwise than it would be here, it would have two names.
        guard self.content == content else { return nil }
    }
}
