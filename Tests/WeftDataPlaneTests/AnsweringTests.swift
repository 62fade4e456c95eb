import Glibc
import Testing
import WeftDataPlane
import WeftForwarding
import WeftLinux
import WeftTypes
import WeftWire

/// Questions of real guests answered, late frames sent on, announcements: with devices, sockets and other hosts' sockets.
@Suite(.serialized, .enabled(if: Rig.isPossible, Rig.reason)) struct AnsweringTests {
    /// A station behind bravo that nobody runs.
    static func station(_ number: Int) -> MACAddress { MACAddress(rawValue: 0x0256_0000_0000 + UInt64(number)) }

    /// alpha with its guest, and `count` stations behind bravo that have an IPv4 and an IPv6 address each.
    static func alpha(_ rig: Rig, stations count: Int, port: Rig.Port = .tap) throws -> DataPlane {
        let plane = try rig.start("alpha", peer: .gossipAgent, port: port)
        plane.handle((0..<count).map { .announced(FDBKey(Rig.segment, station($0)), PeerIndex(0), sequence: 1) })
        let refused = plane.setBindings(
            (0..<count).flatMap { number in
                let binding = Binding(mac: station(number), isRouter: number == 1)
                return [address4(number), address6(number)].map { BindingChange(Rig.segment, $0, binding) }
            })
        #expect(refused == 0 && plane.bindingCount == 2 * count)
        return plane
    }

    static func address4(_ number: Int) -> IPAddress { .v4(IPv4Address(rawValue: 0x0A01_0100 + UInt32(number))) }
    static func address6(_ number: Int) -> IPAddress { .v6(IPv6Address(rawValue: 0xfd00 << 112 | 0x1_0000 + UInt128(number))) }

    @Test("E8: a guest's kernel resolves other hosts' stations by our answers", arguments: [Rig.Port.tap, .veth])
    func resolves(port: Rig.Port) throws {
        let rig = try Rig()
        let plane = try Self.alpha(rig, stations: 3, port: port)
        try rig.ip("guest-alpha", "address add 10.1.1.200/16 dev eth0")
        for number in 0..<3 {
            for address in [Self.address4(number), Self.address6(number)] {
                // Nobody answers the ping itself.
                _ = try? rig.run("guest-alpha", "ping", "-c1", "-W1", address.description)
                let entry = try rig.run("guest-alpha", "ip", "neigh", "show", address.description)
                #expect(entry.contains("lladdr \(Self.station(number))"), "\(address): \(entry)")
                if case .v6 = address { #expect(entry.contains("router") == (number == 1), "\(entry)") }
            }
        }
        #expect(try rig.settled(plane).ports[PortIndex(0)]?.answered ?? 0 >= 6)
    }

    @Test("E8: an address that another host's station has is seen as taken") func duplicateAddress() throws {
        let rig = try Rig()
        _ = try Self.alpha(rig, stations: 1)
        try rig.ip("guest-alpha", "address add \(Self.address6(0))/64 dev eth0")
        try rig.ip("guest-alpha", "address add \(Self.address6(7))/64 dev eth0")
        try rig.poll(seconds: 5) {
            (try? rig.run("guest-alpha", "ip", "-6", "address", "show", "dev", "eth0").contains("dadfailed")) == true
        }
        try rig.poll(seconds: 5) {
            let lines = try? rig.run("guest-alpha", "ip", "-6", "address", "show", "dev", "eth0").split(separator: "\n")
            return lines?.contains { $0.contains("\(Self.address6(7))") && !$0.contains("tentative") } == true
        }
    }

    @Test("M3: 100,000 questions for 50,000 stations are answered, none wrong") func many() throws {
        let rig = try Rig()
        let count = 50_000
        let plane = try Self.alpha(rig, stations: count)
        let guest = try RawSocket(device: "eth0", in: rig.namespace("guest-alpha"))
        let before = try rig.settled(plane).total.answered
        var (answered, wrong, sent) = (0, 0, 0)
        func take() {
            while let frame = guest.receive() {
                guard let answer = Self.answer(frame) else { continue }
                answered += 1
                if answer.mac != Self.station(answer.number) || answer.claims != answer.mac { wrong += 1 }
            }
        }
        for number in 0..<count {
            for question in [Self.request(number), Self.solicitation(number)] {
                try guest.send(question)
                sent += 1
            }
            // No more on the way than the device's queue holds.
            var waits = 0
            while sent - answered > 128 && waits < 1000 {
                take()
                if sent - answered > 128 {
                    waits += 1
                    usleep(100)
                }
            }
            if waits == 1000 { throw Rig.Failure(description: "\(answered) of \(sent) answered, no more in 100 ms") }
        }
        for _ in 0..<20 where answered < sent {
            usleep(10_000)
            take()
        }
        #expect(
            sent == 100_000 && Double(answered) >= 0.999 * Double(sent) && wrong == 0, "\(answered) of \(sent), \(wrong) wrong")
        let counters = try rig.settled(plane).total
        #expect(counters.answered - before >= UInt64(answered))
    }

    @Test("bindings go with their segment, stay within the limit, and are taken away") func bindings() throws {
        let rig = try Rig()
        let plane = try rig.start("alpha", peer: .gossipAgent, adjust: { $0.bindingLimit = 3 })
        let changes = (0..<5).map { BindingChange(Rig.segment, Self.address4($0), Binding(mac: Self.station($0))) }
        #expect(plane.setBindings(changes) == 2 && plane.bindingCount == 3)
        #expect(plane.setBindings([BindingChange(SegmentIndex(9), Self.address4(0), Binding(mac: Self.station(0)))]) == 1)
        #expect(plane.setBindings([BindingChange(Rig.segment, Self.address4(0), nil)]) == 0 && plane.bindingCount == 2)
        #expect(plane.binding(for: BindingKey(Rig.segment, Self.address4(1))) == Binding(mac: Self.station(1)))
        plane.configure(FabricDescription(), stations: [])
        #expect(plane.bindingCount == 0)
    }

    @Test("what a guest says about its addresses comes to the control side") func snooping() throws {
        let rig = try Rig()
        try rig.start("alpha", peer: .gossipAgent)
        _ = try? rig.run("guest-alpha", "ping", "-c1", "-W1", "10.1.0.77")
        _ = try? rig.run("guest-alpha", "ping", "-c1", "-W1", "fd00::77")
        let wanted: Set<IPAddress> = [.v4(IPv4Address(rawValue: 0x0A01_0001)), .v6(IPv6Address(rawValue: 0xfd00 << 112 | 1))]
        try rig.poll(seconds: 5) {
            let bindings = rig.sightings.withLock { $0.flatMap(\.bindings) }
            return wanted.isSubset(of: bindings.filter { $0.key == FDBKey(Rig.segment, Rig.mac("alpha")) }.map(\.address))
        }
        let sightings = rig.sightings.withLock { $0 }
        #expect(sightings.flatMap(\.bindings).allSatisfy { $0.port == PortIndex(0) })
        #expect(sightings.flatMap(\.stations).contains { $0.key == FDBKey(Rig.segment, Rig.mac("alpha")) })
    }

    // MARK: Frames

    static func request(_ number: Int) -> [UInt8] {
        guard case .v4(let target) = address4(number) else { return [] }
        var frame = [UInt8](repeating: 0, count: 42)
        frame.withMutableRawBytes { bytes in
            EthernetHeader(destination: .broadcast, source: Rig.mac("alpha"), etherType: .arp).emit(into: &bytes)
        }
        var body = [UInt8](repeating: 0, count: ARPPacket.byteCount)
        body.withMutableRawBytes {
            ARPPacket(
                operation: .request, senderMAC: Rig.mac("alpha"), sender: IPv4Address(rawValue: 0x0A01_0001), targetMAC: .zero,
                target: target
            ).emit(into: &$0)
        }
        return frame.prefix(14) + body
    }

    static func solicitation(_ number: Int) -> [UInt8] {
        guard case .v6(let target) = address6(number) else { return [] }
        let source = IPv6Address(rawValue: 0xfd00 << 112 | 1)
        let group = target.solicitedNode
        var body = [UInt8](repeating: 0, count: NeighbourDiscovery.emittedByteCount)
        body.withMutableRawBytes {
            NeighbourDiscovery(.solicitation, target: target, linkLayerAddress: Rig.mac("alpha")).emit(into: &$0)
        }
        let sum = Checksum.pseudoHeaderSum(
            source: source, destination: group, protocolNumber: .icmpv6, byteCount: body.count)
        let checksum = ~Checksum.fold(Checksum.sum(body.rawBytes, initial: sum))
        var header = [UInt8](repeating: 0, count: 54)
        header.withMutableRawBytes { bytes in
            EthernetHeader(destination: group.groupMAC, source: Rig.mac("alpha"), etherType: .ipv6).emit(into: &bytes)
        }
        var network = [UInt8](repeating: 0, count: IPv6Header.byteCount)
        network.withMutableRawBytes {
            IPv6Header(payloadLength: 32, nextHeader: .icmpv6, hopLimit: 255, source: source, destination: group)
                .emit(into: &$0)
            body.withMutableRawBytes { $0.storeBigEndian(checksum, at: 2) }
        }
        return header.prefix(14) + network + body
    }

    /// Which station's address an answer is about, from whom it comes, and what it claims.
    static func answer(_ frame: [UInt8]) -> (number: Int, mac: MACAddress, claims: MACAddress?)? {
        guard let layout = try? FrameLayout(parsing: frame.rawBytes) else { return nil }
        let source = layout.ethernet.source
        if layout.network == .arp {
            guard let packet = try? ARPPacket(parsing: frame.rawBytes.extracting(14..<frame.count)), packet.operation == .reply,
                packet.targetMAC == Rig.mac("alpha")
            else { return nil }
            return (Int(packet.sender.rawValue) - 0x0A01_0100, source, packet.senderMAC)
        }
        guard layout.transportProtocol == .icmpv6, let start = layout.transportOffset,
            let message = try? NeighbourDiscovery(parsing: frame.rawBytes.extracting(start..<layout.packetEnd)),
            message.kind == .advertisement, Checksum.verifyTransport(of: frame.rawBytes, layout: layout) == .valid
        else { return nil }
        return (Int(truncatingIfNeeded: message.target.rawValue & 0xff_ffff) - 0x1_0000, source, message.linkLayerAddress)
    }
}
