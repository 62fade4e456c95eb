import WeftTypes

/// What a node tells all others of the revisions of the topology: which it runs, its answer to a proposal, and its own last one.
///
///     | flags (1) | current: number (8), content (32), bytes (4) | vote: content (32) |
///     | objection: length (1), UTF-8 | proposal: serial (8), number (8), content (32), bytes (4), phase (1), confirm (4) |
///     | optional fields |
///
/// Flags: 1 current, 2 it is unconfirmed, 4 overridden, 8 vote, 16 with an objection, 32 proposal; a part without its flag is not there.
public struct TopologyRevisionRecord: RecordContent {
    /// A revision: its number, and where its content is found.
    public struct Stamp: Hashable, Sendable {
        public var number: UInt64
        public var content: ContentID
        /// The size of the content.
        public var byteCount: UInt32

        /// Creates a stamp.
        public init(number: UInt64, content: ContentID, byteCount: UInt32) {
            (self.number, self.content, self.byteCount) = (number, content, byteCount)
        }

        fileprivate init(parsing reader: inout ByteReader) throws(GossipFormatError) {
            number = try reader.integer()
            content = try reader.contentID()
            byteCount = try reader.integer()
        }

        fileprivate func emit(into bytes: inout [UInt8]) {
            bytes.append(bigEndian: number)
            bytes += content.bytes
            bytes.append(bigEndian: byteCount)
        }
    }

    /// An answer to a proposal.
    public struct Vote: Hashable, Sendable {
        public var content: ContentID
        /// Why not, at most ``objectionByteLimit`` bytes; nil is a yes.
        public var objection: String?

        /// Creates an answer; a longer objection is cut.
        public init(content: ContentID, objection: String? = nil) {
            self.content = content
            self.objection = objection.map(Self.cut)
        }

        private static func cut(_ text: String) -> String {
            var cut = ""
            for character in text {
                guard cut.utf8.count + character.utf8.count <= objectionByteLimit else { break }
                cut.append(character)
            }
            return cut
        }
    }

    /// The last revision the node proposed.
    public struct Proposal: Hashable, Sendable {
        /// Counts the node's proposals.
        public var serial: UInt64
        public var stamp: Stamp
        /// How far it got; the topology's side gives the numbers their meaning.
        public var phase: UInt8
        /// Within how many seconds it has to be confirmed; 0 for never.
        public var confirmSeconds: UInt32

        /// Creates a proposal.
        public init(serial: UInt64, stamp: Stamp, phase: UInt8, confirmSeconds: UInt32) {
            (self.serial, self.stamp, self.phase, self.confirmSeconds) = (serial, stamp, phase, confirmSeconds)
        }
    }

    /// The longest objection in bytes.
    public static var objectionByteLimit: Int { 200 }

    /// The fabric's revision that the node runs; nil before the first.
    public var current: Stamp?
    /// Whether it may still be taken back.
    public var isUnconfirmed: Bool
    /// Whether the node follows a file of its own instead.
    public var isOverridden: Bool
    public var vote: Vote?
    public var proposal: Proposal?
    public var optionalFields: OptionalFields

    private static var flags:
        (current: UInt8, unconfirmed: UInt8, overridden: UInt8, vote: UInt8, objection: UInt8, proposal: UInt8)
    {
        (1, 2, 4, 8, 16, 32)
    }

    /// Creates a record.
    public init(
        current: Stamp? = nil, isUnconfirmed: Bool = false, isOverridden: Bool = false, vote: Vote? = nil,
        proposal: Proposal? = nil, optionalFields: OptionalFields = OptionalFields()
    ) {
        (self.current, self.isUnconfirmed, self.isOverridden) = (current, isUnconfirmed, isOverridden)
        (self.vote, self.proposal, self.optionalFields) = (vote, proposal, optionalFields)
    }

    public init(_ value: RecordValue) throws(GossipFormatError) {
        var reader = ByteReader(value.bytes)
        let flags: UInt8 = try reader.integer()
        guard flags < 64, flags & Self.flags.objection == 0 || flags & Self.flags.vote != 0 else { throw .badValue }
        current = flags & Self.flags.current != 0 ? try Stamp(parsing: &reader) : nil
        isUnconfirmed = flags & Self.flags.unconfirmed != 0
        isOverridden = flags & Self.flags.overridden != 0
        vote = nil
        if flags & Self.flags.vote != 0 {
            let content = try reader.contentID()
            var objection: String?
            if flags & Self.flags.objection != 0 {
                let length: UInt8 = try reader.integer()
                guard length <= Self.objectionByteLimit else { throw .badValue }
                guard let text = String(validating: try reader.array(Int(length)), as: UTF8.self) else { throw .badValue }
                objection = text
            }
            vote = Vote(content: content, objection: objection)
        }
        proposal = nil
        if flags & Self.flags.proposal != 0 {
            proposal = Proposal(
                serial: try reader.integer(), stamp: try Stamp(parsing: &reader), phase: try reader.integer(),
                confirmSeconds: try reader.integer())
        }
        optionalFields = try OptionalFields(parsing: &reader)
    }

    public func emit(into bytes: inout [UInt8]) {
        var flags: UInt8 = 0
        if current != nil { flags |= Self.flags.current }
        if isUnconfirmed { flags |= Self.flags.unconfirmed }
        if isOverridden { flags |= Self.flags.overridden }
        if vote != nil { flags |= Self.flags.vote }
        if vote?.objection != nil { flags |= Self.flags.objection }
        if proposal != nil { flags |= Self.flags.proposal }
        bytes.append(flags)
        current?.emit(into: &bytes)
        if let vote {
            bytes += vote.content.bytes
            if let objection = vote.objection {
                bytes.append(UInt8(objection.utf8.count))
                bytes += Array(objection.utf8)
            }
        }
        if let proposal {
            bytes.append(bigEndian: proposal.serial)
            proposal.stamp.emit(into: &bytes)
            bytes.append(proposal.phase)
            bytes.append(bigEndian: proposal.confirmSeconds)
        }
        optionalFields.emit(into: &bytes)
    }
}

extension ByteReader {
    fileprivate mutating func contentID() throws(GossipFormatError) -> ContentID {
        guard let id = ContentID(bytes: try array(ContentID.byteCount)) else { throw .badValue }
        return id
    }
}
