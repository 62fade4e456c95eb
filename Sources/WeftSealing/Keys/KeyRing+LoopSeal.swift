import Crypto
import WeftTypes

// Probes for loops go over wires that strangers may be on. A seal shows that a member of the fabric made one; it does not keep a
// stranger from sending one again that was heard.

extension KeyRing {
    /// The seal of a message: 8 bytes of HMAC-SHA-256 by the key that seals.
    public func loopSeal(of message: [UInt8]) -> UInt64 { primary.loopSeal(of: message) }

    /// Whether one of the keys made a seal.
    public func accepts(loopSeal seal: UInt64, of message: [UInt8]) -> Bool {
        keys.contains { $0.loopSeal(of: message) == seal }
    }
}

extension RingKey {
    /// By a key derived for this and nothing else.
    fileprivate func loopSeal(of message: [UInt8]) -> UInt64 {
        let key = HKDF<Crypto.SHA256>.deriveKey(
            inputKeyMaterial: secret, info: Array("weft loop probe".utf8), outputByteCount: 32)
        return Array(HMAC<Crypto.SHA256>.authenticationCode(for: message, using: key)).bigEndian(at: 0)
    }
}
