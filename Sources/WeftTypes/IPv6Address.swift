/// An IPv6 address (RFC 4291).
@frozen public struct IPv6Address: Hashable, Sendable, Comparable, CustomStringConvertible {
    // Two words and not one of 128 bits: when a struct that contains that one is returned in registers, Swift 6.3 loads it
    // from the stack with an instruction for 16-byte alignment at a place that is aligned to 8, and crashes.
    @usableFromInline let high: UInt64
    @usableFromInline let low: UInt64

    /// The address as a number, first byte on the wire highest.
    @inlinable public var rawValue: UInt128 { UInt128(high) << 64 | UInt128(low) }

    /// Creates an address from its number.
    @inlinable public init(rawValue: UInt128) {
        high = UInt64(truncatingIfNeeded: rawValue >> 64)
        low = UInt64(truncatingIfNeeded: rawValue)
    }

    /// Parses the text forms of RFC 4291 §2.2: eight groups, `::` for a run of zeros, a dotted IPv4 tail; no zone.
    public init?(_ text: some StringProtocol) {
        guard let value = Self.parse(Array(text.utf8)) else { return nil }
        self.init(rawValue: value)
    }

    private static func parse(_ text: [UInt8]) -> UInt128? {
        let colon = UInt8(ascii: ":")
        var groups: [UInt16] = []
        var gap: Int?
        var index = 0
        if text.starts(with: [colon, colon]) {
            gap = 0
            index = 2
        }
        while index < text.count {
            let end = text[index...].firstIndex(of: colon) ?? text.count
            let field = text[index..<end]
            if field.contains(UInt8(ascii: ".")) {
                guard end == text.count, let tail = IPv4Address(String(decoding: field, as: UTF8.self)) else { return nil }
                groups += [UInt16(tail.rawValue >> 16), UInt16(truncatingIfNeeded: tail.rawValue)]
                break
            }
            guard (1...4).contains(field.count) else { return nil }
            var group: UInt16 = 0
            for digit in field {
                guard let value = hexadecimalValue(of: digit) else { return nil }
                group = group << 4 | UInt16(value)
            }
            groups.append(group)
            guard end < text.count else { break }
            index = end + 1
            if index == text.count { return nil }  // a single colon at the end
            if text[index] == colon {
                guard gap == nil else { return nil }
                gap = groups.count
                index += 1
            }
        }
        guard groups.count == 8 || (groups.count < 8 && gap != nil) else { return nil }
        guard gap == nil || groups.count < 8 else { return nil }
        let zeros = [UInt16](repeating: 0, count: 8 - groups.count)
        groups.insert(contentsOf: zeros, at: gap ?? 0)
        return groups.reduce(0) { $0 << 16 | UInt128($1) }
    }

    /// Whether this is a group address, ff00::/8.
    @inlinable public var isMulticast: Bool { rawValue >> 120 == 0xFF }
    /// Whether this is in fe80::/10, valid on one link only.
    @inlinable public var isLinkLocal: Bool { rawValue >> 118 == 0x3FA }
    /// Whether this is `::`.
    @inlinable public var isUnspecified: Bool { rawValue == 0 }
    /// Whether this is `::1`.
    @inlinable public var isLoopback: Bool { rawValue == 1 }

    @inlinable public static func < (left: IPv6Address, right: IPv6Address) -> Bool { left.rawValue < right.rawValue }

    /// The canonical text of RFC 5952: lower case, the longest run of two or more zero groups as `::`.
    public var description: String {
        let groups = (0..<8).map { UInt16(truncatingIfNeeded: rawValue >> UInt128(112 - 16 * $0)) }
        var best = 0..<0
        var start = 0
        while start < 8 {
            let end = groups[start...].firstIndex { $0 != 0 } ?? 8
            if end - start >= 2, end - start > best.count { best = start..<end }
            start = max(end, start) + 1
        }
        let text = { (range: Range<Int>) in groups[range].map { hexadecimal($0) }.joined(separator: ":") }
        return best.isEmpty ? text(0..<8) : text(0..<best.lowerBound) + "::" + text(best.upperBound..<8)
    }
}
