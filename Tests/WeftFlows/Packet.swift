/// A TCP or UDP packet in its frame, field by field.
public struct Packet: Sendable {
    /// What the checksum field holds.
    public enum ChecksumState: Sendable {
        case right
        /// The pseudo-header's sum, for somebody to add the rest.
        case partial
        case wrong
        /// 0, as UDP may.
        case absent
    }

    /// TCP's flags as they are on the wire.
    public enum Flag {
        public static let fin: UInt8 = 1
        public static let syn: UInt8 = 2
        public static let rst: UInt8 = 4
        public static let psh: UInt8 = 8
        public static let ack: UInt8 = 16
        public static let urg: UInt8 = 32
        public static let ece: UInt8 = 64
        public static let cwr: UInt8 = 128
    }

    public var destination: [UInt8]
    public var source: [UInt8]
    /// Type and control information of each tag.
    public var tags: [(type: UInt16, control: UInt16)] = []
    public var isTCP: Bool
    /// Addresses, 4 or 16 bytes; they say which IP it is.
    public var from: [UInt8]
    public var to: [UInt8]
    public var trafficClass: UInt8 = 0
    public var flowLabel: UInt32 = 0
    public var ttl: UInt8 = 64
    public var identification: UInt16 = 0
    public var dontFragment = true
    /// IPv4 options, a multiple of 4 bytes.
    public var options: [UInt8] = []
    /// IPv6 extension headers: their number, and their bytes, whose first is overwritten with the next number.
    public var extensions: [(number: UInt8, bytes: [UInt8])] = []
    public var sourcePort: UInt16 = 40000
    public var destinationPort: UInt16 = 80
    public var sequence: UInt32 = 0
    public var acknowledgement: UInt32 = 0
    public var flags = Flag.ack
    public var window: UInt16 = 500
    public var urgent: UInt16 = 0
    /// A multiple of 4 bytes.
    public var tcpOptions: [UInt8] = []
    public var payload: [UInt8] = []
    public var checksumState = ChecksumState.right
    public var padding: [UInt8] = []

    /// Creates an empty one between two stations.
    public init(destination: [UInt8], source: [UInt8], isTCP: Bool, from: [UInt8], to: [UInt8]) {
        self.destination = destination
        self.source = source
        self.isTCP = isTCP
        self.from = from
        self.to = to
    }

    public var isIPv6: Bool { from.count == 16 }
    public var protocolNumber: UInt8 { isTCP ? 6 : 17 }
    /// Where the checksum is in the transport header.
    public var checksumOffset: Int { isTCP ? 16 : 6 }
    /// Bytes of the transport header.
    public var transportByteCount: Int { isTCP ? 20 + tcpOptions.count : 8 }
    /// Bytes of the network header, options and extensions included.
    public var networkByteCount: Int {
        isIPv6 ? 40 + extensions.reduce(0) { $0 + $1.bytes.count } : 20 + options.count
    }
    /// Where the transport header is in the frame.
    public var transportOffset: Int { 14 + 4 * tags.count + networkByteCount }
    /// Bytes of all headers.
    public var headerByteCount: Int { transportOffset + transportByteCount }

    /// The frame.
    public var bytes: [UInt8] {
        var frame = destination + source
        for tag in tags { frame += big(tag.type) + big(tag.control) }
        frame += isIPv6 ? [0x86, 0xDD] : [0x08, 0x00]
        let transport = transportBytes
        return frame + (isIPv6 ? ipv6Header(transport.count) : ipv4Header(transport.count)) + transport + padding
    }

    private func ipv4Header(_ byteCount: Int) -> [UInt8] {
        var header = [0x45 + UInt8(options.count / 4), trafficClass] + big(UInt16(20 + options.count + byteCount))
        header += big(identification) + [dontFragment ? 0x40 : 0, 0, ttl, protocolNumber, 0, 0] + from + to + options
        header.put(big(checksum(of: header)), at: 10)
        return header
    }

    private func ipv6Header(_ byteCount: Int) -> [UInt8] {
        var header = big(UInt32(6) << 28 | UInt32(trafficClass) << 20 | flowLabel & 0xFFFFF)
        header += big(UInt16(networkByteCount - 40 + byteCount))
        header += [extensions.first?.number ?? protocolNumber, ttl] + from + to
        for (index, part) in extensions.enumerated() {
            header += [index + 1 < extensions.count ? extensions[index + 1].number : protocolNumber] + part.bytes.dropFirst()
        }
        return header
    }

    private var transportBytes: [UInt8] {
        var bytes = big(sourcePort) + big(destinationPort)
        if isTCP {
            bytes += big(sequence) + big(acknowledgement) + [UInt8(5 + tcpOptions.count / 4) << 4, flags]
            bytes += big(window) + [0, 0] + big(urgent) + tcpOptions
        } else {
            bytes += big(UInt16(8 + payload.count)) + [0, 0]
        }
        bytes += payload
        let pseudo = pseudoHeader(from: from, to: to, protocolNumber: protocolNumber, byteCount: bytes.count)
        var field: UInt16
        switch checksumState {
        case .right, .wrong: field = checksum(of: bytes, pseudoHeader: pseudo)
        case .partial: field = sum(pseudo)
        case .absent: field = 0
        }
        if field == 0 && !isTCP && checksumState != .absent { field = 0xFFFF }
        // Neither another way to write the right one nor UDP's "none".
        if checksumState == .wrong { field = field ^ 0x0101 == 0 || field == 0xFEFE ? 0x1234 : field ^ 0x0101 }
        bytes.put(big(field), at: checksumOffset)
        return bytes
    }

    /// What a guest's kernel would have sent without offloads: textbook TSO and USO.
    public func cut(segmentSize: Int) -> [Packet] {
        var pieces: [Packet] = []
        var start = 0
        repeat {
            let end = min(start + segmentSize, payload.count)
            var piece = self
            piece.payload = Array(payload[start..<end])
            piece.sequence = sequence &+ UInt32(start)
            piece.identification = identification &+ UInt16(pieces.count)
            piece.checksumState = .right
            piece.padding = []
            if end < payload.count { piece.flags &= ~(Flag.psh | Flag.fin) }
            if start > 0 { piece.flags &= ~Flag.cwr }
            pieces.append(piece)
            start = end
        } while start < payload.count
        return pieces
    }

    /// Chooses the first two bytes of data so that the first piece has a checksum of 0, which UDP writes as 0xFFFF and TCP as 0.
    public mutating func makeChecksumZero(segmentSize: Int) {
        guard payload.count >= 2, segmentSize >= 2 else { return }
        payload.put([0, 0], at: 0)
        let piece = cut(segmentSize: segmentSize)[0].bytes
        // An even number of bytes before the data; what the checksum lacks is then the checksum itself.
        payload.put(Array(piece[(transportOffset + checksumOffset)...].prefix(2)), at: 0)
    }

    /// The offload header of it as a superframe, or, without a segment size, as one frame.
    public func offload(segmentSize: Int = 0) -> OffloadHeader {
        var header = OffloadHeader()
        guard checksumState == .partial else { return header }
        (header.flags, header.start, header.offset) = (1, transportOffset, checksumOffset)
        guard segmentSize > 0 else { return header }
        header.type = isTCP ? (isIPv6 ? 4 : 1) : 5
        (header.headerLength, header.segmentSize) = (headerByteCount, segmentSize)
        return header
    }
}
