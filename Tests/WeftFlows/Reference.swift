/// What must become of a frame, by the rules of a segment.
public struct Reference: Sendable {
    /// Bytes that the segment's packets may have, tags counted.
    public var mtu: Int
    /// Whether tags are carried; otherwise a priority tag is taken out, and any other is the frame's end.
    public var carriesTags: Bool
    /// Where the frame would go by its destination.
    public enum Destination: Sendable {
        /// To one other host, or to one port.
        case one
        case all
        case nowhere
    }
    public var destination: @Sendable ([UInt8]) -> Destination

    public init(mtu: Int, carriesTags: Bool, destination: @escaping @Sendable ([UInt8]) -> Destination) {
        self.mtu = mtu
        self.carriesTags = carriesTags
        self.destination = destination
    }

    /// The frame without a priority tag, or nil when it may not pass.
    public func admitted(_ frame: [UInt8]) -> [UInt8]? {
        guard frame.count >= 14 else { return nil }
        let headers = Headers(frame)
        let isTagged = [0x8100, 0x88A8].contains(frame.number16(12))
        if headers.tags.isEmpty && isTagged { return nil }
        var stripped = frame
        if !carriesTags, let tag = headers.tags.first {
            guard headers.tags.count == 1, tag & 0xFFF == 0 else { return nil }
            stripped.removeSubrange(12..<16)
        }
        if frame[6] & 1 != 0 || frame[6..<12].allSatisfy({ $0 == 0 }) { return nil }
        if frame[0..<5].elementsEqual([0x01, 0x80, 0xC2, 0x00, 0x00]) && frame[5] < 0x10 { return nil }
        return stripped
    }

    /// The frames that a guest's frame becomes on a wire; none where it is dropped or answered.
    public func sent(_ frame: [UInt8], _ offload: OffloadHeader) -> [[UInt8]] {
        guard let stripped = admitted(frame), isSound(frame, offload) else { return [] }
        if case .nowhere = destination(frame) { return [] }
        var offload = offload
        if offload.needsChecksum { offload.start -= frame.count - stripped.count }
        let headers = Headers(stripped)
        let limit = mtu - (headers.l2 - 14)
        let end = offload.isSuperframe ? min(headers.packetEnd, headers.payload + offload.segmentSize) : headers.packetEnd
        let isTooBig = end - headers.l2 > limit
        if isTooBig, !headers.isIP || !headers.isWellFormed || headers.dontFragment { return [] }
        guard offload.isSuperframe else {
            let whole = offload.needsChecksum ? (try? completeAsKernel(stripped, offload)) ?? [] : stripped
            return isTooBig ? fragments(whole, limit: limit) : [whole]
        }
        let isTCP = headers.protocolNumber == 6
        let size = isTooBig && isTCP ? limit - (headers.payload - headers.l2) : offload.segmentSize
        guard size > 0 else { return [] }
        let payload = Array(stripped[headers.payload..<headers.transportEnd])
        let pieces = cut(Array(stripped[..<headers.payload]), payload, headers, segmentSize: size)
        return isTooBig && !isTCP ? pieces.flatMap { fragments($0, limit: limit) } : pieces
    }

    /// Whether an offload header is true.
    private func isSound(_ frame: [UInt8], _ offload: OffloadHeader) -> Bool {
        let headers = Headers(frame)
        if offload.needsChecksum && offload.start + offload.offset + 2 > frame.count { return false }
        guard offload.isSuperframe else { return true }
        let isTCP = offload.type == 1 || offload.type == 4
        guard isTCP || offload.type == 5, offload.segmentSize > 0, offload.needsChecksum else { return false }
        guard headers.isWellFormed, !headers.isFragment, headers.protocolNumber == (isTCP ? 6 : 17) else { return false }
        if offload.type == 1 && headers.kind != .ipv4 || offload.type == 4 && headers.kind != .ipv6 { return false }
        return headers.transport == offload.start && offload.offset == (isTCP ? 16 : 6)
    }

    /// What a frame from a tunnel becomes.
    public enum Received: Sendable {
        case dropped
        /// It is delivered as it is, and may be merged.
        case frame([UInt8])
        /// It stands for these frames.
        case superframe([UInt8], pieces: [[UInt8]])
    }

    /// What becomes of a frame from a tunnel; `segmentSize` is what the kernel says beside a superframe of UDP.
    public func received(_ frame: [UInt8], segmentSize: Int? = nil) -> Received {
        guard let frame = admitted(frame) else { return .dropped }
        if case .nowhere = destination(frame) { return .dropped }
        let headers = Headers(frame)
        let limit = mtu - (headers.l2 - 14)
        guard headers.packetEnd - headers.l2 > limit else { return .frame(frame) }
        guard headers.isFlow, let transport = headers.transport else { return .dropped }
        let state = headers.checksumState(frame)
        guard state == .right || state == .partial else { return .dropped }
        let size: Int
        if headers.protocolNumber == 6 {
            size = limit - (headers.payload - headers.l2)
        } else {
            guard let segmentSize else { return .dropped }
            size = segmentSize
        }
        guard size > 0 else { return .dropped }
        let payload = Array(frame[headers.payload..<headers.transportEnd])
        _ = transport
        return .superframe(frame, pieces: cut(Array(frame[..<headers.payload]), payload, headers, segmentSize: size))
    }
}

/// The fragments of an IPv4 packet that is too big (RFC 791 §3.2).
func fragments(_ frame: [UInt8], limit: Int) -> [[UInt8]] {
    let headers = Headers(frame)
    let base = headers.l2
    let headerEnd = base + Int(frame[base] & 15) * 4
    let field = frame.number16(base + 6)
    let data = Array(frame[headerEnd..<headers.packetEnd])
    let size = (limit - (headerEnd - base)) / 8 * 8
    var fragments: [[UInt8]] = []
    var start = 0
    while start < data.count {
        let end = min(start + size, data.count)
        var fragment = Array(frame[..<headerEnd]) + data[start..<end]
        if start > 0 { keepCopiedOptions(&fragment, from: base + 20, to: headerEnd) }
        fragment.put(big(UInt16(fragment.count - base)), at: base + 2)
        let more = end < data.count ? 0x2000 : field & 0x2000
        fragment.put(big(UInt16(field & 0xC000 | more | (field & 0x1FFF + start / 8))), at: base + 6)
        completeHeader(&fragment, headers)
        fragments.append(fragment)
        start = end
    }
    return fragments
}

/// Options without the copied bit are in the first fragment only; later ones have no-operations in their place.
private func keepCopiedOptions(_ frame: inout [UInt8], from start: Int, to end: Int) {
    var index = start
    while index < end, frame[index] != 0 {
        if frame[index] == 1 {
            index += 1
            continue
        }
        let length = Int(frame[index + 1])
        if frame[index] & 0x80 == 0 { for offset in index..<index + length { frame[offset] = 1 } }
        index += length
    }
}
