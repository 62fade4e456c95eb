/// Frames on their way into a stream, in the format that ``FrameReader`` reads. What the stream did not take is kept, and so nothing but whole
/// frames ever gets into it.
struct FrameWriter: Sendable {
    private(set) var bytes: [UInt8] = []
    private let byteCount: Int
    private var start = 0
    private var end = 0

    /// Creates a writer with nothing to write and no memory yet.
    init(byteCount: Int = 256 << 10) {
        self.byteCount = max(byteCount, FrameReader.headerByteCount + FrameReader.maximumFrameByteCount)
    }

    /// What is to be written next.
    var pending: Range<Int> { start..<end }
    /// Whether all was written.
    var isEmpty: Bool { start == end }

    /// Adds the frame that `body` puts into a part of the bytes, by its size; nil adds none. False when there is no room for another.
    mutating func append(_ body: (inout [UInt8], Range<Int>) -> Int?) -> Bool {
        if bytes.isEmpty { bytes = Array(repeating: 0, count: byteCount) }
        if isEmpty { (start, end) = (0, 0) }
        let place = end + FrameReader.headerByteCount
        guard place + FrameReader.maximumFrameByteCount <= bytes.count else { return false }
        let room = place..<place + FrameReader.maximumFrameByteCount
        guard let count = body(&bytes, room) else { return false }
        precondition(count > 0 && count <= room.count, "a frame of \(count) bytes")
        for index in 0..<FrameReader.headerByteCount {
            bytes[end + index] = UInt8(truncatingIfNeeded: UInt32(count) >> (8 * UInt32(3 - index)))
        }
        end = place + count
        return true
    }

    /// Takes in that the stream took so many bytes of ``pending``.
    mutating func advance(_ count: Int) {
        precondition(count >= 0 && start + count <= end, "\(count) of \(end - start) bytes")
        start += count
    }

    /// Forgets what was not written, says of how many frames there was something, and gives the memory back.
    mutating func discard() -> Int {
        var (place, count) = (0, 0)
        while place < end {
            let size = (0..<FrameReader.headerByteCount).reduce(0) { $0 << 8 | Int(bytes[place + $1]) }
            place += FrameReader.headerByteCount + size
            if place > start { count += 1 }
        }
        (bytes, start, end) = ([], 0, 0)
        return count
    }
}
