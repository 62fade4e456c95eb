/// A 48-bit Ethernet address (IEEE 802).
@frozen public struct MACAddress: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The address in the low 48 bits, first byte on the wire highest.
    public let rawValue: UInt64

    /// Encoded size in bytes.
    public static var byteCount: Int { 6 }
    /// `ff:ff:ff:ff:ff:ff`.
    public static var broadcast: MACAddress { MACAddress(rawValue: 0xFFFF_FFFF_FFFF) }
    /// `00:00:00:00:00:00`, which no station may use.
    public static var zero: MACAddress { MACAddress(rawValue: 0) }

    /// Creates an address from the low 48 bits of `rawValue`; the rest is ignored.
    @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue & 0xFFFF_FFFF_FFFF }

    /// Creates an address from six bytes in wire order, or nil for any other number of bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.init(rawValue: bytes.reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// Parses `52:54:00:00:01:01`; hyphens are accepted as separators, upper and lower case as digits.
    public init?(_ text: some StringProtocol) {
        let groups = text.utf8.split(omittingEmptySubsequences: false) { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "-") }
        guard groups.count == Self.byteCount else { return nil }
        var value: UInt64 = 0
        for group in groups {
            guard group.count == 2 else { return nil }
            for digit in group {
                guard let digit = hexadecimalValue(of: digit) else { return nil }
                value = value << 4 | UInt64(digit)
            }
        }
        self.rawValue = value
    }

    /// Whether this names a group of stations: the lowest bit of the first byte (broadcast is one).
    @inlinable public var isMulticast: Bool { rawValue & 0x0100_0000_0000 != 0 }
    /// Whether this is `ff:ff:ff:ff:ff:ff`.
    @inlinable public var isBroadcast: Bool { rawValue == 0xFFFF_FFFF_FFFF }
    /// Whether this is `00:00:00:00:00:00`.
    @inlinable public var isZero: Bool { rawValue == 0 }
    /// Whether a station may have it as its own: neither multicast nor zero.
    @inlinable public var isStation: Bool { !isMulticast && !isZero }

    /// The six bytes in wire order.
    public var bytes: [UInt8] { (0..<6).map { UInt8(truncatingIfNeeded: rawValue >> UInt64(40 - 8 * $0)) } }

    @inlinable public static func < (left: MACAddress, right: MACAddress) -> Bool { left.rawValue < right.rawValue }

    public var description: String { bytes.map { hexadecimal($0, width: 2) }.joined(separator: ":") }
}

/// The value of one hexadecimal digit in ASCII, or nil for any other byte.
package func hexadecimalValue(of digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}

/// `value` in lower-case hexadecimal, padded with zeros to `width` digits.
package func hexadecimal(_ value: some BinaryInteger, width: Int = 1) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
