import CMnl
import WeftTypes

/// A netlink request under construction: the 16-byte header, the family's own header, then attributes (netlink(7),
/// rtnetlink(7)).
///
/// Numbers are in the host's byte order unless a method says otherwise. Everything is padded to 4 bytes. The length of the
/// message, its sequence number and its port are filled in by ``finished(sequence:portID:)``.
struct MessageBuilder: Hashable, Sendable {
    /// What has been written so far.
    private(set) var bytes: [UInt8] = []

    /// The most bytes that one attribute can carry: its length field has 16 bits and counts its own header.
    static var maximumPayloadByteCount: Int { Int(UInt16.max) - attributeHeaderByteCount }

    /// Starts a message of the given type (`RTM_…`); `NLM_F_REQUEST` and `NLM_F_ACK` are added to `flags`.
    init(type: Int, flags: Int32 = 0) {
        append(UInt32(0))
        append(UInt16(truncatingIfNeeded: type))
        append(UInt16(truncatingIfNeeded: flags | NLM_F_REQUEST | NLM_F_ACK))
        append(UInt32(0))
        append(UInt32(0))
    }

    /// Appends one field of a fixed header.
    mutating func append(_ value: some FixedWidthInteger) {
        bytes += value.hostBytes
    }

    /// Appends a number in host order.
    mutating func put(_ type: some BinaryInteger, _ value: some FixedWidthInteger) {
        attribute(type) { $0.append(value) }
    }

    /// Appends a number in network order.
    mutating func put(_ type: some BinaryInteger, bigEndian value: some FixedWidthInteger) {
        attribute(type) { $0.append(value.bigEndian) }
    }

    /// Appends a truth value as one byte.
    mutating func put(_ type: some BinaryInteger, _ value: Bool) {
        put(type, UInt8(value ? 1 : 0))
    }

    /// Appends a text and the NUL that the kernel expects after it.
    mutating func put(_ type: some BinaryInteger, _ text: String) {
        attribute(type) { $0.bytes += Array(text.utf8) + [0] }
    }

    /// Appends bytes as they are.
    mutating func put(_ type: some BinaryInteger, bytes payload: [UInt8]) {
        attribute(type) { $0.bytes += payload }
    }

    /// Appends an address as 4 or 16 bytes.
    mutating func put(_ type: some BinaryInteger, _ address: IPAddress) {
        put(type, bytes: address.wireBytes)
    }

    /// Appends a hardware address as 6 bytes.
    mutating func put(_ type: some BinaryInteger, _ address: MACAddress) {
        put(type, bytes: address.bytes)
    }

    /// Appends an attribute that contains what `body` writes.
    mutating func nest(_ type: some BinaryInteger, _ body: (inout MessageBuilder) -> Void) {
        attribute(Int(type) | Int(NLA_F_NESTED), body)
    }

    private mutating func attribute(_ type: some BinaryInteger, _ body: (inout MessageBuilder) -> Void) {
        sized { message in
            message.append(UInt16(truncatingIfNeeded: type))
            body(&message)
        }
    }

    /// Appends a 16-bit length, what `body` writes, which the length covers, and padding, which it does not.
    mutating func sized(_ body: (inout MessageBuilder) -> Void) {
        let start = bytes.count
        append(UInt16(0))
        body(&self)
        let byteCount = bytes.count - start
        precondition(byteCount <= UInt16.max, "an attribute has \(byteCount) bytes, more than 65535")
        store(UInt16(byteCount), at: start)
        bytes += [UInt8](repeating: 0, count: aligned(byteCount) - byteCount)
    }

    private mutating func store(_ value: some FixedWidthInteger, at offset: Int) {
        bytes.replaceSubrange(offset..<offset + value.bitWidth / 8, with: value.hostBytes)
    }

    /// The complete message, with its length, its sequence number and the sender's port.
    func finished(sequence: UInt32, portID: UInt32 = 0) -> [UInt8] {
        var message = self
        message.store(UInt32(bytes.count), at: 0)
        message.store(sequence, at: 8)
        message.store(portID, at: 12)
        return message.bytes
    }
}

extension FixedWidthInteger {
    /// The value's bytes in the order of the host's memory.
    var hostBytes: [UInt8] {
        let lowestFirst = littleEndian == self
        return (0..<bitWidth / 8).map { index in
            UInt8(truncatingIfNeeded: self >> (8 * (lowestFirst ? index : bitWidth / 8 - 1 - index)))
        }
    }
}

/// `byteCount` rounded up to the 4 bytes that messages and attributes are aligned to (`NLMSG_ALIGNTO`, `NLA_ALIGNTO`).
func aligned(_ byteCount: Int) -> Int { (byteCount + 3) & ~3 }

/// Bytes of an attribute's header: length and type.
let attributeHeaderByteCount = 4
/// Bytes of a message's header: length, type, flags, sequence, port.
let messageHeaderByteCount = 16

extension IPAddress {
    /// The address in network order, 4 or 16 bytes.
    var wireBytes: [UInt8] {
        let byteCount = family.bitCount / 8
        return (0..<byteCount).map { UInt8(truncatingIfNeeded: number >> UInt128(8 * (byteCount - 1 - $0))) }
    }
}
