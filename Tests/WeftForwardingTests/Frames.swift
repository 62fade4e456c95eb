import WeftForwarding
import WeftTypes
import WeftWire

/// A frame under construction: what a guest would send, checksums complete unless said otherwise.
struct Frame {
    var destination = MACAddress(rawValue: 0x5254_0000_0102)
    var source = MACAddress(rawValue: 0x5254_0000_0101)
    /// (TPID, control information).
    var tags: [(UInt16, UInt16)] = []
    var isIPv6 = false
    var isTCP = true
    var options: [UInt8] = []
    var extensions: [UInt8] = []
    var identification: UInt16 = 7
    var dontFragment = true
    var moreFragments = false
    var fragmentOffset = 0
    var ttl: UInt8 = 64
    var trafficClass: UInt8 = 0
    var sourcePort: UInt16 = 40000
    var destinationPort: UInt16 = 80
    var sequence: UInt32 = 1000
    var acknowledgement: UInt32 = 77
    var flags: TCPHeader.Flags = [.ack]
    var window: UInt16 = 500
    var tcpOptions: [UInt8] = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2]
    var payload: [UInt8] = []
    var hasPartialChecksum = false
    var padding = 0

    static let ipv4 = (source: IPv4Address(rawValue: 0x0A01_000B), destination: IPv4Address(rawValue: 0x0A01_000C))
    static let ipv6 = (
        source: IPv6Address(rawValue: 0xfd00_0000_0000_0000_0000_0000_0000_000b),
        destination: IPv6Address(rawValue: 0xfd00_0000_0000_0000_0000_0000_0000_000c)
    )

    var bytes: [UInt8] {
        var out = destination.bytes + source.bytes
        for (tpid, control) in tags { out += big(tpid) + big(control) }
        out += big(UInt16(isIPv6 ? 0x86DD : 0x0800))
        let transport = transportBytes()
        if isIPv6 {
            let length = UInt16(extensions.count + transport.count)
            out += big(UInt32(0x6000_0000) | UInt32(trafficClass) << 20) + big(length)
            out += [extensions.isEmpty ? protocolNumber : 60, ttl]
            out += big(Self.ipv6.source.rawValue) + big(Self.ipv6.destination.rawValue) + extensions
        } else {
            var header = [0x40 | UInt8(5 + options.count / 4), trafficClass] + big(UInt16(20 + options.count + transport.count))
            header += big(identification)
            let field = (dontFragment ? 0x4000 : 0) | (moreFragments ? 0x2000 : 0) | UInt16(fragmentOffset / 8)
            header += big(field) + [ttl, protocolNumber, 0, 0]
            header += big(Self.ipv4.source.rawValue) + big(Self.ipv4.destination.rawValue) + options
            let checksum = ~Checksum.fold(Checksum.sum(header.rawBytes))
            header.replaceSubrange(10..<12, with: big(checksum))
            out += header
        }
        return out + transport + [UInt8](repeating: 0, count: padding)
    }

    private var protocolNumber: UInt8 { isTCP ? 6 : 17 }

    private func transportBytes() -> [UInt8] {
        if fragmentOffset > 0 { return payload }
        var header: [UInt8]
        if isTCP {
            header = big(sourcePort) + big(destinationPort) + big(sequence) + big(acknowledgement)
            header += [UInt8(5 + tcpOptions.count / 4) << 4, flags.rawValue] + big(window) + [0, 0, 0, 0] + tcpOptions
        } else {
            header = big(sourcePort) + big(destinationPort) + big(UInt16(truncatingIfNeeded: 8 + payload.count)) + [0, 0]
        }
        let whole = header + payload
        let sum = pseudoHeader(byteCount: whole.count)
        var field = hasPartialChecksum ? Checksum.fold(sum) : ~Checksum.fold(Checksum.sum(whole.rawBytes, initial: sum))
        if field == 0 && !isTCP { field = 0xFFFF }
        let offset = isTCP ? 16 : 6
        return Array(whole[..<offset]) + big(field) + Array(whole[(offset + 2)...])
    }

    private func pseudoHeader(byteCount: Int) -> UInt64 {
        let number = IPProtocol(rawValue: protocolNumber)
        return isIPv6
            ? Checksum.pseudoHeaderSum(
                source: Self.ipv6.source, destination: Self.ipv6.destination, protocolNumber: number, byteCount: byteCount)
            : Checksum.pseudoHeaderSum(
                source: Self.ipv4.source, destination: Self.ipv4.destination, protocolNumber: number, byteCount: byteCount)
    }

    /// The offload header that a TAP would put before it, as a superframe of `segmentSize`, or with a partial checksum.
    func offload(segmentSize: Int = 0) throws -> VirtioNetHeader {
        let layout = try FrameLayout(parsing: bytes.rawBytes)
        return VirtioNetHeader(
            flags: hasPartialChecksum ? .needsChecksum : [],
            segmentation: segmentSize == 0 ? .none : isTCP ? (isIPv6 ? .tcpv6 : .tcpv4) : .udpL4,
            headerLength: UInt16(layout.payloadOffset ?? 0), segmentSize: UInt16(segmentSize),
            checksumStart: UInt16(layout.transportOffset ?? 0), checksumOffset: isTCP ? 16 : 6)
    }
}

func big<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    (0..<Value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> Value(Value.bitWidth - 8 - 8 * $0)) }
}

/// Bytes that differ from each other, so that a piece in the wrong place shows.
func pattern(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var random = SeededRandom(seed: seed)
    return (0..<count).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
}

/// What `body` writes to the front of `count` bytes that were 0xA5.
func emitted(_ count: Int, _ body: (inout MutableRawSpan) -> Void) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xA5, count: count)
    bytes.withMutableRawBytes { body(&$0) }
    return bytes
}

/// The frames that a superframe stands for, by ``Segmenter``.
func cut(_ frame: [UInt8], segmentSize: Int) throws -> [[UInt8]] {
    let layout = try FrameLayout(parsing: frame.rawBytes)
    guard let segmenter = Segmenter(of: frame.rawBytes, layout: layout, segmentSize: segmentSize) else { return [] }
    return (0..<segmenter.pieceCount).map { piece in
        emitted(segmenter.headerByteCount) { segmenter.emitHeader(of: piece, from: frame.rawBytes, into: &$0) }
            + frame[segmenter.payload(of: piece)]
    }
}

/// Whether IP and transport checksums of a frame are right, as a receiver would check them.
func isValidOnWire(_ frame: [UInt8]) throws -> Bool {
    let layout = try FrameLayout(parsing: frame.rawBytes)
    guard layout.malformation == nil else { return false }
    if layout.network == .ipv4 {
        let header = layout.networkOffset..<layout.networkOffset + layout.networkHeaderByteCount
        guard Checksum.isValidIPv4Header(frame.rawBytes.extracting(header)) else { return false }
    }
    guard !layout.isFragment, let field = layout.transportChecksumOffset else { return layout.isFragment }
    return Checksum.transportChecksum(of: frame.rawBytes, layout: layout) == frame.rawBytes.bigEndian(at: field)
}
