import WeftTypes

extension Dissection {
    /// What IPv4 and IPv6 packets have in common once their headers are read.
    struct Packet {
        var source: String
        var destination: String
        var protocolNumber: IPProtocol
        /// Payload bytes that the header announces; there may be fewer.
        var byteCount: Int
        /// What stands between the endpoints and the payload: extension headers, fragments.
        var notes = ""
        var isLaterFragment = false
        var isIPv6 = false
    }

    mutating func describeIPv4(_ bytes: RawSpan) {
        let header: IPv4Header
        do throws(WireError) {
            header = try IPv4Header(parsing: bytes)
        } catch {
            return write(complaint(error, "ip"))
        }
        let missing = Int(header.totalLength) - bytes.byteCount
        if missing > 0 { write("truncated-ip - \(missing) bytes missing! ") }
        var packet = Packet(
            source: header.source.description, destination: header.destination.description,
            protocolNumber: header.protocolNumber, byteCount: header.payloadByteCount)
        packet.isLaterFragment = header.fragmentOffset != 0
        if header.isFragment { packet.notes = "frag (\(header.fragmentOffset)|\(packet.byteCount)) " }
        describePayload(bytes.extracting(header.headerByteCount..<min(bytes.byteCount, Int(header.totalLength))), of: packet)
    }

    mutating func describeIPv6(_ bytes: RawSpan) {
        let header: IPv6Header
        do throws(WireError) {
            header = try IPv6Header(parsing: bytes)
        } catch {
            return write(complaint(error, "ip6"))
        }
        let end = IPv6Header.byteCount + Int(header.payloadLength)
        if end > bytes.byteCount { write("truncated-ip6 - \(end - bytes.byteCount) bytes missing! ") }
        var packet = Packet(
            source: header.source.description, destination: header.destination.description,
            protocolNumber: header.nextHeader, byteCount: Int(header.payloadLength), isIPv6: true)
        let payload = bytes.extracting(IPv6Header.byteCount..<min(bytes.byteCount, end))
        let extensions: IPv6Extensions
        do throws(WireError) {
            extensions = try IPv6Extensions(parsing: payload, nextHeader: header.nextHeader)
        } catch {
            return write("\(packet.source) > \(packet.destination): " + complaint(error, "ext"))
        }
        packet.protocolNumber = extensions.protocolNumber
        packet.byteCount -= extensions.byteCount
        packet.notes = names(of: extensions, in: payload, from: header.nextHeader)
        packet.isLaterFragment = (extensions.fragment?.offset ?? 0) != 0
        describePayload(payload.extracting(extensions.byteCount..<payload.byteCount), of: packet)
    }

    /// `HBH DSTOPT `, with `frag (0|1448) ` for a fragment header.
    private func names(of extensions: IPv6Extensions, in payload: RawSpan, from nextHeader: IPProtocol) -> String {
        var names = ""
        var next = nextHeader
        var offset = 0
        for _ in 0..<extensions.count {
            let byteCount = IPv6Extensions.byteCount(of: next, length: payload.bigEndian(at: offset + 1))
            switch next {
            case .hopByHop: names += "HBH "
            case .routing: names += "RT6 "
            case .destinationOptions: names += "DSTOPT "
            case .authentication: names += "AH "
            case .mobility: names += "mobility "
            case .fragment:
                let fragmentOffset = payload.bigEndian(at: offset + 2, as: UInt16.self) & 0xFFF8
                names += "frag (\(fragmentOffset)|\(payload.byteCount - offset - byteCount)) "
            default: names += "ip-proto-\(next.rawValue) "
            }
            next = IPProtocol(rawValue: payload.bigEndian(at: offset))
            offset += byteCount
        }
        return names
    }

    private mutating func describePayload(_ payload: RawSpan, of packet: Packet) {
        let start = { (ports: (UInt16, UInt16)?) in
            let (from, to) = ports.map { (".\($0)", ".\($1)") } ?? ("", "")
            return "\(packet.source)\(from) > \(packet.destination)\(to): \(packet.notes)"
        }
        if packet.isLaterFragment {
            write(start(nil) + packet.protocolNumber.description)
            return
        }
        switch (packet.protocolNumber, packet.isIPv6) {
        case (.tcp, _):
            do throws(WireError) {
                let header = try TCPHeader(parsing: payload)
                write(start((header.sourcePort, header.destinationPort)))
                describeTCP(header, payload, byteCount: packet.byteCount)
            } catch { write(start(nil) + complaint(error, "tcp")) }
        case (.udp, _):
            do throws(WireError) {
                let header = try UDPHeader(parsing: payload)
                write(start((header.sourcePort, header.destinationPort)))
                describeUDP(header, payload)
            } catch { write(start(nil) + complaint(error, "udp")) }
        case (.icmp, false):
            write(start(nil) + "ICMP ")
            describeICMP(payload, byteCount: packet.byteCount)
        case (.icmpv6, true):
            write(start(nil) + "ICMP6, ")
            describeICMPv6(payload, byteCount: packet.byteCount)
        case (.igmp, false):
            write(start(nil) + "igmp ")
            describeIGMP(payload)
        case (.noNextHeader, true): write(start(nil) + "no next header")
        default: write(start(nil) + "\(packet.protocolNumber), length \(packet.byteCount)")
        }
    }

    /// `[|tcp]` for what ends early, else what is wrong.
    func complaint(_ error: WireError, _ name: String) -> String {
        switch error {
        case .truncated: "[|\(name)]"
        case .badVersion(_, let version): "version \(version) (invalid)"
        case .badLength(_, let length): "bad length \(length) (invalid)"
        case .badFlags(_, let flags): "flags 0x\(hexadecimal(flags, width: 2)) (invalid)"
        case .badType(_, let type): "type \(type) (invalid)"
        case .tooMany(_, let limit): "more than \(limit) headers (invalid)"
        }
    }

    /// Membership of IPv4 groups, versions 1 to 3 (RFC 2236, RFC 3376).
    private mutating func describeIGMP(_ bytes: RawSpan) {
        guard bytes.byteCount >= 8 else { return write("[|igmp]") }
        let group = bytes.ipv4Address(at: 4)
        switch bytes.bigEndian(at: 0, as: UInt8.self) {
        case 0x11:
            write("query" + (bytes.byteCount >= 12 ? " v3" : " v2") + (group.rawValue == 0 ? "" : " \(group)"))
        case 0x12: write("v1 report \(group)")
        case 0x16: write("v2 report \(group)")
        case 0x17: write("leave \(group)")
        case 0x22: write("v3 report, \(bytes.bigEndian(at: 6, as: UInt16.self)) group record(s)")
        case let type: write("type 0x\(hexadecimal(type, width: 2))")
        }
    }
}

extension IPProtocol: CustomStringConvertible {
    /// The name of the protocol, or `ip-proto-253`.
    public var description: String {
        switch self {
        case .icmp: "ICMP"
        case .igmp: "IGMP"
        case .tcp: "TCP"
        case .udp: "UDP"
        case IPProtocol(rawValue: 4): "IPIP"
        case IPProtocol(rawValue: 41): "IP6IP"
        case IPProtocol(rawValue: 47): "GRE"
        case .esp: "ESP"
        case .authentication: "AH"
        case .icmpv6: "ICMP6"
        case IPProtocol(rawValue: 89): "OSPF"
        case IPProtocol(rawValue: 112): "VRRP"
        case IPProtocol(rawValue: 132): "SCTP"
        default: "ip-proto-\(rawValue)"
        }
    }
}
