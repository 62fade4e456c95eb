import Testing
import WeftForwarding
import WeftTypes

@Suite struct DirectoryTests {
    static let key = FDBKey(SegmentIndex(3), MACAddress(rawValue: 0x5254_0000_0001))
    static let start = Instant(nanoseconds: 5_000_000_000)
    static func seen(_ location: Location, at now: Instant = start, key: FDBKey = key) -> Directory.Event {
        .seen(LearnEvent(key: key, location: location, seen: now))
    }

    @Test func learntPlacesMove() {
        var directory = Directory()
        directory.handle(Self.seen(.port(PortIndex(1))), now: Self.start)
        directory.handle(Self.seen(.peer(PeerIndex(2))), now: Self.start)
        #expect(directory.fdb.entry(for: Self.key) == FDBEntry(location: .peer(PeerIndex(2)), source: .frame))
        #expect(directory.revision == 2)
        directory.handle(Self.seen(.peer(PeerIndex(2)), at: Self.start.advanced(by: .seconds(1))), now: Self.start)
        #expect(directory.revision == 2, "a refresh changes nothing")
    }

    @Test func configuredPlacesDoNotMove() {
        var directory = Directory()
        directory.handle(Self.seen(.port(PortIndex(1))), now: Self.start)
        directory.configure([Directory.Station(key: Self.key, location: .peer(PeerIndex(9)))])
        directory.handle(Self.seen(.port(PortIndex(1))), now: Self.start)
        #expect(directory.fdb.entry(for: Self.key)?.location == .peer(PeerIndex(9)))
        #expect(directory.fdb.entry(for: Self.key)?.source == .static)
        directory.configure([])
        #expect(directory.fdb.entry(for: Self.key) == nil && directory.count == 0)
    }

    @Test func theBridgeKnowsBetterWhenItForgets() {
        var directory = Directory()
        directory.handle(.bridgeLearnt(Self.key, PortIndex(1)), now: Self.start)
        directory.handle(Self.seen(.port(PortIndex(1))), now: Self.start)
        #expect(directory.fdb.entry(for: Self.key)?.source == .bridge)
        directory.age(now: Self.start.advanced(by: .seconds(1000)))
        #expect(directory.count == 1)
        directory.handle(.bridgeForgot(Self.key, PortIndex(1)), now: Self.start)
        #expect(directory.count == 0 && directory.fdb.count == 0)
    }

    @Test func gossipWinsOverFramesAndGoesBySequence() {
        var directory = Directory()
        directory.handle(.announced(Self.key, PeerIndex(1), sequence: 4), now: Self.start)
        directory.handle(Self.seen(.peer(PeerIndex(7))), now: Self.start)
        directory.handle(.announced(Self.key, PeerIndex(2), sequence: 3), now: Self.start)
        #expect(directory.fdb.entry(for: Self.key) == FDBEntry(location: .peer(PeerIndex(1)), source: .gossip))
        directory.handle(.announced(Self.key, PeerIndex(2), sequence: 5), now: Self.start)
        #expect(directory.listing(now: Self.start).map(\.sequence) == [5])
        directory.handle(.withdrawn(Self.key, PeerIndex(1)), now: Self.start)
        #expect(directory.fdb.entry(for: Self.key)?.location == .peer(PeerIndex(2)))
        directory.handle(.withdrawn(Self.key, PeerIndex(2)), now: Self.start)
        #expect(directory.fdb.entry(for: Self.key)?.location == .peer(PeerIndex(7)))
    }

    @Test("entries live as long as frames come", arguments: [1, 300, 4000]) func ages(seconds: Int) {
        var directory = Directory(ageing: .seconds(seconds))
        directory.handle(Self.seen(.port(PortIndex(1))), now: Self.start)
        let refreshed = Self.start.advanced(by: .seconds(seconds) / 2)
        directory.age(now: refreshed)
        directory.handle(Self.seen(.port(PortIndex(1)), at: refreshed), now: refreshed)
        var now = refreshed
        var died: Instant?
        for _ in 0..<400 {
            now = now.advanced(by: .seconds(seconds) / 100)
            directory.age(now: now)
            if directory.count == 0 && died == nil { died = now }
        }
        let lived = died.map { refreshed.duration(to: $0) }
        #expect(lived.map { $0 >= .seconds(seconds) && $0 <= .seconds(seconds) * 1.2 } == true)
        #expect(directory.fdb.count == 0)
    }

    @Test func isBounded() {
        var directory = Directory(limit: 10)
        for number in 1...20 {
            let key = FDBKey(SegmentIndex(0), MACAddress(rawValue: UInt64(number) << 8))
            directory.handle(Self.seen(.port(PortIndex(1)), key: key), now: Self.start)
        }
        #expect(directory.count == 10 && directory.refusedCount == 10)
    }

    @Test func forgetsWhatWentAway() {
        var directory = Directory()
        directory.handle(Self.seen(.port(PortIndex(1))), now: Self.start)
        directory.forget { _, location in location != .port(PortIndex(1)) }
        #expect(directory.count == 0)
    }

    @Test("the FDB agrees with a dictionary", arguments: UInt64(0)..<20) func agreesWithNaiveModel(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var table = FDBTable()
        var model: [FDBKey: FDBEntry] = [:]
        for _ in 0..<4000 {
            let key = FDBKey(
                SegmentIndex(.random(in: 0...3, using: &random)), MACAddress(rawValue: .random(in: 1...500, using: &random)))
            if Int.random(in: 0..<3, using: &random) > 0 {
                let index = UInt16.random(in: 0 ... .max, using: &random)
                let entry = FDBEntry(
                    location: .random(using: &random) ? .port(PortIndex(index)) : .peer(PeerIndex(index)),
                    source: EntrySource.allCases.randomElement(using: &random) ?? .frame, isSticky: .random(using: &random))
                table.set(entry, for: key)
                model[key] = entry
            } else {
                table.remove(key)
                model[key] = nil
            }
        }
        #expect(table.count == model.count)
        for segment in UInt16(0)...3 {
            for mac in UInt64(1)...500 {
                let key = FDBKey(SegmentIndex(segment), MACAddress(rawValue: mac))
                #expect(table.entry(for: key) == model[key])
            }
        }
    }
}

/// The FDB with so many entries that its shards grow, fill, and shrink.
@Suite struct FDBTableTests {
    static func key(_ number: Int) -> FDBKey { FDBKey(SegmentIndex(1), MACAddress(rawValue: 0x5254_0000_0000 + UInt64(number))) }
    static func entry(_ number: Int) -> FDBEntry {
        FDBEntry(location: .peer(PeerIndex(UInt16(truncatingIfNeeded: number))), source: .frame)
    }

    @Test("many entries, most of them removed again") func growsAndShrinks() {
        var table = FDBTable()
        let count = 60_000
        for number in 0..<count { table.set(Self.entry(number), for: Self.key(number)) }
        #expect(table.count == count)
        let full = table
        for number in 0..<count where number % 5 != 0 { table.remove(Self.key(number)) }
        table.remove(Self.key(count))
        #expect(table.count == count / 5 && full.count == count)
        // What was copied does not change.
        let wrong = (0..<count).filter {
            full.entry(for: Self.key($0)) != Self.entry($0)
                || table.entry(for: Self.key($0)) != ($0 % 5 == 0 ? Self.entry($0) : nil)
        }
        #expect(wrong.isEmpty)
        for number in stride(from: 0, to: count, by: 5) { table.remove(Self.key(number)) }
        #expect(table.count == 0 && (0..<count).allSatisfy { table.entry(for: Self.key($0)) == nil })
    }
}

extension Bool {
    static func random(using random: inout SeededRandom) -> Bool { random.next() & 1 != 0 }
}
