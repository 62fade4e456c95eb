import WeftTypes
import WeftWire

/// How an IPv4 packet that is too big, and may be, is cut into fragments (RFC 791 §3.2).
///
/// As with ``Segmenter``, only headers are made and payload is a range of the frame. The transport checksum must be complete
/// before: it covers the whole, so nobody can complete it later.
public struct Fragmenter {
    /// Bytes of a fragment's headers, Ethernet included.
    public let headerByteCount: Int
    /// How many fragments there are.
    public let fragmentCount: Int

    private let base: Int
    private let payload: Range<Int>
    private let fragmentSize: Int
    private let field: UInt16

    /// Prepares to cut a frame into fragments whose packets are at most `limit` bytes.
    ///
    /// - Returns: nil when the frame is no well-formed IPv4 packet, has DF set, or `limit` leaves no room for 8 bytes.
    public init?(frame: RawSpan, layout: FrameLayout, limit: Int) {
        guard layout.network == .ipv4, layout.malformation == nil, !layout.dontFragment else { return nil }
        base = layout.networkOffset
        headerByteCount = base + layout.networkHeaderByteCount
        payload = headerByteCount..<layout.packetEnd
        fragmentSize = (limit - layout.networkHeaderByteCount) & ~7
        guard fragmentSize >= 8 else { return nil }
        field = frame.bigEndian(at: base + 6)
        fragmentCount = max(1, (payload.count + fragmentSize - 1) / fragmentSize)
    }

    /// Where the payload of a fragment is in the frame.
    public func payload(of fragment: Int) -> Range<Int> {
        let start = payload.lowerBound + fragment * fragmentSize
        return start..<min(start + fragmentSize, payload.upperBound)
    }

    /// Writes the headers of a fragment to the front of `header`, ``headerByteCount`` bytes.
    public func emitHeader(of fragment: Int, from frame: RawSpan, into header: inout MutableRawSpan) {
        let slice = payload(of: fragment)
        let moreFragments: UInt16 = fragment < fragmentCount - 1 ? 0x2000 : field & 0x2000
        let offset = Int(field & 0x1FFF) + fragment * fragmentSize / 8
        header.copy(frame.extracting(0..<headerByteCount), at: 0)
        header.storeBigEndian(UInt16(truncatingIfNeeded: headerByteCount - base + slice.count), at: base + 2)
        header.storeBigEndian(moreFragments | UInt16(truncatingIfNeeded: offset) & 0x1FFF, at: base + 6)
        if fragment > 0 { Self.blankOptions(of: &header, from: base + IPv4Header.byteCount, to: headerByteCount) }
        header.storeIPv4Checksum(at: base, byteCount: headerByteCount - base)
    }

    /// Overwrites with no-operations the options that belong into the first fragment only: their copied bit is clear.
    private static func blankOptions(of header: inout MutableRawSpan, from start: Int, to end: Int) {
        var index = start
        while index < end {
            let type: UInt8 = header.bytes.bigEndian(at: index)
            if type == 0 { return }
            if type == 1 {
                index += 1
                continue
            }
            guard index + 1 < end else { return }
            let length = max(2, Int(header.bytes.bigEndian(at: index + 1, as: UInt8.self)))
            if type & 0x80 == 0 {
                for position in index..<min(index + length, end) { header.storeBigEndian(UInt8(1), at: position) }
            }
            index += length
        }
    }
}
