/// Why a frame can't be what its offload header says, or is not right once it is.
public struct Flaw: Error, CustomStringConvertible {
    public var description: String
    public init(_ description: String) { self.description = description }
}

/// What a kernel makes of a frame written to a TAP with `offload`: the frames that somebody without offloads sees.
///
/// Throws what a kernel would refuse, and what it would take and get wrong.
public func cutAsKernel(_ frame: [UInt8], _ offload: OffloadHeader) throws(Flaw) -> [[UInt8]] {
    guard offload.isSuperframe else {
        guard offload.needsChecksum else {
            guard offload == OffloadHeader() else { throw Flaw("nothing to do, but \(offload)") }
            return [frame]
        }
        return [try completeAsKernel(frame, offload)]
    }
    let headers = Headers(frame)
    guard headers.isFlow, let transport = headers.transport else { throw Flaw("a superframe of what is no flow") }
    let isTCP = headers.protocolNumber == 6
    guard offload.type == (isTCP ? (headers.kind == .ipv4 ? 1 : 4) : 5), offload.flags == 1, offload.start == transport,
        offload.offset == (isTCP ? 16 : 6), offload.headerLength == headers.payload, offload.segmentSize > 0
    else { throw Flaw("\(offload) for \(headers)") }
    guard frame.count == headers.packetEnd, headers.transportEnd == headers.packetEnd else { throw Flaw("bytes after the end") }
    guard headers.packetEnd - headers.l2 <= (headers.kind == .ipv4 ? 65535 : 65575) else { throw Flaw("too long for IP") }
    // A kernel does not sum again: it corrects what it finds by the difference in length.
    guard frame.number16(headers.checksumField) == Int(sum(headers.pseudo(frame))) else { throw Flaw("no pseudo-header sum") }
    guard headers.isHeaderRight(frame) else { throw Flaw("wrong header checksum") }
    let payload = Array(frame[headers.payload...])
    guard isTCP || payload.count <= 64 * offload.segmentSize else { throw Flaw("more than 64 datagrams: \(offload)") }
    return cut(Array(frame[..<headers.payload]), payload, headers, segmentSize: offload.segmentSize)
}

/// Cuts `payload` into frames with headers like `head`.
func cut(_ head: [UInt8], _ payload: [UInt8], _ headers: Headers, segmentSize: Int) -> [[UInt8]] {
    let transport = headers.transport ?? head.count
    let isTCP = headers.protocolNumber == 6
    var pieces: [[UInt8]] = []
    var start = 0
    repeat {
        let end = min(start + segmentSize, payload.count)
        var piece = head + payload[start..<end]
        if headers.kind == .ipv4 {
            piece.put(big(UInt16(piece.count - headers.l2)), at: headers.l2 + 2)
            piece.put(big(UInt16(truncatingIfNeeded: head.number16(headers.l2 + 4) + pieces.count)), at: headers.l2 + 4)
            completeHeader(&piece, headers)
        } else {
            piece.put(big(UInt16(piece.count - headers.l2 - 40)), at: headers.l2 + 4)
        }
        if isTCP {
            piece.put(big(UInt32(truncatingIfNeeded: head.number32(transport + 4) + start)), at: transport + 4)
            if end < payload.count { piece[transport + 13] &= ~(Packet.Flag.fin | Packet.Flag.psh) }
            if start > 0 { piece[transport + 13] &= ~Packet.Flag.cwr }
        } else {
            piece.put(big(UInt16(piece.count - transport)), at: transport + 4)
        }
        pieces.append(withRightChecksum(piece))
        start = end
    } while start < payload.count
    return pieces
}

/// Computes the checksum of an IPv4 header.
func completeHeader(_ frame: inout [UInt8], _ headers: Headers) {
    let end = headers.l2 + Int(frame[headers.l2] & 15) * 4
    frame.put([0, 0], at: headers.l2 + 10)
    frame.put(big(checksum(of: Array(frame[headers.l2..<end]))), at: headers.l2 + 10)
}

/// `frame`, TCP or UDP, with the transport checksum that it ought to have.
public func withRightChecksum(_ frame: [UInt8]) -> [UInt8] {
    var frame = frame
    let headers = Headers(frame)
    frame.put([0, 0], at: headers.checksumField)
    let field = checksum(of: Array(frame[(headers.transport ?? 0)..<headers.transportEnd]), pseudoHeader: headers.pseudo(frame))
    frame.put(big(field == 0 && headers.protocolNumber == 17 ? 0xFFFF : field), at: headers.checksumField)
    return frame
}

/// Finishes a partial checksum as hardware does: from its start to the end of the frame, the field included.
public func completeAsKernel(_ frame: [UInt8], _ offload: OffloadHeader) throws(Flaw) -> [UInt8] {
    guard offload.flags == 1, offload.start + offload.offset + 2 <= frame.count else { throw Flaw("\(offload)") }
    var frame = frame
    let field = checksum(of: Array(frame[offload.start...]))
    frame.put(big(field == 0 && offload.offset == 6 ? 0xFFFF : field), at: offload.start + offload.offset)
    return frame
}
