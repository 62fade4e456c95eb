import Testing
import WeftForwarding
import WeftTypes
import WeftWire

@Suite struct AnnouncementTests {
    static let mac = MACAddress(rawValue: 0x5254_0000_0203)

    @Test("RFC 903, as hypervisors send it") func reverseARP() {
        let body: [UInt8] = [0, 1, 8, 0, 6, 4, 0, 3] + Self.mac.bytes + [0, 0, 0, 0] + Self.mac.bytes + [0, 0, 0, 0]
        let expected = MACAddress.broadcast.bytes + Self.mac.bytes + [0x80, 0x35] + body
        #expect(Announcement.reverseARP(of: Self.mac) == expected + [UInt8](repeating: 0, count: 60 - expected.count))
    }

    @Test("RFC 5227 §3: a request for the sender's own address") func gratuitousARP() {
        let body: [UInt8] = [0, 1, 8, 0, 6, 4, 0, 1] + Self.mac.bytes + [10, 1, 0, 9] + [0, 0, 0, 0, 0, 0] + [10, 1, 0, 9]
        let expected = MACAddress.broadcast.bytes + Self.mac.bytes + [8, 6] + body
        let frame = Announcement.binding(of: .v4(IPv4Address(rawValue: 0x0A01_0009)), to: Binding(mac: Self.mac))
        #expect(frame == expected + [UInt8](repeating: 0, count: 60 - expected.count))
    }

    @Test("RFC 4861 §7.2.6: an unsolicited advertisement to all nodes", arguments: [false, true])
    func advertisement(isRouter: Bool) throws {
        var expected = Question.advertisement {
            $0.flags = isRouter ? 0xA0 : 0x20
            $0.options = [2, 1] + Self.mac.bytes
        }
        expected.source = Self.mac
        let frame = Announcement.binding(
            of: .v6(IPv6Address(rawValue: Question.here)), to: Binding(mac: Self.mac, isRouter: isRouter))
        #expect(frame == expected.bytes)
        #expect(try isValidOnWire(frame))
    }

    @Test("injected frames go to a segment's members, or are dropped for a reason") func injected() throws {
        var network = Network()
        let frame = Announcement.reverseARP(of: Self.mac)
        func verdict(_ frame: [UInt8], _ segment: SegmentIndex = Network.blue) -> Verdict? {
            Pipeline.decide(injected: frame.rawBytes, into: segment, tables: network.tables)?.verdict
        }
        #expect(verdict(frame) == .flood)
        #expect(verdict(frame, SegmentIndex(9)) == .drop(.unknownVNI))
        #expect(verdict(Array(frame.prefix(13))) == nil)
        #expect(verdict(frame + [UInt8](repeating: 0, count: 1500)) == .drop(.oversize))
        network.fabric.segments[1].members = []
        #expect(verdict(frame, Network.green) == .drop(.noMembers))
    }
}
