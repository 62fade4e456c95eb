// Flows for the tests of the data path, and what must become of them: a guest's frames (`Guest`), what a wire does to them
// (`Wire`), and a reference for each step (`Reference`, `cutAsKernel`, `Headers`).
//
// Nothing here uses the code under test; of all of Weft only the seeded random numbers. It is as naive as possible: frames
// are arrays of bytes, a checksum is summed byte by byte over the whole, one frame is looked at at a time.

/// A number as network headers store it.
public func big<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    (0..<Value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> Value(Value.bitWidth - 8 - 8 * $0)) }
}

extension [UInt8] {
    /// The 16-bit number at `offset`, most significant byte first.
    public func number16(_ offset: Int) -> Int { Int(self[offset]) << 8 | Int(self[offset + 1]) }
    /// The 32-bit number at `offset`, most significant byte first.
    public func number32(_ offset: Int) -> Int { number16(offset) << 16 | number16(offset + 2) }

    /// Overwrites the bytes at `offset`.
    public mutating func put(_ bytes: [UInt8], at offset: Int) {
        for (index, byte) in bytes.enumerated() { self[offset + index] = byte }
    }
}

/// The checksum of `bytes` on top of a pseudo-header: the complement of the sum of all 16-bit words, an odd byte padded with a
/// zero (RFC 1071 §1).
public func checksum(of bytes: [UInt8], pseudoHeader: [UInt8] = []) -> UInt16 { ~sum(pseudoHeader + bytes) }

/// The sum of all 16-bit words, with the carries added in again at the end.
public func sum(_ bytes: [UInt8]) -> UInt16 {
    var total = 0
    var index = 0
    while index < bytes.count {
        total += Int(bytes[index]) << 8
        if index + 1 < bytes.count { total += Int(bytes[index + 1]) }
        index += 2
    }
    while total > 0xFFFF { total = total & 0xFFFF + total >> 16 }
    return UInt16(total)
}

/// The pseudo-header of TCP and UDP (RFC 9293 §3.1, RFC 8200 §8.1); `byteCount` is the transport header and its data.
public func pseudoHeader(from: [UInt8], to: [UInt8], protocolNumber: UInt8, byteCount: Int) -> [UInt8] {
    from.count == 4
        ? from + to + [0, protocolNumber] + big(UInt16(truncatingIfNeeded: byteCount))
        : from + to + big(UInt32(byteCount)) + [0, 0, 0, protocolNumber]
}

/// A virtio-net header as it stands before a frame, 10 bytes, least significant byte first.
public struct OffloadHeader: Hashable, Sendable, CustomStringConvertible {
    /// 1: the checksum holds only the pseudo-header's sum.
    public var flags: UInt8 = 0
    /// 0: one frame; 1: TCP over IPv4; 4: TCP over IPv6; 5: UDP.
    public var type: UInt8 = 0
    public var headerLength = 0
    public var segmentSize = 0
    public var start = 0
    public var offset = 0

    /// Nothing left to do.
    public init() {}

    /// Reads 10 bytes.
    public init(_ bytes: [UInt8]) {
        func number(_ offset: Int) -> Int { Int(bytes[offset]) | Int(bytes[offset + 1]) << 8 }
        (flags, type) = (bytes[0], bytes[1])
        (headerLength, segmentSize, start, offset) = (number(2), number(4), number(6), number(8))
    }

    /// The 10 bytes.
    public var bytes: [UInt8] {
        [flags, type] + [headerLength, segmentSize, start, offset].flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8 & 0xFF)] }
    }

    /// Whether the checksum is to be completed.
    public var needsChecksum: Bool { flags & 1 != 0 }
    /// Whether it is a superframe.
    public var isSuperframe: Bool { type != 0 }
    public var description: String {
        "(flags \(flags), type \(type), headers \(headerLength), segments \(segmentSize), checksum \(start)+\(offset))"
    }
}
