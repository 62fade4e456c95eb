import WeftTypes

/// What names a content that nodes fetch from each other: SHA-256 of its bytes.
public struct ContentID: Hashable, Sendable, CustomStringConvertible {
    /// The digest, 32 bytes.
    public let bytes: [UInt8]

    /// The size of every name in bytes.
    public static var byteCount: Int { 32 }

    /// Wraps a digest; nil unless it has 32 bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// The name of this content.
    public init(of content: [UInt8]) { bytes = SHA256.digest(of: content) }

    /// Enough of it to tell the few contents apart that one node fetches at a time.
    var tag: UInt64 { bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) } }

    public var description: String { bytes.map { hexadecimal($0, width: 2) }.joined() }
}

/// Why a content could not be had.
public enum ContentFailure: Hashable, Sendable, CustomStringConvertible {
    /// None of the nodes asked answered, or none is known.
    case noAnswer
    /// All that answered don't have it.
    case unknownThere
    /// What came is not what the name says.
    case wrongContent
    /// It is too large, or too many are being fetched.
    case tooMuch

    public var description: String {
        switch self {
        case .noAnswer: "nobody who was asked answered"
        case .unknownThere: "nobody who was asked has it"
        case .wrongContent: "what came is not what its name says"
        case .tooMuch: "it is too large, or too much is being fetched"
        }
    }
}

/// The parts by which contents travel. Numbers are part of the wire format; all are sent as optional, so that a node without
/// contents is not cut off from those that have some.
enum ContentPart: UInt8, Hashable, CaseIterable {
    /// `content(32) ‖ index(4) ‖ count(1)`: send these pieces.
    case request = 64
    /// `tag(8) ‖ index(4) ‖ bytes`: a piece.
    case piece = 65
    /// `tag(8)`: not here.
    case unknown = 66
}
