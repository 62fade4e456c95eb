import Testing
import WeftTypes

@testable import WeftGossip

@Suite struct CodecTests {
    static let address = GossipAddress(address: .v4(IPv4Address(rawValue: 0xC000_020B)))
    static let header: [UInt8] =
        [0x01]  // version
        + [0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF]  // sender
        + [0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x01]  // epoch, refutation
    static let ping: [UInt8] = [0x01, 0x00, 0x04, 0xDE, 0xAD, 0xBE, 0xEF]
    static let sender = NodeID(rawValue: 0x0011_2233_4455_6677_8899_AABB_CCDD_EEFF)

    private func parsed(_ bytes: [UInt8]) -> Result<Datagram, GossipFormatError> {
        do throws(GossipFormatError) { return .success(try Datagram(parsing: bytes)) } catch { return .failure(error) }
    }

    @Test func readsADatagram() throws {
        let datagram = try parsed(Self.header + Self.ping + [0x87, 0x00, 0x02, 1, 2, 0xBF, 0x00, 0x01, 9]).get()
        #expect(datagram.sender == Self.sender && datagram.incarnation == Incarnation(epoch: 3, refutation: 1))
        #expect(datagram.parts.map(\.type) == [.membership(.ping), .membership(.digest)])
        #expect(datagram.skippedCount == 1)  // type 63, optional
        var body = datagram.parts[0].body
        #expect(try body.integer(UInt32.self) == 0xDEAD_BEEF)
        #expect(body.isAtEnd)
    }

    @Test func writesADatagram() {
        var writer = DatagramWriter(sender: Self.sender, incarnation: Incarnation(epoch: 3, refutation: 1), limit: 100)
        writer.part(MembershipPart.ping.rawValue) { $0.write(UInt32(0xDEAD_BEEF)) }
        #expect(writer.bytes == Self.header + Self.ping)
        #expect(writer.fits(body: 100 - 32 - 3) && !writer.fits(body: 100 - 32 - 2))
    }

    @Test(
        "each way to be wrong",
        arguments: [
            ([], GossipFormatError.truncated), ([0x02] + header.dropFirst(), .unknownVersion(2)),
            (Array(header.dropLast()), .truncated),
            (header + [0x01], .truncated), (header + [0x01, 0x00], .truncated), (header + ping.dropLast(), .truncated),
            (header + ping + [0x3E, 0x00, 0x00], .unknownMandatoryPart(0x3E)),
        ])
    func rejects(bytes: [UInt8], error: GossipFormatError) {
        guard case .failure(let thrown) = parsed(bytes) else {
            Issue.record("accepted")
            return
        }
        #expect(thrown == error)
    }

    @Test func writesAStatement() throws {
        var update = MemberUpdate(
            id: Self.sender, state: .suspect, incarnation: Incarnation(epoch: 3, refutation: 1), address: Self.address)
        update.accusers.insert(0x0102_0304)
        var writer = DatagramWriter(sender: Self.sender, incarnation: update.incarnation, limit: 200)
        update.emit(into: &writer)
        let wire: [UInt8] =
            [0b01_001_001] + Self.header.dropFirst()  // IPv4, one accuser, suspect
            + [192, 0, 2, 11, 0x1F, 0x0C]  // address, port 7948
            + [1, 2, 3, 4]  // accuser
        #expect(Array(writer.bytes.dropFirst(DatagramWriter.headerByteCount)) == wire && update.byteCount == wire.count)
        var reader = ByteReader(wire)
        #expect(try MemberUpdate(parsing: &reader) == update)
    }

    @Test("parse ∘ emit = identity", arguments: UInt64(0)..<64) func statementsRoundTrip(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let addresses: [GossipAddress?] = [
            nil, GossipAddress(address: .v4(IPv4Address(rawValue: UInt32(truncatingIfNeeded: random.next()))), udpPort: 1),
            GossipAddress(address: .v6(IPv6Address(rawValue: UInt128(random.next()) << 64 | 7)), udpPort: 65535),
        ]
        var update = MemberUpdate(
            id: NodeID(rawValue: UInt128(random.next()) << 64 | UInt128(random.next())),
            state: MemberState.allCases[Int(seed % 4)],
            incarnation: Incarnation(
                epoch: UInt32(truncatingIfNeeded: random.next()), refutation: UInt32(truncatingIfNeeded: random.next())),
            address: addresses[Int(seed / 4 % 3)])
        for _ in 0..<Int.random(in: 0...4, using: &random) { update.accusers.insert(UInt32(truncatingIfNeeded: random.next())) }
        var writer = DatagramWriter(sender: update.id, incarnation: update.incarnation, limit: 200)
        update.emit(into: &writer)
        let wire = Array(writer.bytes.dropFirst(DatagramWriter.headerByteCount))
        #expect(wire.count == update.byteCount && wire.count <= MemberUpdate.maximumByteCount)
        var reader = ByteReader(wire)
        #expect(try MemberUpdate(parsing: &reader) == update)
        #expect(reader.isAtEnd)
        // The table gives back what was put in.
        var entry = MemberEntry(
            id: update.id, incarnation: update.incarnation, address: update.address, changed: Instant(nanoseconds: 0))
        entry.state = update.state
        #expect(entry.id == update.id && entry.state == update.state && entry.address == update.address)
    }

    @Test("a node survives what isn't a datagram, and counts it", arguments: UInt64(0)..<20) func fuzz(seed: UInt64) {
        var fabric = TestFabric(seed: seed)
        fabric.add()
        fabric.add(joining: [0])
        fabric.run(for: .seconds(2))
        var random = SeededRandom(seed: seed)
        var samples: [[UInt8]] = [Self.header + Self.ping]
        var effects: [GossipNode.Effect] = []
        fabric.nodes[1].handle(.tick, now: fabric.now.advanced(by: .milliseconds(520)), into: &effects)
        for case .send(let bytes, _) in effects { samples.append(bytes) }
        for _ in 0..<500 {
            var bytes = samples[Int.random(in: 0..<samples.count, using: &random)]
            for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8(truncatingIfNeeded: random.next())
            }
            if Bool.random(using: &random) { bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random))) }
            if Int.random(in: 0..<10, using: &random) == 0 {
                bytes += (0..<40).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            }
            fabric.give(.received(bytes, from: Self.address), to: 0)
        }
        fabric.give(.received([UInt8](repeating: 1, count: 1156), from: Self.address), to: 0)
        let counters = fabric.nodes[0].counters
        #expect(counters[.droppedMalformed] > 0 && counters[.droppedVersion] > 0 && counters[.droppedOversized] == 1)
        #expect(fabric.nodes[0].members.count <= 510)
    }

    @Test("unknown optional parts are skipped, unknown mandatory ones drop the datagram") func versionSkew() {
        var fabric = TestFabric(seed: 3)
        fabric.add()
        fabric.give(.received(Self.header + [0x3E, 0x00, 0x00] + Self.ping, from: Self.address), to: 0)
        #expect(fabric.nodes[0].counters[.droppedMandatory] == 1 && fabric.nodes[0].members.count == 1)
        fabric.give(.received(Self.header + [0xBE, 0x00, 0x00] + Self.ping, from: Self.address), to: 0)
        #expect(fabric.nodes[0].counters[.skippedParts] == 1 && fabric.nodes[0].members.count == 2)
    }
}
