import Glibc
import Testing
import WeftFlows
import WeftTypes

// Random flows through cut → wire → merge, each step compared with a reference that shares no code with it (Tests/WeftFlows).
// A failure names its seed. `WEFT_PROPERTY_SEEDS=50000 swift test --filter FlowPropertyTests` is a campaign;
// `WEFT_PROPERTY_SEEDS=17-17` runs one seed again.

/// Which seeds are run.
enum Campaign {
    /// Seeds from `WEFT_PROPERTY_SEEDS`: how many, or first-last; otherwise as many as take a few seconds.
    static func seeds(_ count: UInt64) -> ClosedRange<UInt64> {
        guard let text = unsafe getenv("WEFT_PROPERTY_SEEDS") else { return 0...count - 1 }
        let numbers = unsafe String(cString: text).split(separator: "-").compactMap { UInt64($0) }
        switch numbers.count {
        case 1 where numbers[0] > 0: return 0...numbers[0] - 1
        case 2 where numbers[0] <= numbers[1]: return numbers[0]...numbers[1]
        default: preconditionFailure("WEFT_PROPERTY_SEEDS is a number of seeds, or FIRST-LAST")
        }
    }
}

@Suite struct FlowPropertyTests {
    /// What a guest's flow sends into a tunnel, and which segment it is in.
    private struct Sender {
        var segment: Int
        var peer: Int
        var source: [UInt8]
        var flow: Flow

        init(number: Int, limit: Int, using random: inout SeededRandom) {
            segment = Int.random(in: 0..<DataPath.segmentCount, using: &random)
            peer = Int.random(in: 0..<DataPath.peerCount, using: &random)
            source = DataPath.far.dropLast() + [UInt8(2 + peer)]
            var tags: [(type: UInt16, control: UInt16)] = []
            switch Int.random(in: 0..<4, using: &random) {
            case 0 where segment == 1: tags = [(0x8100, 0x2005)]
            case 1 where segment == 1: tags = [(0x88A8, 7), (0x8100, 5)]
            case 2: tags = [(0x8100, 0xE000)]
            default: break
            }
            flow = Flow(from: source, to: DataPath.near, number: number, tags: tags, limit: limit, using: &random)
        }
    }

    @Test("a superframe is cut into what the guest would have sent itself", arguments: Campaign.seeds(250))
    func cuts(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var flow = Flow(from: DataPath.near, to: DataPath.far, number: 0, limit: 20_000, using: &random)
        flow.packet.tags = Array([(0x88A8, 7), (0x8100, 5), (0x8100, 0)].prefix(.random(in: 0...3, using: &random)))
        for _ in 0..<4 {
            let sent = flow.next(using: &random)
            guard let packet = sent.packet, sent.offload.isSuperframe else { continue }
            let expected = packet.cut(segmentSize: sent.offload.segmentSize).map(\.bytes)
            #expect(expected == (try cutAsKernel(sent.frame, sent.offload)), "the references disagree: \(sent.offload)")
            let pieces = DataPath.cut(sent.frame, segmentSize: sent.offload.segmentSize)
            #expect(pieces == expected, "\(sent.offload)")
            for piece in pieces ?? [] {
                let headers = Headers(piece)
                #expect(headers.isChecksumRight(piece) && headers.isHeaderRight(piece), "\(sent.offload)")
            }
        }
    }

    @Test("into the tunnel: each frame becomes the datagrams it should", arguments: Campaign.seeds(250))
    func sends(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let path = DataPath(local: DataPath.near, remote: DataPath.far)
        let rules = DataPath.rules(known: DataPath.far)
        var senders = (0..<3).map { Sender(number: $0, limit: 8_000, using: &random) }
        for index in senders.indices {
            senders[index].flow.packet.source = DataPath.near
            senders[index].flow.packet.destination = DataPath.far
        }
        for turn in 0..<12 {
            let index = Int.random(in: senders.indices, using: &random)
            let isOdd = Int.random(in: 0..<3, using: &random) == 0
            let sent =
                isOdd
                ? Flow.oddity(from: DataPath.near, to: DataPath.far, using: &random)
                : senders[index].flow.next(using: &random)
            let expected = rules[senders[index].segment].sent(sent.frame, sent.offload)
            let made = path.send(sent, segment: senders[index].segment)
            #expect(
                made == (expected.isEmpty ? .dropped : .frames(expected)),
                "turn \(turn): \(sent.frame.count) bytes \(sent.frame.prefix(60)) with \(sent.offload)")
        }
    }

    @Test("out of the tunnel: the same frames, the same order per flow, never a wrong checksum", arguments: Campaign.seeds(300))
    func receives(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let frameLimit = Int.random(in: 0..<6, using: &random) == 0 ? Int.random(in: 1...40, using: &random) : 1024
        let path = DataPath(
            local: DataPath.near, remote: DataPath.far, frameLimit: frameLimit,
            mergesUDP: Int.random(in: 0..<5, using: &random) > 0)
        var senders = (0..<Int.random(in: 1...5, using: &random)).map {
            Sender(number: $0, limit: 6_000, using: &random)
        }
        for _ in 0..<2 {
            let batch = Self.arrivals(&senders, using: &random)
            let (written, dropped) = path.receive(batch)
            _ = try Judge.judge(
                batch, written, dropped: dropped, rules: DataPath.rules(known: DataPath.near), known: DataPath.near)
        }
    }

    @Test("what a kernel would merge is merged: one superframe comes back as one", arguments: Campaign.seeds(150))
    func merges(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let alone = Whole(number: 0, using: &random)
        let written = try Self.merge([alone], using: &random)
        #expect(written.map(\.bytes) == [alone.packet.bytes])
        #expect(written.first?.offload == alone.packet.offload(segmentSize: alone.segmentSize))
        // Beside each other too, but for flows that meet in the merger's table of flows: not thrice in a row.
        let isTogether = try (0..<3).contains { attempt in
            let flows = (0..<3).map { Whole(number: 10 * attempt + $0, using: &random) }
            return try Self.merge(flows, using: &random).count == flows.count
        }
        #expect(isTogether)
    }

    /// A superframe that must come back as one.
    private struct Whole {
        var packet: Packet
        var segmentSize: Int
        var arrivals: [Arrived]

        init(number: Int, using random: inout SeededRandom) {
            let sender = Sender(number: number, limit: 1, using: &random)
            packet = sender.flow.packet
            packet.options = []
            packet.extensions = []
            if sender.segment == 0 { packet.tags = [] }
            packet.flags |= [0, Packet.Flag.psh, Packet.Flag.fin, Packet.Flag.ece].randomElement(using: &random) ?? 0
            let size = Int.random(in: 1...1300, using: &random)
            segmentSize = size
            packet.payload = (0..<Int.random(in: size + 1...min(60 * size, 6_000 + size), using: &random)).map {
                UInt8(truncatingIfNeeded: $0 &* $0 >> 3)
            }
            packet.checksumState = .partial
            let isUnfinished = Bool.random(using: &random)
            arrivals = packet.cut(segmentSize: size).map { piece in
                var bytes = piece.bytes
                if isUnfinished { Wire.uncomplete(&bytes) }
                return Arrived(frame: bytes, segment: sender.segment, peer: sender.peer)
            }
        }
    }

    private static func merge(_ flows: [Whole], using random: inout SeededRandom) throws -> [Delivered] {
        let path = DataPath(local: DataPath.near, remote: DataPath.far)
        let batch = Wire.interleave(flows.map(\.arrivals), using: &random)
        let (written, dropped) = path.receive(batch)
        _ = try Judge.judge(batch, written, dropped: dropped, rules: DataPath.rules(known: DataPath.near), known: DataPath.near)
        return written
    }

    /// A batch of datagrams from several peers, after all that can happen on the way.
    private static func arrivals(_ senders: inout [Sender], using random: inout SeededRandom) -> [Arrived] {
        var lists: [[Arrived]] = []
        for index in senders.indices {
            let (segment, peer) = (senders[index].segment, senders[index].peer)
            // What a kernel peer does not finish, it finishes for no frame of a flow.
            let isUnfinished = Int.random(in: 0..<4, using: &random) == 0
            let isTrunk = Int.random(in: 0..<4, using: &random) == 0
            var list: [Arrived] = []
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let sent = senders[index].flow.next(using: &random)
                if isTrunk && sent.offload.isSuperframe {
                    var packet = sent.packet
                    packet?.checksumState = [.right, .partial, .wrong].randomElement(using: &random) ?? .right
                    let size = sent.offload.type == 5 && Bool.random(using: &random) ? sent.offload.segmentSize : nil
                    list.append(
                        Arrived(frame: packet?.bytes ?? sent.frame, segment: segment, peer: peer, segmentSize: size))
                    continue
                }
                let pieces = sent.offload.isSuperframe ? (try? cutAsKernel(sent.frame, sent.offload)) ?? [] : [sent.frame]
                for var piece in pieces {
                    if isUnfinished { Wire.uncomplete(&piece) }
                    if Int.random(in: 0..<60, using: &random) == 0 { Wire.damage(&piece, using: &random) }
                    list.append(Arrived(frame: piece, segment: segment, peer: peer))
                }
            }
            for index in list.indices where Int.random(in: 0..<60, using: &random) == 0 {  // a station moves, or is two
                list[index].peer = Int.random(in: 0..<DataPath.peerCount, using: &random)
                if Bool.random(using: &random) { list[index].segment = 1 - segment }
            }
            Wire.disturb(&list, using: &random)
            if Int.random(in: 0..<3, using: &random) == 0 {
                let odd = Flow.oddity(from: senders[index].source, to: DataPath.near, using: &random)
                list.insert(
                    Arrived(frame: odd.frame, segment: segment, peer: peer),
                    at: .random(in: 0...list.count, using: &random))
            }
            lists.append(list)
        }
        return Wire.interleave(lists, using: &random)
    }
}
