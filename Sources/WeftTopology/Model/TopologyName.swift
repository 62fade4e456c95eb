/// The name of a fabric, host, segment or port: `vm1`, or with a tenant in front `acme/web1`.
///
/// Each part is `[a-z0-9]([a-z0-9-]*[a-z0-9])?`; the whole is at most 32 characters with at most one slash.
public struct TopologyName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The name as it was written.
    public let text: String

    /// The largest number of characters, the slash included.
    public static var maximumCount: Int { 32 }

    /// Parses a name, or nil when it breaks a rule.
    public init?(_ text: some StringProtocol) {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard text.utf8.count <= Self.maximumCount, (1...2).contains(parts.count), parts.allSatisfy({ Self.isPart($0) }) else {
            return nil
        }
        self.text = String(text)
    }

    /// What is in front of the slash; nil for a name without one.
    public var tenant: String? {
        text.firstIndex(of: "/").map { String(text[..<$0]) }
    }

    private static func isPart(_ part: some Collection<UInt8>) -> Bool {
        let isAlphanumeric = { (byte: UInt8) in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        guard let first = part.first, isAlphanumeric(first) else { return false }
        var last = first
        for byte in part { last = byte }
        return isAlphanumeric(last) && part.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    public static func < (left: TopologyName, right: TopologyName) -> Bool { left.text < right.text }

    public var description: String { text }
}
