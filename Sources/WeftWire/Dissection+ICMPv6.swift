import WeftTypes

extension Dissection {
    mutating func describeICMPv6(_ bytes: RawSpan, byteCount: Int) {
        guard let header = try? ICMPv6Header(parsing: bytes) else { return write("[|icmp6]") }
        let body = bytes.extracting(ICMPv6Header.byteCount..<bytes.byteCount)
        switch header.kind {
        case .echoRequest, .echoReply:
            let name = header.kind == .echoRequest ? "request" : "reply"
            write("echo \(name), id \(header.identifier), seq \(header.sequence)")
        case .destinationUnreachable: describeUnreachableV6(header, body)
        case .packetTooBig: write("packet too big, mtu \(header.word)")
        case .timeExceeded:
            write(header.code == 0 ? "time exceeded in-transit" : "ip reassembly time exceeded")
            if let packet = try? IPv6Header(parsing: body) { write(" for \(packet.destination)") }
        case .parameterProblem: write("parameter problem, code \(header.code) - octet \(header.word)")
        case .routerSolicitation: write("router solicitation")
        case .routerAdvertisement: write("router advertisement")
        case .neighbourSolicitation: write("neighbor solicitation\(address(in: body, after: ", who has "))")
        case .neighbourAdvertisement: write("neighbor advertisement\(address(in: body, after: ", tgt is "))")
        case .redirect: write("redirect\(address(in: body, after: ", to "))")
        case .listenerQuery:
            write("multicast listener query" + (body.byteCount > 16 ? " v2" : "") + groupAddress(in: body))
        case .listenerReport: write("multicast listener report\(groupAddress(in: body))")
        case .listenerDone: write("multicast listener done\(groupAddress(in: body))")
        case .listenerReportV2: write("multicast listener report v2, \(header.sequence) group record(s)")
        default: write("type-#\(header.kind.rawValue)")
        }
        write(", length \(byteCount)")
    }

    private mutating func describeUnreachableV6(_ header: ICMPv6Header, _ quoted: RawSpan) {
        guard let packet = try? IPv6Header(parsing: quoted) else { return write("destination unreachable, code \(header.code)") }
        let destination = packet.destination
        switch header.code {
        case 0: write("destination unreachable, unreachable route \(destination)")
        case 1: write("destination unreachable, unreachable prohibited \(destination)")
        case 2: write("destination unreachable, beyond scope \(destination)")
        case 3: write("destination unreachable, unreachable address \(destination)")
        case 4:
            let payload = quoted.extracting(IPv6Header.byteCount..<quoted.byteCount)
            guard let extensions = try? IPv6Extensions(parsing: payload, nextHeader: packet.nextHeader) else {
                return write("destination unreachable, unreachable port, \(destination)")
            }
            let transport = payload.extracting(extensions.byteCount..<payload.byteCount)
            let port = quotedPort(transport, extensions.protocolNumber)
            write("destination unreachable, unreachable port, \(destination) \(port)")
        default: write("destination unreachable, code \(header.code), \(destination)")
        }
    }

    private func address(in body: RawSpan, after text: String) -> String {
        body.byteCount >= 16 ? "\(text)\(body.ipv6Address(at: 0))" : " [|icmp6]"
    }

    /// A query to all groups names none.
    private func groupAddress(in body: RawSpan) -> String {
        guard body.byteCount >= 16 else { return " [|icmp6]" }
        let group = body.ipv6Address(at: 0)
        return group.isUnspecified ? "" : " \(group)"
    }
}
