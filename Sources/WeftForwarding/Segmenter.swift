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

    private let payload: Range<Int>
    private let segmentSize: Int
    private let networkOffset: Int
    private let transportOffset: Int
    private let isTCP: Bool
    private let isIPv4: Bool
    private let identification: UInt16
    private let sequence: UInt32
    private let flags: TCPHeader.Flags
    /// Sums of what is the same in every piece: of the IPv4 header without length, identification and checksum, and of
    /// pseudo-header and transport header without length, sequence, flags and checksum.
    private let networkSum: UInt64
    private let pseudoHeaderSum: UInt64
    private let transportSum: UInt64

    /// Prepares to cut; nil when the layout has no TCP or UDP payload to cut or `segmentSize` is not positive.
    ///
    /// `layout` is that of `frame`, a superframe that ``Offload/isSound(_:for:)`` has accepted.
    public init?(of frame: RawSpan, layout: FrameLayout, segmentSize: Int) {
        guard segmentSize > 0, layout.isIP, let transport = layout.transportOffset, let start = layout.payloadOffset,
            layout.transportChecksumOffset != nil
        else { return nil }
        switch layout.transportProtocol {
        case .tcp: isTCP = true
        case .udp: isTCP = false
        default: return nil
        }
        self.segmentSize = segmentSize
        networkOffset = layout.networkOffset
        transportOffset = transport
        headerByteCount = start
        payload = start..<max(start, layout.transportEnd)
        pieceCount = max(1, (payload.count + segmentSize - 1) / segmentSize)
        isIPv4 = layout.network == .ipv4
        let base = networkOffset
        let protocolNumber: IPProtocol = isTCP ? .tcp : .udp
        var sum: UInt64
        if isIPv4 {
            identification = frame.bigEndian(at: base + 4)
            networkSum =
                Checksum.sum(frame.extracting(base..<base + 2))
                &+ Checksum.sum(frame.extracting(base + 6..<base + 10))
                &+ Checksum.sum(frame.extracting(base + 12..<base + layout.networkHeaderByteCount))
            sum = Checksum.pseudoHeaderSum(
                source: frame.ipv4Address(at: base + 12), destination: frame.ipv4Address(at: base + 16),
                protocolNumber: protocolNumber, byteCount: 0)
        } else {
            identification = 0
            networkSum = 0
            sum = Checksum.pseudoHeaderSum(
                source: frame.ipv6Address(at: base + 8), destination: frame.ipv6Address(at: base + 24),
                protocolNumber: protocolNumber, byteCount: 0)
        }
        pseudoHeaderSum = sum
        sum &+= Checksum.sum(frame.extracting(transport..<transport + 4))
        if isTCP {
            sequence = frame.bigEndian(at: transport + 4)
            flags = TCPHeader.Flags(rawValue: frame.bigEndian(at: transport + 13))
            // The word of data offset and flags without the flags, which share it.
            sum &+= Checksum.sum(of: UInt16(frame.bigEndian(at: transport + 12, as: UInt8.self)) << 8)
            sum &+= Checksum.sum(frame.extracting(transport + 8..<transport + 12))
            sum &+= Checksum.sum(frame.extracting(transport + 14..<transport + 16))
            sum &+= Checksum.sum(frame.extracting(transport + 18..<start))
        } else {
            sequence = 0
            flags = []
        }
        transportSum = sum
    }

    /// What tells the receiver to complete the checksums of the pieces; nil when their headers are too long for it.
    public var remoteChecksum: VXLANHeader.RemoteChecksum? {
        VXLANHeader.RemoteChecksum(
            start: transportOffset, offset: isTCP ? TCPHeader.checksumOffset : UDPHeader.checksumOffset)
    }

    /// Where the payload of a piece is in the superframe.
    public func payload(of piece: Int) -> Range<Int> {
        let start = payload.lowerBound + piece * segmentSize
        return start..<min(start + segmentSize, payload.upperBound)
    }

    /// Writes the headers of a piece to the front of `header`, ``headerByteCount`` bytes.
    ///
    /// With `leavesChecksum` the transport checksum is the pseudo-header's sum, for the receiver to complete
    /// (``remoteChecksum``); nothing of the payload is touched then.
    public func emitHeader(
        of piece: Int, from frame: RawSpan, into header: inout MutableRawSpan, leavesChecksum: Bool = false
    ) {
        let slice = payload(of: piece)
        let segmentByteCount = headerByteCount &- transportOffset &+ slice.count
        header.copy(frame.extracting(0..<headerByteCount), at: 0)
        if isIPv4 {
            let byteCount = UInt16(truncatingIfNeeded: headerByteCount &- networkOffset &+ slice.count)
            let number = identification &+ UInt16(truncatingIfNeeded: piece)
            header.storeBigEndian(byteCount, at: networkOffset &+ 2)
            header.storeBigEndian(number, at: networkOffset &+ 4)
            let sum = networkSum &+ Checksum.sum(of: byteCount) &+ Checksum.sum(of: number)
            header.storeBigEndian(~Checksum.fold(sum), at: networkOffset &+ 10)
        } else {
            let byteCount = headerByteCount &- networkOffset &- IPv6Header.byteCount &+ slice.count
            header.storeBigEndian(UInt16(truncatingIfNeeded: byteCount), at: networkOffset &+ 4)
        }
        let field = transportOffset &+ (isTCP ? TCPHeader.checksumOffset : UDPHeader.checksumOffset)
        // The length in the pseudo-header, which UDP's own header repeats.
        let length = UInt16(truncatingIfNeeded: segmentByteCount)
        var sum = transportSum &+ Checksum.sum(of: length)
        if isTCP {
            let number = sequence &+ UInt32(truncatingIfNeeded: slice.lowerBound &- payload.lowerBound)
            var flags = flags
            if piece != pieceCount - 1 { flags.subtract([.fin, .psh]) }
            if piece > 0 { flags.subtract(.cwr) }
            header.storeBigEndian(number, at: transportOffset &+ 4)
            header.storeBigEndian(flags.rawValue, at: transportOffset &+ 13)
            sum &+=
                Checksum.sum(of: UInt16(truncatingIfNeeded: number &>> 16))
                &+ Checksum.sum(of: UInt16(truncatingIfNeeded: number))
            sum &+= Checksum.sum(of: UInt16(flags.rawValue))
        } else {
            header.storeBigEndian(length, at: transportOffset &+ 4)
            sum &+= Checksum.sum(of: length)
        }
        if leavesChecksum {
            return header.storeBigEndian(Checksum.fold(pseudoHeaderSum &+ Checksum.sum(of: length)), at: field)
        }
        // Headers have an even number of bytes, so the payload's sum adds as it is.
        let checksum = ~Checksum.fold(Checksum.sum(frame.extracting(slice), initial: sum))
        header.storeBigEndian(checksum == 0 && !isTCP ? 0xFFFF : checksum, at: field)
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
