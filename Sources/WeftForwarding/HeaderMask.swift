import WeftWire

/// Which header bits all frames of a merge have in common, as words to compare under: all but what a cut makes differ, which
/// are lengths, identification, sequence number, PSH and FIN, and checksums.
///
/// One mask fits all frames with the same headers at the same places, so it is made once and compares a whole header stack
/// in a dozen loads, tags, addresses, options and all.
struct HeaderMask {
    /// Where the headers are: offsets from the start of the frame.
    struct Shape: Hashable, Sendable {
        var isTCP: Bool
        var isIPv4: Bool
        var networkOffset: Int
        var transportOffset: Int
        var payloadOffset: Int
    }

    /// Tags, the longest IP header that merges, and the longest TCP header need 17 words.
    private static var wordLimit: Int { 18 }

    let shape: Shape
    private var words = InlineArray<18, UInt64>(repeating: .max)
    /// The last word, which ends where the headers end and may overlap the one before.
    private var tail = UInt64.max

    /// Makes the mask of a shape, whose payload is at most 144 bytes into the frame.
    init(_ shape: Shape) {
        self.shape = shape
        precondition(
            shape.payloadOffset >= 8 && shape.payloadOffset <= Self.wordLimit * 8, "headers of \(shape.payloadOffset) bytes")
        let (network, transport) = (shape.networkOffset, shape.transportOffset)
        if shape.isIPv4 {
            exclude(network + 2..<network + 6)
            exclude(network + 10..<network + 12)
        } else {
            exclude(network + 4..<network + 6)
        }
        if shape.isTCP {
            exclude(transport + 4..<transport + 8)
            exclude(transport + 13..<transport + 14, bits: TCPHeader.Flags([.psh, .fin]).rawValue)
            exclude(transport + 16..<transport + 18)
        } else {
            exclude(transport + 4..<transport + 8)
        }
    }

    private mutating func exclude(_ range: Range<Int>, bits: UInt8 = 0xFF) {
        let tailStart = shape.payloadOffset - 8
        for offset in range {
            words[offset / 8] &= ~(UInt64(bits) << UInt64(offset % 8 * 8))
            if offset >= tailStart { tail &= ~(UInt64(bits) << UInt64((offset - tailStart) * 8)) }
        }
    }

    /// Whether two frames of this shape, both with all their headers, agree in what they must have in common.
    func agree(_ first: RawSpan, _ second: RawSpan) -> Bool {
        var difference: UInt64 = 0
        var offset = 0
        while offset &+ 8 <= shape.payloadOffset {
            difference |= (first.littleEndian(at: offset) ^ second.littleEndian(at: offset)) & words[offset &>> 3]
            offset &+= 8
        }
        let end = shape.payloadOffset &- 8
        difference |= (first.littleEndian(at: end) ^ second.littleEndian(at: end)) & tail
        return difference == 0
    }
}
