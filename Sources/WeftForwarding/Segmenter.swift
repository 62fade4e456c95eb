import WeftTypes
import WeftWire

/// How a superframe is cut into the frames it stands for: TCP over IPv4 and IPv6 (TSO), UDP datagrams (USO).
///
/// Only headers are made; the payload of a piece is a range of the superframe, so that it is never copied. Every piece is
/// complete as it would be on a wire: lengths, identification, sequence, flags and checksums.
public struct Segmenter {
    /// Bytes of a piece's headers, Ethernet included.
    public let headerByteCount: Int
    /// How many frames the superframe is.
    public let pieceCount: Int

    private let layout: FrameLayout
    private let payload: Range<Int>
    private let segmentSize: Int
    private let transportOffset: Int
    private let isTCP: Bool

    /// Prepares to cut; nil when the layout has no TCP or UDP payload to cut or `segmentSize` is not positive.
    ///
    /// `layout` is the superframe's, which ``Offload/isSound(_:for:)`` has accepted.
    public init?(layout: FrameLayout, segmentSize: Int) {
        guard segmentSize > 0, layout.isIP, let transport = layout.transportOffset, let start = layout.payloadOffset,
            layout.transportChecksumOffset != nil
        else { return nil }
        switch layout.transportProtocol {
        case .tcp: isTCP = true
        case .udp: isTCP = false
        default: return nil
        }
        self.layout = layout
        self.segmentSize = segmentSize
        transportOffset = transport
        headerByteCount = start
        payload = start..<max(start, layout.transportEnd)
        pieceCount = max(1, (payload.count + segmentSize - 1) / segmentSize)
    }

    /// Where the payload of a piece is in the superframe.
    public func payload(of piece: Int) -> Range<Int> {
        let start = payload.lowerBound + piece * segmentSize
        return start..<min(start + segmentSize, payload.upperBound)
    }

    /// Writes the headers of a piece to the front of `header`, ``headerByteCount`` bytes.
    public func emitHeader(of piece: Int, from frame: RawSpan, into header: inout MutableRawSpan) {
        let slice = payload(of: piece)
        let isLast = piece == pieceCount - 1
        header.copy(frame.extracting(0..<headerByteCount), at: 0)
        let base = layout.networkOffset
        let packetByteCount = headerByteCount - base + slice.count
        let segmentByteCount = headerByteCount - transportOffset + slice.count

        var pseudoHeader: UInt64
        if layout.network == .ipv4 {
            let identification: UInt16 = frame.bigEndian(at: base + 4)
            header.storeBigEndian(UInt16(truncatingIfNeeded: packetByteCount), at: base + 2)
            header.storeBigEndian(identification &+ UInt16(truncatingIfNeeded: piece), at: base + 4)
            header.storeIPv4Checksum(at: base, byteCount: layout.networkHeaderByteCount)
            pseudoHeader = Checksum.pseudoHeaderSum(
                source: frame.ipv4Address(at: base + 12), destination: frame.ipv4Address(at: base + 16),
                protocolNumber: isTCP ? .tcp : .udp, byteCount: segmentByteCount)
        } else {
            header.storeBigEndian(UInt16(truncatingIfNeeded: packetByteCount - IPv6Header.byteCount), at: base + 4)
            pseudoHeader = Checksum.pseudoHeaderSum(
                source: frame.ipv6Address(at: base + 8), destination: frame.ipv6Address(at: base + 24),
                protocolNumber: isTCP ? .tcp : .udp, byteCount: segmentByteCount)
        }

        let checksumOffset: Int
        if isTCP {
            checksumOffset = transportOffset + TCPHeader.checksumOffset
            let sequence: UInt32 = frame.bigEndian(at: transportOffset + 4)
            header.storeBigEndian(
                sequence &+ UInt32(truncatingIfNeeded: slice.lowerBound - payload.lowerBound), at: transportOffset + 4)
            var flags = TCPHeader.Flags(rawValue: frame.bigEndian(at: transportOffset + 13))
            if !isLast { flags.subtract([.fin, .psh]) }
            if piece > 0 { flags.subtract(.cwr) }
            header.storeBigEndian(flags.rawValue, at: transportOffset + 13)
        } else {
            checksumOffset = transportOffset + UDPHeader.checksumOffset
            header.storeBigEndian(UInt16(truncatingIfNeeded: segmentByteCount), at: transportOffset + 4)
        }
        header.storeBigEndian(UInt16(0), at: checksumOffset)
        pseudoHeader = Checksum.sum(header.bytes.extracting(transportOffset..<headerByteCount), initial: pseudoHeader)
        let checksum = ~Checksum.fold(Checksum.sum(frame.extracting(slice), initial: pseudoHeader))
        header.storeBigEndian(checksum == 0 && !isTCP ? 0xFFFF : checksum, at: checksumOffset)
    }
}

extension MutableRawSpan {
    /// Copies `bytes` to `offset`; they must fit.
    @inlinable package mutating func copy(_ bytes: RawSpan, at offset: Int) {
        precondition(offset >= 0 && bytes.byteCount <= byteCount - offset, "copy of \(bytes.byteCount) bytes to \(offset)")
        // The line above keeps the copy inside both.
        unsafe withUnsafeMutableBytes { destination in
            unsafe bytes.withUnsafeBytes { source in
                unsafe UnsafeMutableRawBufferPointer(rebasing: destination[offset...]).copyMemory(from: source)
            }
        }
    }

    /// Computes the checksum of the IPv4 header of `byteCount` bytes at `offset`.
    @inlinable mutating func storeIPv4Checksum(at offset: Int, byteCount: Int) {
        storeBigEndian(UInt16(0), at: offset + 10)
        storeBigEndian(~Checksum.fold(Checksum.sum(bytes.extracting(offset..<offset + byteCount))), at: offset + 10)
    }
}
