/// Where things are in a frame, found the plain way.
public struct Headers {
    /// What follows the Ethernet header and its tags.
    public enum Kind: Sendable { case other, ipv4, ipv6 }

    /// Bytes of the Ethernet header and all tags.
    public var l2 = 14
    /// The control information of each tag.
    public var tags: [Int] = []
    public var kind = Kind.other
    /// Whether tags, IP and transport are what they claim to be.
    public var isWellFormed = true
    /// The end of the IP packet, or of the frame.
    public var packetEnd: Int
    public var isFragment = false
    public var dontFragment = false
    /// The protocol behind IP; −1 without.
    public var protocolNumber = -1
    /// Where the transport header is; nil in a later fragment.
    public var transport: Int?
    /// Where the transport's data starts and ends; of TCP and UDP.
    public var payload = 0
    public var transportEnd: Int
    /// Whether an IPv6 routing header hides the last destination.
    public var isRouted = false

    public var isIP: Bool { kind != .other }
    /// Whether it is TCP or UDP that the frame alone can be judged by.
    public var isFlow: Bool {
        isWellFormed && !isFragment && transport != nil && !isRouted && (protocolNumber == 6 || protocolNumber == 17)
    }
    /// Where the checksum of ``isFlow`` is.
    public var checksumField: Int { (transport ?? 0) + (protocolNumber == 6 ? 16 : 6) }

    /// Finds them; `frame` has at least 14 bytes.
    public init(_ frame: [UInt8]) {
        packetEnd = frame.count
        transportEnd = frame.count
        while [0x8100, 0x88A8].contains(frame.number16(l2 - 2)) {
            guard tags.count < 4, frame.count >= l2 + 4 else {
                isWellFormed = false
                return
            }
            tags.append(frame.number16(l2))
            l2 += 4
        }
        switch frame.number16(l2 - 2) {
        case 0x0800:
            kind = .ipv4
            isWellFormed = readIPv4(frame)
        case 0x86DD:
            kind = .ipv6
            isWellFormed = readIPv6(frame)
        default: break
        }
        if !isWellFormed { transport = nil }
    }

    private mutating func readIPv4(_ frame: [UInt8]) -> Bool {
        guard frame.count >= l2 + 20, frame[l2] >> 4 == 4 else { return false }
        let header = Int(frame[l2] & 15) * 4
        let total = frame.number16(l2 + 2)
        guard header >= 20, total >= header, frame.count >= l2 + total else { return false }
        let field = frame.number16(l2 + 6)
        packetEnd = l2 + total
        transportEnd = packetEnd
        dontFragment = field & 0x4000 != 0
        isFragment = field & 0x3FFF != 0
        protocolNumber = Int(frame[l2 + 9])
        return field & 0x1FFF != 0 || readTransport(frame, at: l2 + header)
    }

    private mutating func readIPv6(_ frame: [UInt8]) -> Bool {
        guard frame.count >= l2 + 40, frame[l2] >> 4 == 6 else { return false }
        dontFragment = true
        guard frame.count >= l2 + 40 + frame.number16(l2 + 4) else { return false }
        packetEnd = l2 + 40 + frame.number16(l2 + 4)
        transportEnd = packetEnd
        var next = Int(frame[l2 + 6])
        var offset = l2 + 40
        for _ in 0..<9 {
            let isExtension = [0, 43, 44, 51, 60, 135, 139, 140].contains(next)
            guard isExtension else { break }
            guard packetEnd >= offset + 8 else { return false }
            let length = next == 44 ? 8 : next == 51 ? (Int(frame[offset + 1]) + 2) * 4 : (Int(frame[offset + 1]) + 1) * 8
            guard packetEnd >= offset + length else { return false }
            if next == 43 && frame[offset + 3] != 0 { isRouted = true }
            if next == 44 && frame.number16(offset + 2) & 0xFFF9 != 0 { isFragment = true }
            let isLater = next == 44 && frame.number16(offset + 2) & 0xFFF8 != 0
            next = Int(frame[offset])
            offset += length
            protocolNumber = next
            if isLater { return true }
        }
        protocolNumber = next
        return readTransport(frame, at: offset)
    }

    private mutating func readTransport(_ frame: [UInt8], at offset: Int) -> Bool {
        let rest = packetEnd - offset
        switch (protocolNumber, kind) {
        case (6, _):
            guard rest >= 20 else { return false }
            let header = Int(frame[offset + 12] >> 4) * 4
            guard header >= 20, rest >= header else { return false }
            payload = offset + header
        case (17, _):
            guard rest >= 8, frame.number16(offset + 4) >= 8 else { return false }
            guard isFragment || frame.number16(offset + 4) <= rest else { return false }
            payload = offset + 8
            transportEnd = min(packetEnd, offset + frame.number16(offset + 4))
        case (1, .ipv4), (58, .ipv6): guard rest >= 8 else { return false }
        default: break
        }
        transport = offset
        return true
    }

    /// The pseudo-header of ``isFlow``.
    public func pseudo(_ frame: [UInt8]) -> [UInt8] {
        let base = kind == .ipv4 ? l2 + 12 : l2 + 8
        let length = kind == .ipv4 ? 4 : 16
        return pseudoHeader(
            from: Array(frame[base..<base + length]), to: Array(frame[base + length..<base + 2 * length]),
            protocolNumber: UInt8(protocolNumber), byteCount: transportEnd - (transport ?? 0))
    }

    /// What the transport checksum of ``isFlow`` is worth.
    public func checksumState(_ frame: [UInt8]) -> Packet.ChecksumState {
        let field = UInt16(frame.number16(checksumField))
        if protocolNumber == 17 && field == 0 { return .absent }
        // Both by chance is one in 65536; to finish it then changes nothing.
        if field == sum(pseudo(frame)) { return .partial }
        return isChecksumRight(frame) ? .right : .wrong
    }

    /// Whether the transport checksum of ``isFlow`` agrees with the data.
    public func isChecksumRight(_ frame: [UInt8]) -> Bool {
        sum(pseudo(frame) + frame[(transport ?? 0)..<transportEnd]) == 0xFFFF
    }

    /// Whether the IPv4 header's checksum is right; IPv6 has none.
    public func isHeaderRight(_ frame: [UInt8]) -> Bool {
        kind != .ipv4 || sum(Array(frame[l2..<l2 + Int(frame[l2] & 15) * 4])) == 0xFFFF
    }
}

/// Which flow a frame belongs to; two frames with equal keys must not change places.
public enum FlowKey: Hashable, Sendable {
    /// Addresses, protocol, ports.
    case flow([UInt8])
    /// Addresses of a fragment: it may be of any flow between them.
    case fragment([UInt8])
    case other

    /// The key of a frame of at least 14 bytes.
    public init(_ frame: [UInt8], _ headers: Headers) {
        guard headers.isWellFormed, headers.isIP else {
            self = .other
            return
        }
        let base = headers.kind == .ipv4 ? headers.l2 + 12 : headers.l2 + 8
        let addresses = Array(frame[base..<base + (headers.kind == .ipv4 ? 8 : 32)])
        if headers.isFragment {
            self = .fragment(addresses)
        } else if headers.isFlow, let transport = headers.transport {
            self = .flow(addresses + [UInt8(headers.protocolNumber)] + frame[transport..<transport + 4])
        } else {
            self = .other
        }
    }
}
