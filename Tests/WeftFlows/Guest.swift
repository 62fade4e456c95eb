import WeftTypes

/// A station that talks to another one, in one flow: its headers change as real ones do, and as hostile ones do.
public struct Flow: Sendable {
    /// The next packet's headers.
    public var packet: Packet
    /// The most payload of a superframe.
    public var limit: Int
    private var hasFixedIdentification: Bool

    /// Starts a flow between two stations.
    ///
    /// `number` makes its ports its own; flows with different numbers are different.
    public init(
        from source: [UInt8], to destination: [UInt8], number: Int, tags: [(type: UInt16, control: UInt16)] = [], limit: Int,
        using random: inout SeededRandom
    ) {
        let isIPv6 = Bool.random(using: &random)
        let host = { (last: UInt8) -> [UInt8] in
            isIPv6 ? [0xFD] + [UInt8](repeating: 0, count: 14) + [last] : [10, 1, 0, last]
        }
        packet = Packet(
            destination: destination, source: source, isTCP: Int.random(in: 0..<3, using: &random) > 0, from: host(1), to: host(2)
        )
        packet.tags = tags
        packet.sourcePort = 40000 + UInt16(number)
        packet.destinationPort = 5999
        packet.sequence = .random(in: 0 ... .max, using: &random)
        packet.acknowledgement = .random(in: 0 ... .max, using: &random)
        packet.identification = .random(in: 0 ... .max, using: &random)
        packet.dontFragment = Int.random(in: 0..<4, using: &random) > 0
        packet.trafficClass = Bool.random(using: &random) ? 0 : .random(in: 0 ... .max, using: &random)
        packet.flowLabel = .random(in: 0...0xFFFFF, using: &random)
        packet.ttl = .random(in: 1 ... .max, using: &random)
        self.limit = limit
        hasFixedIdentification = packet.dontFragment && Int.random(in: 0..<3, using: &random) == 0
        if packet.isTCP && Bool.random(using: &random) { packet.tcpOptions = Self.timestamps(&random) }
        guard Int.random(in: 0..<6, using: &random) == 0 else { return }
        if isIPv6 {
            packet.extensions = Self.extensions(&random)
        } else {  // router alert, which is copied into fragments, and record route, which is not
            packet.options = Bool.random(using: &random) ? [0x94, 4, 0, 0] : [0x94, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 0]
        }
    }

    private static func timestamps(_ random: inout SeededRandom) -> [UInt8] {
        [1, 1, 8, 10] + big(UInt32.random(in: 0...3, using: &random)) + big(UInt32.random(in: 0...1, using: &random))
    }

    private static func extensions(_ random: inout SeededRandom) -> [(number: UInt8, bytes: [UInt8])] {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: [(60, [0, 0, 1, 4, 0, 0, 0, 0])]
        case 1: [(0, [0, 0, 5, 2, 0, 0, 1, 0]), (60, [0, 1, 1, 12] + [UInt8](repeating: 0, count: 12))]
        case 2: [(43, [0, 2, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0xFD, count: 16))]  // a routing header, all stops visited
        default: [(44, [0, 0, 0, 0, 1, 2, 3, 4])]  // an atomic fragment (RFC 6946)
        }
    }

    /// A frame as a guest hands it over.
    public struct Sent: Sendable {
        public var frame: [UInt8]
        public var offload: OffloadHeader
        /// What it was made of, where it is TCP or UDP and whole.
        public var packet: Packet?

        public init(frame: [UInt8], offload: OffloadHeader = OffloadHeader(), packet: Packet? = nil) {
            self.frame = frame
            self.offload = offload
            self.packet = packet
        }
    }

    /// The flow's next frame, mostly a superframe.
    public mutating func next(using random: inout SeededRandom) -> Sent {
        if Int.random(in: 0..<4, using: &random) == 0 { wander(&random) }
        var sent = packet
        sent.checksumState = .partial
        let kind = Int.random(in: 0..<10, using: &random)
        let segmentSize = segmentSize(&random)
        if kind < 5 {
            let most = max(1, min(limit, 64 * segmentSize, 65000))
            sent.payload = bytes(.random(in: 1...most, using: &random), &random)
        } else if kind < 8 {
            sent.payload = bytes(.random(in: 0...1390, using: &random), &random)
        } else {
            sent.payload = bytes(.random(in: 0...20, using: &random), &random)
        }
        flag(&sent, &random)
        if Int.random(in: 0..<8, using: &random) == 0 { sent.makeChecksumZero(segmentSize: kind < 5 ? segmentSize : 65535) }
        if kind >= 5 { finish(&sent, &random) }
        let pieces = kind < 5 ? (sent.payload.count + segmentSize - 1) / segmentSize : 1
        packet.sequence &+= UInt32(sent.payload.count) + (sent.flags & 3 != 0 && sent.isTCP ? 1 : 0)
        if !hasFixedIdentification { packet.identification &+= UInt16(pieces) }
        return Sent(frame: sent.bytes, offload: sent.offload(segmentSize: kind < 5 ? segmentSize : 0), packet: sent)
    }

    /// Bytes, of which a wrong one shows; sometimes all zeros or ones, whose sums are special.
    private func bytes(_ count: Int, _ random: inout SeededRandom) -> [UInt8] {
        let kind = Int.random(in: 0..<16, using: &random)
        if kind < 2 { return [UInt8](repeating: kind == 0 ? 0 : 0xFF, count: count) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            let word = random.next()
            bytes += [
                UInt8(word & 0xFF), UInt8(word >> 8 & 0xFF), UInt8(word >> 16 & 0xFF), UInt8(word >> 24 & 0xFF),
                UInt8(word >> 32 & 0xFF), UInt8(word >> 40 & 0xFF), UInt8(word >> 48 & 0xFF), UInt8(word >> 56 & 0xFF),
            ]
        }
        return Array(bytes.prefix(count))
    }

    private func segmentSize(_ random: inout SeededRandom) -> Int {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: .random(in: 1...20, using: &random)
        case 1: .random(in: 1400...1500, using: &random)
        case 2...4: 1300
        default: .random(in: 200...1370, using: &random)
        }
    }

    private func flag(_ sent: inout Packet, _ random: inout SeededRandom) {
        guard sent.isTCP else { return }
        if Int.random(in: 0..<3, using: &random) == 0 { sent.flags |= Packet.Flag.psh }
        switch Int.random(in: 0..<30, using: &random) {
        case 0: sent.flags |= Packet.Flag.fin
        case 1: sent.flags |= Packet.Flag.cwr
        case 2: sent.flags |= Packet.Flag.ece
        case 3: sent.flags = Packet.Flag.rst
        case 4: sent.flags = Packet.Flag.syn
        case 5: (sent.flags, sent.urgent) = (sent.flags | Packet.Flag.urg, 1)
        default: break
        }
    }

    /// What differs from one single frame to the next.
    private func finish(_ sent: inout Packet, _ random: inout SeededRandom) {
        switch Int.random(in: 0..<12, using: &random) {
        case 0: sent.checksumState = .wrong
        case 1: sent.checksumState = sent.isTCP ? .right : .absent
        case 2...5: sent.checksumState = .right
        default: break
        }
        let count = sent.headerByteCount + sent.payload.count
        guard count < 60, Bool.random(using: &random) else { return }
        sent.padding = Bool.random(using: &random) ? [UInt8](repeating: 0, count: 60 - count) : bytes(60 - count, &random)
    }

    /// One header field changes for good.
    private mutating func wander(_ random: inout SeededRandom) {
        switch Int.random(in: 0..<13, using: &random) {
        case 0: packet.ttl = .random(in: 1 ... .max, using: &random)
        case 1: packet.trafficClass ^= 3
        case 2: packet.trafficClass ^= 0xB8
        case 3: if packet.extensions.isEmpty && packet.options.isEmpty { packet.dontFragment.toggle() }
        case 4: packet.identification = .random(in: 0 ... .max, using: &random)
        case 5: packet.window = .random(in: 0 ... .max, using: &random)
        case 6: packet.acknowledgement &+= 1000
        case 7: if packet.isTCP { packet.tcpOptions = Self.timestamps(&random) }
        case 8: if packet.isTCP { packet.tcpOptions = [1, 1, 5, 10] + big(packet.acknowledgement) + big(UInt32(77)) }
        case 9: packet.tcpOptions = []
        case 10: packet.sequence &+= 1
        case 11: packet.sequence &-= 100
        default: packet.flowLabel ^= 1
        }
    }
}

extension Flow {
    /// Something else that guests send: ARP, ICMP, fragments, what is not IP, what claims to be and is not, strange tags.
    public static func oddity(from source: [UInt8], to destination: [UInt8], using random: inout SeededRandom) -> Sent {
        var flow = Flow(
            from: source, to: destination, number: .random(in: 0..<3, using: &random), limit: 1000, using: &random)
        flow.packet.payload = flow.bytes(.random(in: 0...1300, using: &random), &random)
        let ethernet = destination + source
        let data = flow.packet.payload
        switch Int.random(in: 0..<14, using: &random) {
        case 0:
            return Sent(
                frame: ethernet + [8, 6, 0, 1, 8, 0, 6, 4, 0, 1] + source + [10, 1, 0, 1, 0, 0, 0, 0, 0, 0, 10, 1, 0, 2])
        case 1: return Sent(frame: ethernet + big(UInt16.random(in: 0x0900...0x80FF, using: &random)) + data)
        case 2: return Sent(frame: ethernet + big(UInt16(data.count)) + data)  // IEEE 802.3
        case 3: return Sent(frame: [0x01, 0x80, 0xC2, 0, 0, .random(in: 0...17, using: &random)] + source + [8, 0] + data)
        case 4: return Sent(frame: [UInt8](repeating: 0xFF, count: 6) + source + [0x88, 0xB5] + data)
        case 5: return Sent(frame: destination + [UInt8.random(in: 0...1, using: &random), 0, 0, 0, 0, 0] + [8, 0] + data)
        case 6:
            let control = UInt16.random(in: 0...2, using: &random) == 0 ? 5 : UInt16(0xA000)
            flow.packet.tags = [(0x8100, control)] + (Bool.random(using: &random) ? [(0x8100, 0)] : [])
            return Sent(frame: flow.packet.bytes)
        case 7: return Sent(frame: Array((ethernet + [0x81, 0, 0, 0, 8, 0]).prefix(.random(in: 0...18, using: &random))))
        case 8, 9: return fragment(flow, &random)
        case 10:  // ICMP and what is not known
            var frame = flow.packet.bytes
            frame[14 + (flow.packet.isIPv6 ? 6 : 9)] = [1, 58, 4, 50, 59, 132].randomElement(using: &random) ?? 1
            if !flow.packet.isIPv6 { completeHeader(&frame, Headers(flow.packet.bytes)) }
            return Sent(frame: frame)
        case 11:  // a byte of the headers is not what it was
            var frame = flow.packet.bytes
            frame[.random(in: 14..<flow.packet.headerByteCount, using: &random)] = .random(in: 0 ... .max, using: &random)
            return Sent(frame: frame)
        case 12: return Sent(frame: Array(flow.packet.bytes.dropLast(.random(in: 1...30, using: &random))))
        case 13:  // a datagram that ends before its packet does (RFC 9868)
            flow.packet.isTCP = false
            flow.packet.checksumState = [.right, .partial, .wrong].randomElement(using: &random) ?? .right
            flow.packet.options = []
            var frame = flow.packet.bytes + [1, 2, 3, 4, 5, 6]
            let length = flow.packet.isIPv6 ? 18 : 16
            frame.put(big(UInt16(frame.number16(length) + 6)), at: length)
            if !flow.packet.isIPv6 { completeHeader(&frame, Headers(frame)) }
            return Sent(frame: frame)
        default:  // an offload header that lies
            flow.packet.checksumState = .partial
            var offload = flow.packet.offload(segmentSize: 100)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: offload.start += 14
            case 1: offload.type = [1, 3, 4, 5].randomElement(using: &random) ?? 3
            case 2: offload.flags = 0
            case 3: offload.segmentSize = 0
            default: offload.offset = 40000
            }
            return Sent(frame: flow.packet.bytes, offload: offload)
        }
    }

    /// A fragment, of IPv4 or IPv6: the first, one between, or the last.
    private static func fragment(_ flow: Flow, _ random: inout SeededRandom) -> Sent {
        let (offset, more) = [(0, 1), (1, 1), (1, 0)].randomElement(using: &random) ?? (0, 1)
        var packet = flow.packet
        if packet.isIPv6 {
            packet.extensions = [(44, [0, 0] + big(UInt16(offset * 1480 | more)) + [0, 0, 0, 7])]
            return Sent(frame: packet.bytes)
        }
        packet.options = []
        packet.dontFragment = false
        var frame = packet.bytes
        frame.put(big(UInt16(more << 13 | offset * 185)), at: 20)
        completeHeader(&frame, Headers(packet.bytes))
        return Sent(frame: frame)
    }
}
