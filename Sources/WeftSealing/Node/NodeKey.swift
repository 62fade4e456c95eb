import Crypto
import WeftTypes

/// The identity of an agent: an Ed25519 key (RFC 8032) made at its first start.
///
/// ``nodeID`` is made of the public half. The private half is for signing records, which the format has room for.
public struct NodeKey: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    let secret: Curve25519.Signing.PrivateKey
    /// The public key, 32 bytes.
    public let publicKey: [UInt8]
    /// The first 16 bytes of SHA-256 of the public key.
    public let nodeID: NodeID

    /// Makes a new key of the system's randomness.
    public init() { self.init(secret: Curve25519.Signing.PrivateKey()) }

    private init(secret: Curve25519.Signing.PrivateKey) {
        self.secret = secret
        publicKey = Array(secret.publicKey.rawRepresentation)
        let digest = Array(Crypto.SHA256.hash(data: publicKey))
        nodeID = NodeID(rawValue: digest.bigEndian(at: 0))
    }

    /// Reads the text of a key file; nil when it isn't one, or when its two halves don't belong together.
    init?(parsing bytes: [UInt8]) {
        let fields = FieldFile.parse(bytes)
        guard let fields, Set(fields.keys) == ["private", "public"],
            let privateBytes = fields["private"].flatMap({ [UInt8](hexadecimalDigits: $0) }),
            let publicBytes = fields["public"].flatMap({ [UInt8](hexadecimalDigits: $0) }),
            let secret = try? Curve25519.Signing.PrivateKey(rawRepresentation: privateBytes)
        else { return nil }
        self.init(secret: secret)
        guard publicKey == publicBytes else { return nil }
    }

    /// The text of a key file that reads back as this key.
    var text: String {
        let digits = { (bytes: [UInt8]) in bytes.map { hexadecimal($0, width: 2) }.joined() }
        return """
            # The identity of this host's Weft agent. Never copy it to another host: two agents with one key are one to all others.
            private \(digits(Array(secret.rawRepresentation)))
            public \(digits(publicKey))

            """
    }

    /// The identity, never the key.
    public var description: String { nodeID.description }
    public var debugDescription: String { nodeID.description }

    public static func == (left: NodeKey, right: NodeKey) -> Bool { left.publicKey == right.publicKey }
}

/// Text of lines `name value`, each name once; `#` starts a comment.
enum FieldFile {
    /// The fields, or nil when a line is something else.
    static func parse(_ bytes: [UInt8]) -> [String: String]? {
        var fields: [String: String] = [:]
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let words = String(decoding: line.prefix { $0 != UInt8(ascii: "#") }, as: UTF8.self).split(separator: " ")
            if words.isEmpty { continue }
            guard words.count == 2, fields.updateValue(String(words[1]), forKey: String(words[0])) == nil else { return nil }
        }
        return fields
    }
}
