import Crypto

/// The AES key of one boot of one sender in one fabric: HKDF-SHA-256 (RFC 5869) of a ring key.
struct EnvelopeKey: Sendable {
    let secret: SymmetricKey

    /// Derives the key; the same for the sender and for all who open its datagrams.
    init(_ ring: RingKey, fabric: [UInt8], sender: SenderID, bootSalt: UInt64) {
        var context = Array("weft gossip envelope 1".utf8)
        context.append(0)
        context.appendBigEndian(sender.rawValue)
        context.appendBigEndian(bootSalt)
        context += fabric
        secret = HKDF<SHA256>.deriveKey(inputKeyMaterial: ring.secret, info: context, outputByteCount: 32)
    }
}

/// The keys of one boot of one sender, one for each ring key it was heard under.
struct EnvelopeKeys: Sendable {
    private var entries: [(id: KeyID, key: EnvelopeKey)] = []

    /// The key derived earlier.
    subscript(id: KeyID) -> EnvelopeKey? { entries.first { $0.id == id }?.key }

    /// Keeps a key that a datagram was opened with.
    mutating func keep(_ key: EnvelopeKey, for id: KeyID) {
        if self[id] == nil { entries.append((id, key)) }
    }

    /// Forgets what was derived from keys that `ring` has no more.
    mutating func keepOnly(_ ring: KeyRing) { entries.removeAll { ring[$0.id] == nil } }
}
