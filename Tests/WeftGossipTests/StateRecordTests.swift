import Testing
import WeftTypes

@testable import WeftGossip

@Suite struct StateRecordTests {
    static let nodeBytes: [UInt8] = [
        0x01,  // settled
        0x12, 0xB5,  // UDP port 4789
        0x02, 4, 192, 0, 2, 11,  // two addresses: IPv4 …
        6, 0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01,  // … and IPv6
        0x01, 4, 192, 0, 2, 11, 0x1F, 0x0C,  // one gossip address with port 7948
        0, 0, 0, 0, 0, 0, 0, 0x05,  // features
        0x02, 0x68, 0x31,  // "h1"
        0x85, 0x00, 0x01, 0xFF,  // an optional field of a later version
    ]

    @Test func nodeRecord() throws {
        let record = try NodeRecord(RecordValue(checked: Self.nodeBytes))
        #expect(record.isSettled && record.name == "h1" && record.features == 5)
        #expect(record.vteps.map(\.description) == ["192.0.2.11:4789", "[2001:db8::1]:4789"])
        #expect(record.gossipAddresses.map(\.description) == ["192.0.2.11:7948"])
        #expect(record.optionalFields.fields == [.init(type: 0x85, bytes: [0xFF])])
        #expect(try record.encoded().bytes == Self.nodeBytes)
        #expect(NodeRecord.vteps(of: RecordValue(checked: Self.nodeBytes)) == record.vteps)
    }

    @Test("a node record that is cut anywhere is refused") func truncatedNode() {
        for count in Self.nodeBytes.indices where count != Self.nodeBytes.count - 4 {
            #expect(throws: GossipFormatError.truncated) {
                try NodeRecord(RecordValue(checked: Array(Self.nodeBytes.prefix(count))))
            }
        }
    }

    @Test func segmentRecord() throws {
        let bytes: [UInt8] = [0x05, 0xAA, 1, 2, 3, 4, 5, 6, 7, 8, 0x01]
        let record = try SegmentRecord(RecordValue(checked: bytes))
        #expect(record.mtu == 1450 && record.specHash == 0x0102_0304_0506_0708 && !record.floodsUnknownUnicast)
        #expect(try record.encoded().bytes == bytes)
    }

    @Test func endpointRecord() throws {
        let bytes: [UInt8] = [0, 0, 0, 9, 0x05, 1, 4, 10, 0, 0, 1]
        let record = try EndpointRecord(RecordValue(checked: bytes))
        #expect(record.mobilitySequence == 9 && record.isSticky && !record.isDeclared && record.isGateway)
        #expect(record.addresses == [.v4(IPv4Address(rawValue: 0x0A00_0001))])
        #expect(try record.encoded().bytes == bytes)
    }

    @Test func topologyRevisionRecord() throws {
        let stamp = TopologyRevisionRecord.Stamp(number: 42, content: ContentID(of: [1]), byteCount: 700)
        let proposal = TopologyRevisionRecord.Proposal(serial: 7, stamp: stamp, phase: 2, confirmSeconds: 60)
        let objection = TopologyRevisionRecord.Vote(content: ContentID(of: [2]), objection: String(repeating: "é", count: 150))
        #expect(objection.objection?.utf8.count == TopologyRevisionRecord.objectionByteLimit)
        let records = [
            TopologyRevisionRecord(), TopologyRevisionRecord(current: stamp, isUnconfirmed: true),
            TopologyRevisionRecord(isOverridden: true, vote: .init(content: stamp.content)),
            TopologyRevisionRecord(current: stamp, vote: objection, proposal: proposal),
        ]
        for record in records {
            let value = try record.encoded()
            #expect(try TopologyRevisionRecord(value) == record)
            for count in 0..<value.bytes.count {
                let cut = RecordValue(checked: Array(value.bytes.prefix(count)))
                #expect(throws: GossipFormatError.self) { try TopologyRevisionRecord(cut) }
            }
        }
        let bad: [[UInt8]] = [[64], [16], [24] + stamp.content.bytes + [1, 0xFF], [24] + stamp.content.bytes + [201]]
        for bytes in bad {
            #expect(throws: GossipFormatError.badValue) { try TopologyRevisionRecord(RecordValue(checked: bytes)) }
        }
    }

    @Test("a mandatory field of a later version makes the record ignored, whatever it is") func mandatoryField() {
        let later: [UInt8] = [0x05, 0x00, 0x01, 0xFF]
        let error = GossipFormatError.unknownMandatoryField(5)
        #expect(throws: error) { try SegmentRecord(RecordValue(checked: [5, 0xAA, 0, 0, 0, 0, 0, 0, 0, 0, 0] + later)) }
        #expect(throws: error) { try EndpointRecord(RecordValue(checked: [0, 0, 0, 0, 0, 0] + later)) }
        #expect(throws: error) { try NodeRecord(RecordValue(checked: Array(Self.nodeBytes.dropLast(4)) + later)) }
    }

    @Test("a record that no datagram can carry isn't made") func tooLong() throws {
        let field = OptionalFields.Field(type: OptionalFields.signatureType, bytes: Array(repeating: 1, count: 1000))
        let record = SegmentRecord(mtu: 1450, specHash: 1, optionalFields: OptionalFields([field]))
        #expect(throws: RecordError.tooLong(byteCount: 1014)) { try record.encoded() }
        #expect(RecordValue(bytes: Array(repeating: 0, count: 901)) == nil)
        #expect(RecordValue(bytes: Array(repeating: 0, count: 900)) != nil)
    }

    // MARK: Keys and deltas

    static let keys: [RecordKey] = [
        .node, .segment(VNI(headerWord: 1 << 8)), .segment(VNI.maximum), .endpoint(VNI(headerWord: 1 << 8), .zero),
        .endpoint(VNI(headerWord: 1 << 8), .broadcast), .endpoint(VNI(headerWord: 2 << 8), .zero), .topologyRevision,
        .unknown(kind: 9, []), .unknown(kind: 9, [1]), .unknown(kind: 9, [1, 2]), .unknown(kind: 10, []),
    ]

    @Test("keys have one order and one encoding") func keyOrder() throws {
        for (index, key) in Self.keys.enumerated() {
            for (other, otherKey) in Self.keys.enumerated() { #expect((key < otherKey) == (index < other)) }
            var bytes: [UInt8] = []
            key.emit(into: &bytes)
            #expect(bytes.count == key.byteCount)
            var reader = ByteReader(bytes)
            #expect(try RecordKey(parsing: &reader) == key)
            #expect(reader.isAtEnd)
        }
    }

    @Test(arguments: [[1, 1, 0], [2, 2, 0, 0], [3, 8, 0, 0, 0, 0, 0, 0, 0, 0], [4, 1, 0], [9, 33]] as [[UInt8]])
    func refusesKey(bytes: [UInt8]) {
        var reader = ByteReader(bytes + Array(repeating: 0, count: 40))
        #expect(throws: GossipFormatError.badValue) { try RecordKey(parsing: &reader) }
    }

    @Test("what is emitted is what is parsed, and is as long as promised", arguments: UInt64(0)..<32)
    func deltaRoundTrip(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var delta = Delta(origin: NodeID(rawValue: 5), epoch: 3, floor: 2, from: 10, to: 400)
        (delta.isReplay, delta.isReplayEnd) = (Bool.random(using: &random), Bool.random(using: &random))
        for (index, key) in Self.keys.enumerated() {
            let bytes = (0..<Int.random(in: 0..<50, using: &random)).map { UInt8(truncatingIfNeeded: $0) }
            let value = Bool.random(using: &random) ? RecordValue(checked: bytes) : nil
            delta.records.append(Record(key: key, version: UInt64(11 + index), value: value))
        }
        var bytes: [UInt8] = []
        delta.emit(into: &bytes)
        #expect(bytes.count == delta.byteCount)
        var reader = ByteReader(bytes)
        #expect(try Delta(parsing: &reader) == delta)
        // No cut is taken for a whole one, but where records end.
        var ends = 0
        for count in 0..<bytes.count {
            var reader = ByteReader(Array(bytes.prefix(count)))
            if (try? Delta(parsing: &reader)) != nil { ends += 1 }
        }
        #expect(ends == Self.keys.count)
    }

    @Test("versions that don't ascend, and an interval that runs backwards, are refused") func refusesDelta() {
        var delta = Delta(origin: NodeID(rawValue: 5), epoch: 3, floor: 0, from: 10, to: 12)
        delta.records = [Record(key: .node, version: 12, value: nil), Record(key: .topologyRevision, version: 12, value: nil)]
        var backwards = delta
        (backwards.from, backwards.records) = (13, [])
        for delta in [delta, backwards] {
            var bytes: [UInt8] = []
            delta.emit(into: &bytes)
            #expect(throws: GossipFormatError.badValue) {
                var reader = ByteReader(bytes)
                _ = try Delta(parsing: &reader)
            }
        }
    }

    @Test("ranges know what a set of numbers knows", arguments: UInt64(0)..<50) func versionRanges(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var ranges = VersionRanges()
        var naive = Set<UInt64>()
        var through: UInt64 = 0
        for _ in 0..<60 {
            let low = through + UInt64.random(in: 2...80, using: &random)
            let high = low + UInt64.random(in: 0...6, using: &random)
            ranges.insert(low...high)
            naive.formUnion(low...high)
            if Int.random(in: 0..<4, using: &random) == 0 {
                through += 1
                through = ranges.advance(through)
            }
            #expect(!naive.contains(through + 1))
            let known = ranges.ranges.reduce(into: Set<UInt64>()) { $0.formUnion($1) }
            #expect(known == naive.filter { $0 > through })
            for (left, right) in zip(ranges.ranges, ranges.ranges.dropFirst()) { #expect(left.upperBound + 1 < right.lowerBound) }
        }
    }

    @Test("of too many ranges the highest is forgotten") func rangeBound() {
        var ranges = VersionRanges()
        for number in 0..<100 { ranges.insert(UInt64(1000 - 3 * number)...UInt64(1000 - 3 * number)) }
        #expect(ranges.ranges.count == VersionRanges.capacity)
        #expect(ranges.ranges.first?.lowerBound == 703)
    }
}
