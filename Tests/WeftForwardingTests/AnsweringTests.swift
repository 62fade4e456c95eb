import Testing
import WeftTypes
import WeftWire

@testable import WeftForwarding

/// Proxy ARP and ND (E8), and what is learnt from such frames.
@Suite struct AnsweringTests {
    static let ipv4 = IPAddress.v4(IPv4Address(rawValue: 0x0A01_0002))
    static let ipv6 = IPAddress.v6(IPv6Address(rawValue: Question.there))
    static let binding = Binding(mac: Network.there)

    /// A network in which the station `there` has two addresses.
    static func network(_ binding: Binding = binding) -> Network {
        var network = Network()
        for address in [ipv4, ipv6] { network.bindings.set(binding, for: BindingKey(Network.blue, address)) }
        return network
    }

    /// What a port gets back.
    static func reply(to frame: [UInt8], by decision: Network.Outcome) throws -> [UInt8] {
        guard case .resolve(let binding) = decision.verdict else { return [] }
        let layout = try #require(decision.layout)
        var count: Int?
        let bytes = emitted(NeighbourReply.maximumByteCount) {
            count = NeighbourReply.emit(binding, for: frame.rawBytes, layout, into: &$0)
        }
        return Array(bytes.prefix(try #require(count)))
    }

    @Test("E8: a request for a remote station's address is answered with its MAC") func arp() throws {
        var network = Self.network()
        let frame = Question.arp().bytes
        let decision = network.send(frame)
        #expect(decision.verdict == .resolve(Self.binding))
        let expected = Question(
            destination: Network.here, source: Network.there,
            body: .arp(
                Question.ARP(
                    operation: 2, senderMAC: Network.there, sender: 0x0A01_0002, targetMAC: Network.here, target: 0x0A01_0001)))
        #expect(try Self.reply(to: frame, by: decision) == expected.bytes)
    }

    @Test("E8: a solicitation is answered as solicited, and overriding; a router's as a router's", arguments: [false, true])
    func solicitation(isRouter: Bool) throws {
        let binding = Binding(mac: Network.there, isRouter: isRouter)
        var network = Self.network(binding)
        let frame = Question.solicitation().bytes
        let decision = network.send(frame)
        #expect(decision.verdict == .resolve(binding))
        var expected = Question.advertisement {
            $0.source = Question.there
            $0.destination = Question.here
            $0.flags = isRouter ? 0xE0 : 0x60
            $0.target = Question.there
            $0.options = [2, 1] + Network.there.bytes
        }
        (expected.destination, expected.source) = (Network.here, Network.there)
        let reply = try Self.reply(to: frame, by: decision)
        #expect(reply == expected.bytes)
        #expect(try isValidOnWire(reply))
    }

    @Test("E8: a probe and duplicate address detection see that an address is taken") func probes() throws {
        var network = Self.network()
        let probe = Question.arp { $0.sender = 0 }.bytes
        let decision = network.send(probe)
        let reply = try Self.reply(to: probe, by: decision)
        let packet = try ARPPacket(parsing: reply.rawBytes.extracting(14..<reply.count))
        #expect(packet.sender.rawValue == 0x0A01_0002 && packet.target.rawValue == 0 && packet.senderMAC == Network.there)
        #expect(decision.claimed == nil, "a probe claims nothing")

        let nonce: [UInt8] = [14, 1, 1, 2, 3, 4, 5, 6]
        for options in [[], nonce] {
            let detection = Question.solicitation {
                $0.source = 0
                $0.options = options
            }.bytes
            let verdict = network.send(detection)
            var expected = Question.advertisement {
                $0.source = Question.there
                $0.flags = 0x20
                $0.target = Question.there
                $0.options = [2, 1] + Network.there.bytes
            }
            expected.source = Network.there
            #expect(try Self.reply(to: detection, by: verdict) == expected.bytes)
            #expect(verdict.claimed == nil, "an address that is tried is not claimed")
        }
    }

    @Test("E8: what is unknown, announced, or asked of one station goes its way") func passes() {
        var network = Self.network()
        #expect(network.send(Question.arp { $0.target = 0x0A01_0063 }.bytes).verdict == .flood)
        #expect(network.send(Question.solicitation(Question.there + 9).bytes).verdict == .flood)
        // Gratuitous, of one's own and of somebody else's address.
        #expect(network.send(Question.arp { $0.target = $0.sender }.bytes).verdict == .flood)
        #expect(network.send(Question.arp { $0.sender = $0.target }.bytes).verdict == .flood)
        #expect(network.send(Question.arp { $0.operation = 2 }.bytes).verdict == .flood)
        #expect(network.send(Question.advertisement { $0.target = Question.there }.bytes).verdict == .flood)
        var unicast = Question.arp()
        unicast.destination = Network.there
        #expect(network.send(unicast.bytes).verdict == .encapsulate(PeerIndex(0)))
        var probe = Question.solicitation { $0.destination = Question.there }
        probe.destination = Network.there
        #expect(network.send(probe.bytes).verdict == .encapsulate(PeerIndex(0)))
        // A binding belongs to one segment.
        #expect(network.send(Question.arp().bytes, from: 2).verdict == .flood)
    }

    @Test("E8: never from a tunnel") func tunnels() {
        var network = Self.network()
        for var question in [Question.arp(), .solicitation()] {
            question.source = Network.nobody
            let decision = network.receive(question.bytes, from: 13)
            #expect(decision.verdict == .flood && decision.claimed == nil)
        }
    }

    @Test("E8: never for a station that is here, or that nobody knows the place of") func localStations() {
        var network = Self.network(Binding(mac: Network.pinned))
        #expect(network.send(Question.arp().bytes).verdict == .flood, "it is at port 1")
        network = Self.network(Binding(mac: Network.nobody))
        #expect(network.send(Question.arp().bytes).verdict == .flood, "it may be behind the same bridge")
        network.directory.handle(.announced(FDBKey(Network.blue, Network.nobody), PeerIndex(2), sequence: 1), now: network.now)
        #expect(network.send(Question.arp().bytes).verdict == .resolve(Binding(mac: Network.nobody)))
        // It has moved here, and gossip does not know it yet.
        _ = network.send(Frame(source: Network.nobody, payload: [1]).bytes)
        #expect(network.send(Question.arp().bytes).verdict == .flood)
    }

    @Test("E8: a station that asks for its own address is not told that it is taken") func ownAddress() {
        var network = Self.network(Binding(mac: Network.nobody))
        network.directory.handle(.announced(FDBKey(Network.blue, Network.nobody), PeerIndex(2), sequence: 1), now: network.now)
        var probe = Question.arp {
            $0.sender = 0
            $0.senderMAC = Network.nobody
        }
        probe.source = Network.nobody
        #expect(network.send(probe.bytes).verdict == .flood)
        var detection = Question.solicitation {
            $0.source = 0
            $0.options = []
        }
        detection.source = Network.nobody
        #expect(network.send(detection.bytes).verdict == .flood)
    }

    @Test("E8: what ARP forbids is neither answered nor believed") func badARP() {
        let changes: [(inout Question.ARP) -> Void] = [
            { $0.hardware = 6 }, { $0.network = 0x86DD }, { $0.sizes = 0x0804 }, { $0.operation = 3 }, { $0.operation = 0 },
            { $0.senderMAC = Network.nobody }, { $0.target = 0xE000_0001 }, { $0.target = .max }, { $0.sender = 0xE000_0001 },
        ]
        for (index, change) in changes.enumerated() {
            var network = Self.network()
            let decision = network.send(Question.arp(change).bytes)
            #expect(decision.verdict == .flood, "change \(index)")
            #expect((decision.claimed == nil) == (index != 6 && index != 7), "change \(index)")
        }
        for count in 14..<42 {
            var network = Self.network()
            let decision = network.send(Array(Question.arp().bytes.prefix(count)))
            #expect(decision.verdict == .flood && decision.claimed == nil)
        }
    }

    @Test("E8: what neighbour discovery forbids is neither answered nor believed (RFC 4861 §7.1)") func badDiscovery() {
        let changes: [(inout Question.Discovery) -> Void] = [
            { $0.hopLimit = 254 }, { $0.code = 1 }, { $0.checksum = .wrong }, { $0.checksum = .partial },
            { $0.options = [1, 1] + Network.nobody.bytes }, { $0.options = [] }, { $0.options = [1, 0, 0, 0, 0, 0, 0, 0] },
            { $0.options += [1] }, { $0.options += [9, 2, 0, 0, 0, 0, 0, 0] }, { $0.source = 0xff02 << 112 | 1 },
            { $0.source = 0 },  // duplicate address detection with a source option
            { $0.nextHeader = 17 }, { $0.target = 0xff02 << 112 | 5 },
        ]
        for (index, change) in changes.enumerated() {
            var network = Self.network()
            let decision = network.send(Question.solicitation(Question.there, change).bytes)
            #expect(decision.verdict == .flood && decision.claimed == nil, "change \(index)")
        }
        var network = Self.network()
        // Well formed, and only the owner can answer it; or to another group than the target's.
        let signed = network.send(Question.solicitation { $0.options += [12, 1, 0, 0, 0, 0, 0, 0] }.bytes)
        #expect(signed.verdict == .flood && signed.claimed?.address == .v6(IPv6Address(rawValue: Question.here)))
        #expect(network.send(Question.solicitation { $0.destination = Question.solicitedNode(7) }.bytes).verdict == .flood)
        let frame = Question.solicitation().bytes
        for count in 14..<frame.count {
            let decision = network.send(Array(frame.prefix(count)))
            #expect(decision.verdict == .flood && decision.claimed == nil)
        }
    }

    @Test("E8: a checksum that the guest left to us is right") func partialChecksum() throws {
        var network = Self.network()
        let frame = Question.solicitation { $0.checksum = .partial }.bytes
        let left = VirtioNetHeader(flags: .needsChecksum, checksumStart: 54, checksumOffset: 2)
        let decision = network.send(frame, offload: left)
        #expect(decision.verdict == .resolve(Self.binding) && decision.claimed != nil)
        #expect(try isValidOnWire(Self.reply(to: frame, by: decision)))
    }

    @Test("E8: a priority tag does not matter, a VLAN has no bindings") func tags() throws {
        for var question in [Question.arp(), .solicitation()] {
            var network = Self.network()
            question.tags = [0xE000]
            let frame = question.bytes
            let decision = network.send(frame)
            #expect(decision.verdict == .resolve(Self.binding) && decision.stripsTag)
            let reply = try Self.reply(to: frame, by: decision)
            #expect(Array(reply[12..<16]) == [0x81, 0, 0xE0, 0], "as it came, if the tag is still there")
            #expect(Array(reply[16...]).count == (reply[17] == 0x06 ? 30 : 74))
            // green carries tags: within a VLAN of it nothing is known.
            network.bindings.set(Self.binding, for: BindingKey(Network.green, Self.ipv4))
            network.bindings.set(Self.binding, for: BindingKey(Network.green, Self.ipv6))
            network.directory.handle(
                .announced(FDBKey(Network.green, Network.there), PeerIndex(1), sequence: 1), now: network.now)
            #expect(network.send(frame, from: 2).verdict == .resolve(Self.binding))
            for tags: [UInt16] in [[5], [0, 0], [0, 5]] {
                question.tags = tags
                let tagged = network.send(question.bytes, from: 2)
                #expect(tagged.verdict == .flood && tagged.claimed == nil)
            }
        }
    }

    @Test("ARP and ND that claim an address are told, once in a while") func claims() {
        let here4 = IPAddress.v4(IPv4Address(rawValue: 0x0A01_0001))
        let here6 = IPAddress.v6(IPv6Address(rawValue: Question.here))
        // Only an advertisement says whether its sender is a router.
        let questions: [(Question, IPAddress, Bool?)] = [
            (.arp(), here4, nil), (.arp { $0.operation = 2 }, here4, nil), (.arp { $0.target = $0.sender }, here4, nil),
            (.solicitation(), here6, nil), (.advertisement(), here6, false),
        ]
        for (question, address, isRouter) in questions {
            var network = Self.network()
            let event = network.send(question.bytes).claimed
            let expected = BindingEvent(
                key: FDBKey(Network.blue, Network.here), address: address, port: PortIndex(0), isRouter: isRouter,
                seen: network.now)
            #expect(event == expected)
            var reports = 0
            for _ in 0..<1000 {
                network.now = network.now.advanced(by: .milliseconds(100))
                if network.send(question.bytes).claimed != nil { reports += 1 }
            }
            #expect(reports == 6, "every 15 of 100 seconds")
        }
    }

    @Test("a router says so, and a change is told at once") func changes() {
        var network = Self.network()
        #expect(network.send(Question.advertisement().bytes).claimed?.isRouter == false)
        #expect(network.send(Question.advertisement { $0.flags = 0xA0 }.bytes).claimed?.isRouter == true)
        var other = Question.advertisement { $0.options = [2, 1] + Network.nobody.bytes }
        other.source = Network.nobody
        #expect(network.send(other.bytes).claimed?.key.mac == Network.nobody)
        #expect(network.send(other.bytes, from: 1).claimed?.port == PortIndex(1))
        // Without the option, or as an answer to everybody, it says nothing.
        #expect(network.send(Question.advertisement { $0.options = [] }.bytes).claimed == nil)
        let toAll = Question.advertisement {
            $0.flags = 0x60
            $0.target = Question.here + 1
        }
        #expect(network.send(toAll.bytes).claimed == nil)
    }

    @Test("a guest that claims many addresses is told of at its port's rate") func claimsAreLimited() {
        var network = Self.network()
        var reports = 0
        for number in UInt32(0)..<10_000 {
            if network.send(Question.arp { $0.sender = 0x0A02_0000 + number }.bytes).claimed != nil { reports += 1 }
            if number % 1000 == 0 { network.now = network.now.advanced(by: .milliseconds(20)) }
        }
        #expect(reports >= 256 && reports <= 256 + 110)
        var quiet = Question.arp()
        quiet.source = Network.pinned
        if case .arp(var arp) = quiet.body {
            arp.senderMAC = Network.pinned
            quiet.body = .arp(arp)
        }
        #expect(network.send(quiet.bytes, from: 1).claimed != nil, "another port has a limit of its own")
    }
}
