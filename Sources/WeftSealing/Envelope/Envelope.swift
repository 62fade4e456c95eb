import Crypto

/// Sealing and opening of single datagrams: AES-256-GCM (NIST SP 800-38D) under a key of one boot of one sender.
///
///     | header (29) | ciphertext (16…1155) | tag (16) |
///
/// The header and the fabric's name are additional data, so a change of either fails the tag. Whom to believe is
/// ``SealedChannel``'s business.
public enum Envelope {
    /// The most bytes of a datagram, as it leaves the UDP socket.
    public static var maximumByteCount: Int { 1200 }
    /// The fewest; also the exact size of every greeting, so that none is larger than what caused it.
    public static var minimumByteCount: Int { overheadByteCount + plaintextByteCounts.lowerBound }
    /// Bytes that sealing adds: the header and the tag.
    public static var overheadByteCount: Int { EnvelopeHeader.byteCount + tagByteCount }
    /// How many bytes can be sealed.
    public static var plaintextByteCounts: ClosedRange<Int> { 16...maximumByteCount - overheadByteCount }

    static var tagByteCount: Int { 16 }

    /// Seals `plaintext`, ``plaintextByteCounts`` bytes; the header's counter must never have been used with this key.
    static func seal(_ plaintext: [UInt8], header: EnvelopeHeader, key: EnvelopeKey, fabric: [UInt8]) -> [UInt8] {
        precondition(plaintextByteCounts.contains(plaintext.count), "\(plaintext.count) bytes can't be sealed")
        let front = header.bytes
        do {
            let box = try AES.GCM.seal(
                plaintext, using: key.secret, nonce: nonce(header.counter), authenticating: front + fabric)
            var datagram = front
            datagram.reserveCapacity(overheadByteCount + plaintext.count)
            datagram += box.ciphertext
            datagram += box.tag
            return datagram
        } catch {
            preconditionFailure("AES-GCM refused \(plaintext.count) bytes: \(error)")
        }
    }

    /// Opens a datagram whose header was parsed from it, or returns nil when the tag does not verify.
    static func open(_ datagram: [UInt8], header: EnvelopeHeader, key: EnvelopeKey, fabric: [UInt8]) -> [UInt8]? {
        let tagStart = datagram.count - tagByteCount
        guard tagStart >= EnvelopeHeader.byteCount else { return nil }
        let front = datagram[..<EnvelopeHeader.byteCount]
        guard
            let box = try? AES.GCM.SealedBox(
                nonce: nonce(header.counter), ciphertext: datagram[EnvelopeHeader.byteCount..<tagStart],
                tag: datagram[tagStart...]),
            let plaintext = try? AES.GCM.open(box, using: key.secret, authenticating: front + fabric)
        else { return nil }
        return Array(plaintext)
    }

    /// Four zero bytes and the counter: unique within a key, which belongs to one boot of one sender.
    private static func nonce(_ counter: UInt64) throws -> AES.GCM.Nonce {
        var bytes: [UInt8] = [0, 0, 0, 0]
        bytes.appendBigEndian(counter)
        return try AES.GCM.Nonce(data: bytes)
    }
}
