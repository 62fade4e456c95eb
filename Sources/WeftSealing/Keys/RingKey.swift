import Crypto
import WeftTypes

/// A short name of a key that tells nothing about it: the first 4 bytes of SHA-256 of a label and the key.
public struct KeyID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The 4 bytes, first byte highest.
    public let rawValue: UInt32

    /// Creates one from its number.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static func < (left: KeyID, right: KeyID) -> Bool { left.rawValue < right.rawValue }

    /// 8 hexadecimal digits, the fingerprint that `weft key show` prints.
    public var description: String { hexadecimal(rawValue, width: 8) }
}

/// One key that the members of a fabric share, 256 bits.
public struct RingKey: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    /// Its fingerprint.
    public let id: KeyID
    let secret: SymmetricKey

    /// Bytes of a key.
    public static var byteCount: Int { 32 }

    /// Takes over a key of 32 random bytes; nil for another number of bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        secret = SymmetricKey(data: bytes)
        let digest = Array(Crypto.SHA256.hash(data: Array("weft gossip key id".utf8) + [0] + bytes))
        id = KeyID(rawValue: digest.bigEndian(at: 0))
    }

    /// Makes a new key.
    ///
    /// - Parameter random: The system's; another one only in tests.
    public init(using random: inout some RandomNumberGenerator) {
        let bytes = (0..<Self.byteCount).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
        guard let key = RingKey(bytes: bytes) else { preconditionFailure("\(bytes.count) bytes are no key") }
        self = key
    }

    /// Reads a key as it stands in a file: 64 hexadecimal digits.
    public init?(text: some StringProtocol) {
        guard let bytes = [UInt8](hexadecimalDigits: text) else { return nil }
        self.init(bytes: bytes)
    }

    /// The key itself, as it stands in a file. Keep it from logs and terminals.
    public var secretText: String {
        // Sound: the bytes are read while the key is alive.
        unsafe secret.withUnsafeBytes { unsafe $0.map { hexadecimal($0, width: 2) }.joined() }
    }

    /// The fingerprint, never the key.
    public var description: String { id.description }
    public var debugDescription: String { id.description }

    /// In time that does not depend on the keys.
    public static func == (left: RingKey, right: RingKey) -> Bool { left.secret == right.secret }
}

extension [UInt8] {
    /// Reads two hexadecimal digits per byte, and nothing else.
    init?(hexadecimalDigits text: some StringProtocol) {
        let digits = text.utf8.map { hexadecimalValue(of: $0) }
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[index], let low = digits[index + 1] else { return nil }
            bytes.append(high << 4 | low)
        }
        self = bytes
    }
}
