import WeftTypes

/// What names a revision: SHA-256 of its content, 32 bytes.
public struct RevisionID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The digest.
    public let bytes: [UInt8]

    /// The size of every name in bytes.
    public static var byteCount: Int { 32 }

    /// Wraps a digest; nil unless it has 32 bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = Array(bytes)
    }

    /// The name of this content.
    public init(of content: [UInt8]) { bytes = SHA256.digest(of: content) }

    /// Reads 64 hexadecimal digits; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let digits = Array(text.utf8)
        guard digits.count == 2 * Self.byteCount else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let byte = UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16),
                digits[index] != UInt8(ascii: "+")
            else { return nil }
            bytes.append(byte)
        }
        self.bytes = bytes
    }

    /// The first 8 hexadecimal digits, for people.
    public var short: String { String(description.prefix(8)) }

    public static func < (left: RevisionID, right: RevisionID) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }

    public var description: String { bytes.map { hexadecimal($0, width: 2) }.joined() }
}

/// A revision as others are told of it: which it is, and how much there is to fetch.
public struct RevisionStamp: Hashable, Sendable, CustomStringConvertible {
    /// One more than that of the revision it builds on.
    public var number: UInt64
    /// The name of its content.
    public var id: RevisionID
    /// The size of its content in bytes.
    public var byteCount: Int

    /// Describes a revision.
    public init(number: UInt64, id: RevisionID, byteCount: Int) {
        (self.number, self.id, self.byteCount) = (number, id, byteCount)
    }

    public var description: String { "r\(number)" }
}
