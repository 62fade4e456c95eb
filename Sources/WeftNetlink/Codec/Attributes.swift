import CMnl
import WeftTypes

/// A message from the kernel that breaks the rules of its format: shorter than it claims, or a field of a wrong size.
public struct MalformedMessage: Error, Hashable, Sendable, CustomStringConvertible {
    /// The header or attribute at fault, by the kernel's name for it.
    public let part: String
    /// The bytes it needs.
    public let needed: Int
    /// The bytes there were.
    public let got: Int

    public var description: String { "malformed netlink message: \(part) needs \(needed) bytes, got \(got)" }
}

/// One attribute: where its payload lies in the bytes it was found in.
struct Attribute: Hashable, Sendable {
    /// The type without the flag bits `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER`.
    let type: Int
    /// The payload, without header and padding.
    let range: Range<Int>
}

extension RawSpan {
    /// Reads a number in host order; the offset is checked by the span.
    func native<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int = 0, as type: Number.Type = Number.self) -> Number {
        // Sound: the load checks its bounds, and every bit pattern is a valid integer.
        unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: Number.self)
    }

    /// Calls `body` with the type and payload of each attribute from `offset` to the end, in order.
    ///
    /// - Throws: ``MalformedMessage`` when an attribute's length is below its header's or beyond the bytes at hand. Fewer
    ///   bytes than a header at the end are padding.
    func forEachAttribute(
        from offset: Int = 0, _ body: (_ type: Int, _ payload: RawSpan) throws(MalformedMessage) -> Void
    ) throws(MalformedMessage) {
        var cursor = AttributeCursor(offset: offset)
        while let attribute = try cursor.next(in: self) {
            try body(attribute.type, extracting(attribute.range))
        }
    }
}

/// Walks attributes, one at a time.
struct AttributeCursor {
    /// Where the next attribute starts.
    private(set) var offset: Int

    init(offset: Int = 0) { self.offset = offset }

    /// The next attribute of `bytes`, or nil at their end.
    mutating func next(in bytes: RawSpan) throws(MalformedMessage) -> Attribute? {
        let left = bytes.byteCount - offset
        guard left >= attributeHeaderByteCount else { return nil }
        let byteCount = Int(bytes.native(at: offset, as: UInt16.self))
        let type = Int(bytes.native(at: offset + 2, as: UInt16.self)) & ~Int(NLA_F_NESTED | NLA_F_NET_BYTEORDER)
        guard byteCount >= attributeHeaderByteCount else {
            throw MalformedMessage(part: "attribute \(type)", needed: attributeHeaderByteCount, got: byteCount)
        }
        guard byteCount <= left else {
            throw MalformedMessage(part: "attribute \(type)", needed: byteCount, got: left)
        }
        let start = offset + attributeHeaderByteCount
        let end = offset + byteCount
        offset = min(offset + aligned(byteCount), bytes.byteCount)
        return Attribute(type: type, range: start..<end)
    }
}

/// Payloads, each of which checks its size.
extension RawSpan {
    /// A number in host order; the payload may be longer, as the kernel widens fields over time.
    func number<Number: FixedWidthInteger & BitwiseCopyable>(
        _ name: String, as type: Number.Type = Number.self
    ) throws(MalformedMessage) -> Number {
        try require(MemoryLayout<Number>.size, name)
        return native(at: 0)
    }

    /// A number in network order.
    func bigEndianNumber<Number: FixedWidthInteger & BitwiseCopyable>(
        _ name: String, as type: Number.Type = Number.self
    ) throws(MalformedMessage) -> Number {
        Number(bigEndian: try number(name))
    }

    /// One byte that is not zero.
    func flag(_ name: String) throws(MalformedMessage) -> Bool { try number(name, as: UInt8.self) != 0 }

    /// The text before the first NUL; bytes that are not UTF-8 are replaced.
    var text: String {
        var characters: [UInt8] = []
        for offset in 0..<byteCount {
            let character: UInt8 = native(at: offset)
            if character == 0 { break }
            characters.append(character)
        }
        return String(decoding: characters, as: UTF8.self)
    }

    /// An address of 4 or 16 bytes.
    func address(_ name: String) throws(MalformedMessage) -> IPAddress {
        switch byteCount {
        case 4: .v4(IPv4Address(rawValue: UInt32(bigEndian: native())))
        case 16: .v6(IPv6Address(rawValue: UInt128(bigEndian: native())))
        default: throw MalformedMessage(part: name, needed: 4, got: byteCount)
        }
    }

    /// An Ethernet address, or nil when the device's addresses have another length (a tunnel's has 4 bytes, a TUN's none).
    var macAddress: MACAddress? {
        guard byteCount == MACAddress.byteCount else { return nil }
        return MACAddress(bytes: (0..<byteCount).map { native(at: $0) as UInt8 })
    }

    /// Checks that there are at least `needed` bytes.
    func require(_ needed: Int, _ name: String) throws(MalformedMessage) {
        guard byteCount >= needed else { throw MalformedMessage(part: name, needed: needed, got: byteCount) }
    }
}
