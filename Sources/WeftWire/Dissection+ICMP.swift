import WeftTypes

extension Dissection {
    mutating func describeICMP(_ bytes: RawSpan, byteCount: Int) {
        guard let header = try? ICMPHeader(parsing: bytes) else { return write("[|icmp]") }
        let quoted = bytes.extracting(ICMPHeader.byteCount..<bytes.byteCount)
        switch header.kind {
        case .echoRequest, .echoReply:
            let name = header.kind == .echoRequest ? "request" : "reply"
            write("echo \(name), id \(header.identifier), seq \(header.sequence)")
        case .destinationUnreachable: describeUnreachable(header, quoted)
        case .timeExceeded: write(header.code == 0 ? "time exceeded in-transit" : "ip reassembly time exceeded")
        case .redirect: write("redirect to \(IPv4Address(rawValue: header.word))")
        case .parameterProblem: write("parameter problem - octet \(header.word >> 24)")
        case .sourceQuench: write("source quench")
        default: write("type-#\(header.kind.rawValue)")
        }
        write(", length \(byteCount)")
    }

    /// Says which packet could not be delivered, as far as it is quoted.
    private mutating func describeUnreachable(_ header: ICMPHeader, _ quoted: RawSpan) {
        guard let packet = try? IPv4Header(parsing: quoted) else { return write("unreachable, code \(header.code)") }
        let destination = packet.destination
        switch header.code {
        case 0: write("net \(destination) unreachable")
        case 1: write("host \(destination) unreachable")
        case 2: write("\(destination) protocol \(packet.protocolNumber.rawValue) unreachable")
        case 3:
            let payload = quoted.extracting(packet.headerByteCount..<quoted.byteCount)
            write("\(destination) \(quotedPort(payload, packet.protocolNumber)) unreachable")
        case ICMPHeader.fragmentationNeededCode:
            write("\(destination) unreachable - need to frag" + (header.sequence == 0 ? "" : " (mtu \(header.sequence))"))
        case 5: write("\(destination) unreachable - source route failed")
        case 9: write("net \(destination) unreachable - admin prohibited")
        case 10: write("host \(destination) unreachable - admin prohibited")
        case 13: write("host \(destination) unreachable - admin prohibited filter")
        default: write("\(destination) unreachable - #\(header.code)")
        }
    }

    /// `udp port 9999` of the packet that was refused.
    func quotedPort(_ payload: RawSpan, _ protocolNumber: IPProtocol) -> String {
        let name =
            switch protocolNumber {
            case .tcp: "tcp port"
            case .udp: "udp port"
            default: "protocol \(protocolNumber.rawValue) port"
            }
        guard payload.byteCount >= 4 else { return name }
        return "\(name) \(payload.bigEndian(at: 2, as: UInt16.self))"
    }
}
