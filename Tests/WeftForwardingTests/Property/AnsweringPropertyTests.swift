import Testing
import WeftTypes
import WeftWire

@testable import WeftForwarding

/// ARP and neighbour discovery of all kinds, right and wrong, against ``NaiveResponder``.
@Suite struct AnsweringPropertyTests {
    static let router = MACAddress(rawValue: 0x5254_0000_0301)

    /// `.2` is at peer 0, `.3` here at port 1, `.4` nobody knows where, `.5` a router at peer 2.
    static let owners: [(UInt8, Binding)] = [
        (2, Binding(mac: Network.there)), (3, Binding(mac: Network.pinned)), (4, Binding(mac: Network.nobody)),
        (5, Binding(mac: router, isRouter: true)),
    ]

    static let tables: ForwardingTables = {
        var network = Network()
        network.directory.handle(.announced(FDBKey(Network.blue, router), PeerIndex(2), sequence: 1), now: network.now)
        for (last, binding) in owners {
            network.bindings.set(binding, for: BindingKey(Network.blue, .v4(IPv4Address(rawValue: 0x0A01_0000 + UInt32(last)))))
            network.bindings.set(
                binding, for: BindingKey(Network.blue, .v6(IPv6Address(rawValue: 0xfd00 << 112 | UInt128(last)))))
        }
        return network.tables
    }()

    static let naive: NaiveResponder = {
        var remote: [[UInt8]: (mac: [UInt8], isRouter: Bool)] = [:]
        for (last, binding) in owners where last == 2 || last == 5 {
            for address in [[10, 1, 0, last], [0xfd] + [UInt8](repeating: 0, count: 14) + [last]] {
                remote[address] = (binding.mac.bytes, binding.isRouter)
            }
        }
        return NaiveResponder(remote: remote)
    }()

    @Test("M3: answers and claims are those of a naive reference", arguments: UInt64(0)..<24) func agree(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var memory = PathMemory()
        var now = Instant(nanoseconds: 1_000_000_000_000)
        var (answers, claims) = (0, 0)
        for _ in 0..<3000 {
            // So long after the last frame that nothing is remembered of it.
            now = now.advanced(by: .seconds(20))
            var frame = Self.frame(using: &random)
            let isLeft = Int.random(in: 0..<4, using: &random) == 0
            let start = 54 + (frame.count > 13 && frame[12] == 0x81 ? 4 : 0)
            let offload =
                isLeft && frame.count > start + 4
                ? VirtioNetHeader(flags: .needsChecksum, checksumStart: UInt16(start), checksumOffset: 2) : .complete
            let expected = Self.naive.take(frame, isLeft: offload != .complete)
            let decision = Pipeline.decide(
                frame.rawBytes, offload: offload, from: PortIndex(0), tables: Self.tables, memory: &memory, now: now)
            let claimed = memory.takeClaim()
            var outcome = NaiveResponder.Outcome(claim: claimed.map { Self.bytes($0.address) })
            outcome.isRouter = claimed?.isRouter ?? false
            if case .resolve(let binding) = decision.verdict {
                let layout = try #require(decision.layout)
                var count: Int?
                let reply = emitted(NeighbourReply.maximumByteCount) {
                    count = NeighbourReply.emit(binding, for: frame.rawBytes, layout, into: &$0)
                }
                outcome.reply = Array(reply.prefix(try #require(count)))
                #expect(decision.layout?.ethernet.source != binding.mac)
            }
            #expect(outcome == expected, "\(frame)")
            if expected.reply != nil { answers += 1 }
            if expected.claim != nil { claims += 1 }
            // From a tunnel it is never answered, and claims nothing.
            frame = [8, 0, 0, 0, 0, 0, 100, 0] + frame
            let fromTunnel = Pipeline.decide(
                datagram: frame.rawBytes, arrival: Arrival(peer: PeerIndex(2)), tables: Self.tables, memory: &memory, now: now)
            if case .resolve = fromTunnel.verdict { Issue.record("answered into a tunnel: \(frame)") }
            let claimedByTunnel = memory.takeClaim()
            #expect(claimedByTunnel == nil)
        }
        #expect(answers > 300 && claims > 900, "\(answers) answers and \(claims) claims of 3000 frames test little")
    }

    static func bytes(_ address: IPAddress) -> [UInt8] {
        switch address {
        case .v4(let address): big(address.rawValue)
        case .v6(let address): big(address.rawValue)
        }
    }

    /// A question or a claim, with nothing, one thing or several things unusual or wrong about it.
    static func frame(using random: inout SeededRandom) -> [UInt8] {
        func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }
        let last = [2, 2, 5, 5, 3, 4, 6].randomElement(using: &random) ?? 2 as UInt8
        let source = [Network.here, Network.here, MACAddress(rawValue: 0x5254_0000_0401), Self.router].randomElement(
            using: &random)
        let asker = source ?? Network.here
        var question: Question
        if chance(2) {
            question = .arp {
                $0.senderMAC = chance(12) ? Network.nobody : asker
                $0.target = 0x0A01_0000 + UInt32(last)
                if chance(4) { $0.sender = 0 }
                if chance(10) { $0.sender = $0.target }
                if chance(12) { $0.sender = [0xE000_0005, 0x7F00_0001, .max, 5].randomElement(using: &random) ?? 0 }
                if chance(10) { $0.operation = .random(in: 0...3, using: &random) }
                if chance(20) { $0.hardware = 6 }
                if chance(20) { $0.sizes = 0x0810 }
                if chance(20) { $0.target = [0, .max, 0xE000_0001].randomElement(using: &random) ?? 0 }
            }
        } else {
            let isAdvertisement = chance(3)
            let change = { (message: inout Question.Discovery) in
                if !message.options.isEmpty { message.options.replaceSubrange(2..<8, with: asker.bytes) }
                if chance(5) && !isAdvertisement { (message.source, message.options) = (0, []) }
                if chance(6) { message.options += [14, 1, 1, 2, 3, 4, 5, 6] }
                if chance(12) {
                    message.options +=
                        [[1, 1, 2, 2, 2, 2, 2, 2], [2, 1, 2, 2, 2, 2, 2, 2], [12, 1, 0, 0, 0, 0, 0, 0]].randomElement(
                            using: &random) ?? []
                }
                if chance(20) {
                    message.options +=
                        [[1], [3, 0, 0, 0, 0, 0, 0, 0], [7, 2, 0, 0, 0, 0, 0, 0]].randomElement(using: &random) ?? []
                }
                if chance(15) { message.options = [] }
                if chance(12) { message.hopLimit = .random(in: 0 ... .max, using: &random) }
                if chance(20) { message.code = 1 }
                if chance(20) { message.nextHeader = [0, 44, 60, 17].randomElement(using: &random) ?? 0 }
                if chance(8) { message.checksum = .partial }
                if chance(15) { message.checksum = .wrong }
                if chance(12) {
                    message.destination =
                        [Question.solicitedNode(9), Question.there, 0xff02 << 112 | 1].randomElement(using: &random) ?? 0
                }
                if chance(15) {
                    message.source = [message.target, 1, 0xff02 << 112 | 7, 0xfe80 << 112 | 3].randomElement(using: &random) ?? 0
                }
                if chance(20) { message.target = [0, 1, 0xff02 << 112 | 7].randomElement(using: &random) ?? 0 }
                if isAdvertisement { message.flags = .random(in: 0 ... .max, using: &random) }
            }
            question = isAdvertisement ? .advertisement(change) : .solicitation(0xfd00 << 112 | UInt128(last), change)
        }
        question.source = asker
        if chance(12) {
            question.destination =
                [Network.there, Network.here, MACAddress(rawValue: 0x0180_C200_0003)].randomElement(using: &random) ?? .broadcast
        }
        if chance(6) { question.tags = [[0xE000], [0], [5], [0, 0], [0x2005]].randomElement(using: &random) ?? [] }
        var frame = question.bytes
        if chance(3) { frame += [UInt8](repeating: 0, count: .random(in: 1...30, using: &random)) }
        if chance(8) { frame[.random(in: 12..<frame.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
        if chance(16) { frame = Array(frame.prefix(.random(in: 0...frame.count, using: &random))) }
        return frame
    }
}
