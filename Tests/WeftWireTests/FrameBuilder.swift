import WeftTypes
import WeftWire

/// A frame put together from parts, with where each part went: the naive model that ``FrameLayout`` is held against.
struct FrameBuilder: Sendable {
    var tags: [VLANTag] = []
    var isIPv6 = false
    /// IPv4 options or IPv6 extension headers, as bytes; the latter without their next-header fields set.
    var ipv4OptionByteCount = 0
    var extensions: [IPProtocol] = []
    var transport = IPProtocol.udp
    var tcpOptionByteCount = 0
    var payload: [UInt8] = []
    var padding = 0
    var source: UInt128 = 1
    var destination: UInt128 = 2
    var ports: (UInt16, UInt16) = (49152, 80)

    /// A random frame that is right in every respect but its transport checksum, which is 0.
    init(using random: inout SeededRandom) {
        tags = (0..<Int.random(in: 0...4, using: &random)).map { _ in
            VLANTag(tpid: .random(using: &random) ? .vlan : .serviceVLAN, vlan: .random(in: 0...4095, using: &random))
        }
        isIPv6 = .random(using: &random)
        ipv4OptionByteCount = 4 * Int.random(in: 0...10, using: &random)
        let kinds: [IPProtocol] = [.hopByHop, .routing, .destinationOptions, .authentication, .mobility, .fragment]
        extensions = (0..<Int.random(in: 0...4, using: &random)).compactMap { _ in kinds.randomElement(using: &random) }
        transport = [.tcp, .udp, isIPv6 ? .icmpv6 : .icmp].randomElement(using: &random) ?? .udp
        tcpOptionByteCount = 4 * Int.random(in: 0...10, using: &random)
        payload = randomBytes(.random(in: 0...200, using: &random), using: &random)
        padding = Int.random(in: 0...40, using: &random)
        source = random.number()
        destination = random.number()
        ports = (random.number(), .random(in: 0...4000, using: &random))
    }

    init() {}

    var l2ByteCount: Int { 14 + 4 * tags.count }
    var networkHeaderByteCount: Int {
        isIPv6 ? 40 + extensions.map { $0 == .authentication ? 12 : 8 }.reduce(0, +) : 20 + ipv4OptionByteCount
    }
    var transportHeaderByteCount: Int { transport == .tcp ? 20 + tcpOptionByteCount : 8 }
    var transportOffset: Int { l2ByteCount + networkHeaderByteCount }
    var payloadOffset: Int { transportOffset + transportHeaderByteCount }
    var packetEnd: Int { payloadOffset + payload.count }

    /// The frame.
    func bytes() -> [UInt8] {
        linkHeader() + networkHeader() + transportHeader() + payload + [UInt8](repeating: 0xEE, count: padding)
    }

    private func linkHeader() -> [UInt8] {
        let types = tags.map(\.tpid) + [isIPv6 ? EtherType.ipv6 : .ipv4]
        let header = EthernetHeader(
            destination: MACAddress(rawValue: 0x5254_0000_0002), source: MACAddress(rawValue: 0x5254_0000_0001),
            etherType: types[0])
        let tagBytes = zip(tags, types.dropFirst()).flatMap { tag, next in
            Array(emitted(4) { tag.emit(into: &$0) }.dropFirst(2)) + [UInt8(next.rawValue >> 8), UInt8(next.rawValue & 0xFF)]
        }
        return emitted(14) { header.emit(into: &$0) } + tagBytes
    }

    private func networkHeader() -> [UInt8] {
        let rest = transportHeaderByteCount + payload.count
        guard isIPv6 else {
            let header = IPv4Header(
                headerByteCount: networkHeaderByteCount, totalLength: UInt16(networkHeaderByteCount + rest),
                protocolNumber: transport, source: IPv4Address(rawValue: UInt32(truncatingIfNeeded: source)),
                destination: IPv4Address(rawValue: UInt32(truncatingIfNeeded: destination)))
            var bytes = emitted(20) { header.emit(into: &$0) } + [UInt8](repeating: 1, count: ipv4OptionByteCount)
            bytes.withMutableRawBytes { Checksum.storeIPv4Header(into: &$0) }
            return bytes
        }
        let chain = extensions + [transport]
        let header = IPv6Header(
            payloadLength: UInt16(networkHeaderByteCount - 40 + rest), nextHeader: chain[0],
            source: IPv6Address(rawValue: source), destination: IPv6Address(rawValue: destination))
        let extensionBytes = zip(extensions, chain.dropFirst()).flatMap { kind, next -> [UInt8] in
            switch kind {
            case .authentication: [next.rawValue, 1] + [UInt8](repeating: 0, count: 10)
            case .fragment: [next.rawValue, 0, 0, 0, 0, 0, 0, 7]  // an atomic one: no more fragments, offset 0
            default: [next.rawValue, 0, 1, 0, 0, 0, 0, 0]
            }
        }
        return emitted(40) { header.emit(into: &$0) } + extensionBytes
    }

    private func transportHeader() -> [UInt8] {
        switch transport {
        case .tcp:
            let header = TCPHeader(
                sourcePort: ports.0, destinationPort: ports.1, sequence: 7, headerByteCount: transportHeaderByteCount,
                flags: [.ack], window: 100)
            return emitted(20) { header.emit(into: &$0) } + [UInt8](repeating: 1, count: tcpOptionByteCount)
        case .udp:
            let header = UDPHeader(
                sourcePort: ports.0, destinationPort: ports.1, length: UInt16(8 + payload.count))
            return emitted(8) { header.emit(into: &$0) }
        default: return [isIPv6 ? 128 : 8, 0, 0, 0, 0, 5, 0, 9]  // echo request, id 5, seq 9
        }
    }
}
