/// An IPv4 address (RFC 791).
@frozen public struct IPv4Address: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The address as a number, first byte on the wire highest.
    public let rawValue: UInt32

    /// Creates an address from its number.
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Parses four decimal numbers 0…255 without leading zeros, separated by dots.
    public init?(_ text: some StringProtocol) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0") else { return nil }
            var number: UInt32 = 0
            for digit in part {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
                number = number * 10 + UInt32(digit - UInt8(ascii: "0"))
            }
            guard number <= 255 else { return nil }
            value = value << 8 | number
        }
        self.rawValue = value
    }

    /// Whether this is a group address, 224.0.0.0/4 (RFC 5771).
    @inlinable public var isMulticast: Bool { rawValue >> 28 == 0xE }
    /// Whether this is 255.255.255.255.
    @inlinable public var isLimitedBroadcast: Bool { rawValue == .max }
    /// Whether this is in 127.0.0.0/8.
    @inlinable public var isLoopback: Bool { rawValue >> 24 == 127 }

    @inlinable public static func < (left: IPv4Address, right: IPv4Address) -> Bool { left.rawValue < right.rawValue }

    public var description: String {
        "\(rawValue >> 24).\(rawValue >> 16 & 0xFF).\(rawValue >> 8 & 0xFF).\(rawValue & 0xFF)"
    }
}
