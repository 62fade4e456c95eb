import WeftTypes
import WeftWire

/// The packets that a check is judged by: what two guests say to each other when one begins to talk to the other.
struct CheckPacket {
    /// Who says it.
    var source: Station
    /// Who is meant.
    var destination: Station
    /// What is said.
    var message: Message

    /// A guest's two addresses.
    struct Station {
        var mac: MACAddress
        var address: IPAddress
    }

    enum Message: Hashable {
        /// Who has the destination's address? To everybody, or for IPv6 to its group.
        case question
        /// I have it.
        case answer
        case echoRequest, echoReply
        case synchronize(port: UInt16)
        case synchronizeAcknowledge(port: UInt16)
        case datagram(port: UInt16)
        case datagramBack(port: UInt16)
    }

    /// The port that the asking guest has chosen for itself.
    private static var ownPort: UInt16 { 49152 }

    /// What it is called.
    var name: String {
        switch (message, source.address.family) {
        case (.question, .v4): "ARP request"
        case (.question, .v6): "neighbour solicitation"
        case (.answer, .v4): "ARP reply"
        case (.answer, .v6): "neighbour advertisement"
        case (.echoRequest, _): "echo request"
        case (.echoReply, _): "echo reply"
        case (.synchronize(let port), _): "SYN to tcp/\(port)"
        case (.synchronizeAcknowledge(let port), _): "SYN-ACK from tcp/\(port)"
        case (.datagram(let port), _): "datagram to udp/\(port)"
        case (.datagramBack(let port), _): "datagram from udp/\(port)"
        }
    }

    /// The Ethernet frame.
    var frame: [UInt8] {
        switch (source.address, destination.address) {
        case (.v4(let from), .v4(let to)):
            switch message {
            case .question: arp(.request, from: from, to: to, target: .zero, at: .broadcast)
            case .answer: arp(.reply, from: from, to: to, target: destination.mac, at: destination.mac)
            default: packet(from: from, to: to)
            }
        case (.v6(let from), .v6(let to)):
            switch message {
            case .question:
                discovery(
                    NeighbourDiscovery(.solicitation, target: to, linkLayerAddress: source.mac), from: from, to: to.solicitedNode,
                    at: to.solicitedNode.groupMAC)
            case .answer:
                discovery(
                    NeighbourDiscovery(
                        .advertisement, target: from, linkLayerAddress: source.mac, isSolicited: true, overrides: true),
                    from: from, to: to, at: destination.mac)
            default: packet(from: from, to: to)
            }
        case (.v4, .v6), (.v6, .v4): preconditionFailure("\(source.address) and \(destination.address) are of two families")
        }
    }

    private func arp(
        _ operation: ARPPacket.Operation, from: IPv4Address, to: IPv4Address, target: MACAddress, at destination: MACAddress
    ) -> [UInt8] {
        bytes(to: destination, .arp, payloadByteCount: 46) { payload in
            ARPPacket(operation: operation, senderMAC: source.mac, sender: from, targetMAC: target, target: to)
                .emit(into: &payload)
        }
    }

    private func discovery(
        _ message: NeighbourDiscovery, from: IPv6Address, to: IPv6Address, at destination: MACAddress
    ) -> [UInt8] {
        let byteCount = IPv6Header.byteCount + NeighbourDiscovery.emittedByteCount
        return completed(
            bytes(to: destination, .ipv6, payloadByteCount: byteCount) { payload in
                IPv6Header(
                    payloadLength: UInt16(NeighbourDiscovery.emittedByteCount), nextHeader: .icmpv6, hopLimit: 255, source: from,
                    destination: to
                ).emit(into: &payload)
                var body = payload._mutatingExtracting(IPv6Header.byteCount..<byteCount)
                message.emit(into: &body)
            })
    }

    private func packet(from: IPv4Address, to: IPv4Address) -> [UInt8] {
        let byteCount = IPv4Header.byteCount + transportByteCount
        return completed(
            bytes(to: destination.mac, .ipv4, payloadByteCount: byteCount) { payload in
                var header = payload._mutatingExtracting(0..<IPv4Header.byteCount)
                IPv4Header(
                    totalLength: UInt16(byteCount), dontFragment: true, protocolNumber: transport(icmp: .icmp), source: from,
                    destination: to
                ).emit(into: &header)
                Checksum.storeIPv4Header(into: &header)
                var body = payload._mutatingExtracting(IPv4Header.byteCount..<byteCount)
                emitTransport(into: &body)
            })
    }

    private func packet(from: IPv6Address, to: IPv6Address) -> [UInt8] {
        let byteCount = IPv6Header.byteCount + transportByteCount
        return completed(
            bytes(to: destination.mac, .ipv6, payloadByteCount: byteCount) { payload in
                IPv6Header(
                    payloadLength: UInt16(transportByteCount), nextHeader: transport(icmp: .icmpv6), source: from,
                    destination: to
                ).emit(into: &payload)
                var body = payload._mutatingExtracting(IPv6Header.byteCount..<byteCount)
                emitTransport(into: &body)
            })
    }

    // MARK: Transport

    private var transportHeaderByteCount: Int {
        switch message {
        case .question, .answer: 0
        case .echoRequest, .echoReply: ICMPHeader.byteCount
        case .synchronize, .synchronizeAcknowledge: TCPHeader.byteCount
        case .datagram, .datagramBack: UDPHeader.byteCount
        }
    }

    /// What follows the transport's header.
    private var payload: [UInt8] {
        switch message {
        case .question, .answer, .synchronize, .synchronizeAcknowledge: []
        case .echoRequest, .echoReply, .datagram, .datagramBack: Array("weft test".utf8)
        }
    }

    private var transportByteCount: Int { transportHeaderByteCount + payload.count }

    private func transport(icmp: IPProtocol) -> IPProtocol {
        switch message {
        case .question, .answer, .echoRequest, .echoReply: icmp
        case .synchronize, .synchronizeAcknowledge: .tcp
        case .datagram, .datagramBack: .udp
        }
    }

    private func emitTransport(into body: inout MutableRawSpan) {
        let isV6 = source.address.family == .v6
        switch message {
        case .question, .answer: return
        case .echoRequest, .echoReply:
            let isRequest = message == .echoRequest
            if isV6 {
                ICMPv6Header(kind: isRequest ? .echoRequest : .echoReply, word: 1).emit(into: &body)
            } else {
                ICMPHeader(kind: isRequest ? .echoRequest : .echoReply, word: 1).emit(into: &body)
            }
        case .synchronize(let port):
            TCPHeader(sourcePort: Self.ownPort, destinationPort: port, sequence: 1, flags: .syn, window: 65535).emit(into: &body)
        case .synchronizeAcknowledge(let port):
            TCPHeader(
                sourcePort: port, destinationPort: Self.ownPort, sequence: 1, acknowledgement: 2, flags: [.syn, .ack],
                window: 65535
            ).emit(into: &body)
        case .datagram(let port):
            UDPHeader(sourcePort: Self.ownPort, destinationPort: port, length: UInt16(transportByteCount)).emit(into: &body)
        case .datagramBack(let port):
            UDPHeader(sourcePort: port, destinationPort: Self.ownPort, length: UInt16(transportByteCount)).emit(into: &body)
        }
        for (index, byte) in payload.enumerated() { body.storeBigEndian(byte, at: transportHeaderByteCount + index) }
    }

    // MARK: Bytes

    private func bytes(
        to destination: MACAddress, _ type: EtherType, payloadByteCount: Int, _ fill: (inout MutableRawSpan) -> Void
    ) -> [UInt8] {
        var frame = [UInt8](repeating: 0, count: EthernetHeader.byteCount + payloadByteCount)
        frame.withMutableRawBytes { bytes in
            EthernetHeader(destination: destination, source: source.mac, etherType: type).emit(into: &bytes)
            var payload = bytes._mutatingExtracting(EthernetHeader.byteCount..<bytes.byteCount)
            fill(&payload)
        }
        return frame
    }

    /// The frame with its transport's checksum.
    private func completed(_ frame: [UInt8]) -> [UInt8] {
        var frame = frame
        frame.withMutableRawBytes { bytes in
            guard let layout = try? FrameLayout(parsing: bytes.bytes), let field = layout.transportChecksumOffset,
                let checksum = Checksum.transportChecksum(of: bytes.bytes, layout: layout)
            else { return }
            bytes.storeBigEndian(checksum, at: field)
        }
        return frame
    }
}
