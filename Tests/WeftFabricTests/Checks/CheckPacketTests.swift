import Testing
import WeftTypes
import WeftWire

@testable import WeftFabric

/// The packets of checks are such as guests would take.
@Suite struct CheckPacketTests {
    private func station(_ mac: UInt64, _ address: String) throws -> CheckPacket.Station {
        CheckPacket.Station(mac: MACAddress(rawValue: mac), address: try #require(IPAddress(address)))
    }

    @Test(arguments: [("10.1.0.1", "10.1.0.2"), ("2001:db8::1", "2001:db8::2")])
    func framesAreWellFormed(addresses: (String, String)) throws {
        let messages: [CheckPacket.Message] = [
            .question, .answer, .echoRequest, .echoReply, .synchronize(port: 80), .synchronizeAcknowledge(port: 80),
            .datagram(port: 53), .datagramBack(port: 53),
        ]
        for message in messages {
            let packet = CheckPacket(
                source: try station(0x0200_0000_0001, addresses.0), destination: try station(0x0200_0000_0002, addresses.1),
                message: message)
            let bytes = packet.frame
            let frame = unsafe bytes.span.bytes
            let layout = try FrameLayout(parsing: frame)
            #expect(layout.malformation == nil, "\(packet.name)")
            #expect(layout.ethernet.source == packet.source.mac)
            let verdict = Checksum.verifyTransport(of: frame, layout: layout)
            #expect(layout.isIP ? verdict == .valid : layout.ethernet.etherType == .arp, "\(packet.name): \(verdict)")
        }
    }
}
