/// The name of a lab: `[a-z0-9]([a-z0-9.-]*[a-z0-9])?`, at most 32 bytes.
///
/// It becomes part of namespace names and paths, so nothing else is let in: no slash, no leading dot.
public struct LabName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The name itself.
    public let rawValue: String

    /// The longest name.
    public static var maximumByteCount: Int { 32 }

    /// Creates a name, or nil when `text` is none.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard (1...Self.maximumByteCount).contains(bytes.count), let first = bytes.first, let last = bytes.last,
            Self.isAlphanumeric(first), Self.isAlphanumeric(last),
            bytes.allSatisfy({ Self.isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") })
        else { return nil }
        self.rawValue = String(text)
    }

    /// The name a fabric gives its lab: its own, a slash as a dot; nil when that is no name.
    public init?(fabric: String) {
        self.init(LabLayout.component(fabric))
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    public static func < (left: LabName, right: LabName) -> Bool { left.rawValue < right.rawValue }

    public var description: String { rawValue }
}
