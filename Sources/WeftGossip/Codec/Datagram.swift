import WeftTypes

/// A received datagram whose frame is sound: its header could be read, its parts fit, and each is known or optional.
struct Datagram {
    /// One part: its type without the optional bit, and its body.
    struct Part {
        var type: PartType
        var body: ByteReader
    }

    /// Who sent it; the envelope around it proved that.
    let sender: NodeID
    /// The sender's incarnation when it was sent.
    let incarnation: Incarnation
    /// The parts in their order.
    let parts: [Part]
    /// Optional parts that were skipped because this version doesn't know them.
    let skippedCount: Int

    /// Whether the sender asks to be let in.
    var isJoin: Bool { parts.contains { $0.type == .membership(.join) } }

    /// Parses the opened plaintext of a datagram.
    ///
    /// - Throws: `.unknownVersion` first, `.truncated` where a length leads past the end, `.unknownMandatoryPart`.
    init(parsing bytes: [UInt8]) throws(GossipFormatError) {
        var reader = ByteReader(bytes)
        let version: UInt8 = try reader.integer()
        guard version == DatagramWriter.version else { throw .unknownVersion(version) }
        sender = try reader.nodeID()
        incarnation = try reader.incarnation()
        var parts: [Part] = []
        var skippedCount = 0
        while !reader.isAtEnd {
            let code: UInt8 = try reader.integer()
            let length: UInt16 = try reader.integer()
            let body = try reader.slice(Int(length))
            if let type = PartType(rawValue: code & ~PartType.optionalBit) {
                parts.append(Part(type: type, body: body))
            } else if code & PartType.optionalBit != 0 {
                skippedCount += 1
            } else {
                throw .unknownMandatoryPart(code)
            }
        }
        self.parts = parts
        self.skippedCount = skippedCount
    }
}
