import Glibc

/// Frames out of a stream of bytes, each after its size: the format of QEMU's `-netdev stream` (`net/stream.c`).
///
///     |  byte count, 4 bytes, big-endian  |  frame  |  byte count  |  frame  | …
///
/// However the stream is cut into pieces, the frames are the same. After a violation nothing more can be made of it.
struct FrameReader: Sendable {
    /// A size that no sender may tell.
    enum Violation: Error, Hashable {
        case byteCount(UInt32)
    }

    /// Bytes of a frame at most, as QEMU has it (`NET_BUFSIZE`).
    static var maximumFrameByteCount: Int { 4096 + 65536 }
    /// Bytes before a frame.
    static var headerByteCount: Int { 4 }

    /// Where the pieces go; valid where ``next()`` says so.
    var bytes: [UInt8] = []
    private let byteCount: Int
    private var start = 0
    private var end = 0

    /// Creates a reader that has seen nothing and has no memory yet.
    ///
    /// - Parameter byteCount: what it takes; two frames at least.
    init(byteCount: Int = 256 << 10) {
        self.byteCount = max(byteCount, 2 * (Self.headerByteCount + Self.maximumFrameByteCount))
    }

    /// Where the next piece goes: never empty once all frames were taken.
    mutating func room() -> Range<Int> {
        if bytes.isEmpty { bytes = Array(repeating: 0, count: byteCount) }
        if start == end { (start, end) = (0, 0) }
        if start > 0, bytes.count - start < Self.headerByteCount + Self.maximumFrameByteCount {
            let count = end - start
            unsafe bytes.withUnsafeMutableBytes { buffer in
                guard let base = buffer.baseAddress else { return }
                // Sound: both places lie within the bytes, since start < end ≤ count.
                unsafe memmove(base, base + start, count)
            }
            (start, end) = (0, count)
        }
        return end..<bytes.count
    }

    /// Takes in that so many bytes of ``room()`` were filled.
    mutating func fill(_ count: Int) {
        precondition(count >= 0 && end + count <= bytes.count, "\(count) more bytes after \(end) of \(bytes.count)")
        end += count
    }

    /// Where in ``bytes`` the next frame is, until the next call of ``room()``; nil while it is not all there.
    ///
    /// - Throws: ``Violation`` when the size is 0 or too large.
    mutating func next() throws(Violation) -> Range<Int>? {
        guard end - start >= Self.headerByteCount else { return nil }
        let count = (0..<Self.headerByteCount).reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[start + $1]) }
        guard count > 0, count <= UInt32(Self.maximumFrameByteCount) else { throw .byteCount(count) }
        let frame = start + Self.headerByteCount..<start + Self.headerByteCount + Int(count)
        guard frame.upperBound <= end else { return nil }
        start = frame.upperBound
        return frame
    }

    /// Forgets what is there, and gives its memory back.
    mutating func reset() { (bytes, start, end) = ([], 0, 0) }
}
