import WeftTypes

/// The clear front of a sealed datagram, 29 bytes, big-endian; all of it is authenticated with what follows.
///
///     | version (4 bits) | kind (4 bits) | key id (4) | sender (8) | boot salt (8) | counter (8) |
///
/// Read <doc:Envelope> for what each is for.
public struct EnvelopeHeader: Hashable, Sendable {
    /// What is in the ciphertext.
    public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        /// A datagram of the gossip core.
        case data = 0
        /// A nonce that the receiver is to echo.
        case challenge = 1
        /// A nonce echoed.
        case echo = 2
        /// A nonce echoed, and another to echo.
        case echoAndChallenge = 3
    }

    /// Encoded size in bytes.
    public static var byteCount: Int { 29 }
    /// The version this code speaks, in the upper half of the first byte.
    public static var version: UInt8 { 1 }

    /// What is in the ciphertext.
    public var kind: Kind
    /// The ring key that the datagram is sealed under.
    public var keyID: KeyID
    /// Who sealed it.
    public var sender: SenderID
    /// Drawn at each start of the sender.
    public var bootSalt: UInt64
    /// Taken once each within a boot, whatever the key; from 1.
    public var counter: UInt64

    /// Creates a header.
    public init(kind: Kind, keyID: KeyID, sender: SenderID, bootSalt: UInt64, counter: UInt64) {
        (self.kind, self.keyID, self.sender) = (kind, keyID, sender)
        (self.bootSalt, self.counter) = (bootSalt, counter)
    }

    /// Parses the front of a datagram whose size is that of an envelope.
    ///
    /// - Throws: ``Refusal`` `.truncated` or `.oversized` by the size of the whole datagram; `.foreign` for another version or
    ///   kind, a greeting of another size, and counter 0, which nobody sends.
    public init(parsing datagram: [UInt8]) throws(Refusal) {
        guard datagram.count >= Envelope.minimumByteCount else { throw .truncated }
        guard datagram.count <= Envelope.maximumByteCount else { throw .oversized }
        guard datagram[0] >> 4 == Self.version, let kind = Kind(rawValue: datagram[0] & 0x0F) else { throw .foreign }
        guard kind == .data || datagram.count == Envelope.minimumByteCount else { throw .foreign }
        self.kind = kind
        keyID = KeyID(rawValue: datagram.bigEndian(at: 1))
        sender = SenderID(rawValue: datagram.bigEndian(at: 5))
        bootSalt = datagram.bigEndian(at: 13)
        counter = datagram.bigEndian(at: 21)
        guard counter > 0 else { throw .foreign }
    }

    /// The 29 bytes.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        bytes.append(Self.version << 4 | kind.rawValue)
        bytes.appendBigEndian(keyID.rawValue)
        bytes.appendBigEndian(sender.rawValue)
        bytes.appendBigEndian(bootSalt)
        bytes.appendBigEndian(counter)
        return bytes
    }
}

/// The front half of a node's identity: enough to tell members of a fabric apart, and short enough for every datagram.
public struct SenderID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The first 8 bytes of the ``NodeID``, first byte highest.
    public let rawValue: UInt64

    /// Creates one from its number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// What the node with this identity puts into its envelopes.
    public init(_ node: NodeID) { rawValue = UInt64(truncatingIfNeeded: node.rawValue >> 64) }

    public static func < (left: SenderID, right: SenderID) -> Bool { left.rawValue < right.rawValue }

    /// 16 hexadecimal digits.
    public var description: String { hexadecimal(rawValue, width: 16) }
}

extension [UInt8] {
    /// The integer at `offset`, most significant byte first; all its bytes must be there.
    func bigEndian<Value: FixedWidthInteger & UnsignedInteger>(at offset: Int) -> Value {
        self[offset..<offset + Value.bitWidth / 8].reduce(0) { $0 << 8 | Value($1) }
    }

    /// Appends an integer, most significant byte first.
    mutating func appendBigEndian(_ value: some FixedWidthInteger & UnsignedInteger) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
}
