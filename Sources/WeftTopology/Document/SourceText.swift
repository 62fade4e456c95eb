/// The lines of a file, to quote them beside a diagnostic.
public struct SourceText: Sendable {
    private let text: String
    /// Where each line begins and ends, in bytes; 8 bytes a line, so that a file of nothing but line ends takes little more.
    private let lines: [(start: UInt32, end: UInt32)]

    /// Splits `text` where YAML 1.1 does: at LF, CR, CR LF, NEL, LS and PS. What is beyond 4 GiB is in no line.
    public init(_ text: String) {
        var text = text
        text.makeContiguousUTF8()
        var lines: [(start: UInt32, end: UInt32)] = []
        var (start, offset) = (UInt32(0), UInt32(0))
        var (last, beforeLast) = (UInt8(0), UInt8(0))
        for byte in text.utf8 {
            guard offset < .max else { break }
            let size: UInt32? =
                switch (beforeLast, last, byte) {
                case (_, _, 0x0A), (_, _, 0x0D): 1
                case (_, 0xC2, 0x85): 2
                case (0xE2, 0x80, 0xA8), (0xE2, 0x80, 0xA9): 3
                default: nil
                }
            offset += 1
            if byte == 0x0A, last == 0x0D {
                start = offset  // the second half of CR LF
            } else if let size {
                lines.append((start, offset - size))
                start = offset
            }
            (beforeLast, last) = (last, byte)
        }
        lines.append((start, offset))
        self.text = text
        self.lines = lines
    }

    /// How many lines there are; a final line end begins one more.
    package var count: Int { lines.count }

    /// The scalars of a line counted from 1, without its end; nil when there is no such line.
    package func line(_ number: Int) -> Substring.UnicodeScalarView? {
        guard lines.indices.contains(number - 1) else { return nil }
        let (bytes, place) = (text.utf8, lines[number - 1])
        let start = bytes.index(bytes.startIndex, offsetBy: Int(place.start))
        return text.unicodeScalars[start..<bytes.index(start, offsetBy: Int(place.end - place.start))]
    }
}
