import WeftTypes

/// The name of a network device on a host: 1…15 bytes, `[A-Za-z0-9][A-Za-z0-9_.-]*`.
///
/// `.`, `..`, `all` and `default` are refused, because the name becomes part of a path under `/proc/sys/net`.
public struct DeviceName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The name as the kernel has it.
    public let text: String

    /// The largest size in bytes: the kernel's `IFNAMSIZ` less the final zero.
    public static var maximumByteCount: Int { 15 }

    /// Checks a name, or gives nil when it breaks a rule.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count <= Self.maximumByteCount, Self.isPathSafe(text), text != "all", text != "default" else {
            return nil
        }
        self.text = String(text)
    }

    /// The name Weft gives a device it makes for the object `name` of `fabric`: the prefix of its kind and the name, or
    /// 8 hex digits of SHA-256 of `fabric/kind/name` where the name has a slash or does not fit. A VLAN comes after the name, with
    /// a dot before it.
    public init(_ kind: Mark.Kind, fabric: TopologyName, name: TopologyName, vlan: VLANID? = nil) {
        let suffix = vlan.map { ".\($0)" } ?? ""
        let plain = kind.devicePrefix + name.text + suffix
        if plain.utf8.count <= Self.maximumByteCount, name.tenant == nil {
            self.text = plain
        } else {
            let digest = SHA256.digest(of: "\(fabric)/\(kind.rawValue)/\(name)\(suffix)")
            self.text = kind.devicePrefix + digest.prefix(4).map { hexadecimal($0, width: 2) }.joined()
        }
    }

    /// Whether `text` is `[A-Za-z0-9][A-Za-z0-9_.-]*`, so that it stays one component of a path; any length.
    static func isPathSafe(_ text: some StringProtocol) -> Bool {
        let isAlphanumeric = { (byte: UInt8) in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: false
            }
        }
        guard let first = text.utf8.first, isAlphanumeric(first) else { return false }
        return text.utf8.allSatisfy { isAlphanumeric($0) || "_.-".utf8.contains($0) }
    }

    public static func < (left: DeviceName, right: DeviceName) -> Bool { left.text < right.text }

    public var description: String { text }
}
