import Testing
import WeftForwarding
import WeftTypes

@Suite struct BindingTableTests {
    static func key(_ number: Int, segment: UInt16 = 1) -> BindingKey {
        number % 2 == 0
            ? BindingKey(SegmentIndex(segment), .v4(IPv4Address(rawValue: 0x0A00_0000 + UInt32(number))))
            : BindingKey(SegmentIndex(segment), .v6(IPv6Address(rawValue: 0xfd00 << 112 | UInt128(number))))
    }

    static func binding(_ number: Int) -> Binding {
        Binding(mac: MACAddress(rawValue: 0x5254_0000_0000 + UInt64(number)), isRouter: number % 3 == 0)
    }

    @Test("a key is its segment and its address") func keys() {
        for number in [0, 1, 255, 70_001] {
            for segment: UInt16 in [0, 7, 65_534] {
                let address: IPAddress =
                    number % 2 == 0
                    ? .v4(IPv4Address(rawValue: UInt32(number))) : .v6(IPv6Address(rawValue: .max - UInt128(number)))
                let key = BindingKey(SegmentIndex(segment), address)
                #expect(key.segment == SegmentIndex(segment) && key.address == address)
            }
        }
        #expect(
            BindingKey(SegmentIndex(1), .v4(IPv4Address(rawValue: 5)))
                != BindingKey(SegmentIndex(1), .v6(IPv6Address(rawValue: 5))))
        #expect(Self.key(1, segment: 1) < Self.key(0, segment: 2))
    }

    @Test("100,000 bindings, most of them removed again; a copy keeps what it had") func growsAndShrinks() {
        var table = BindingTable()
        let count = 100_000
        for number in 0..<count { table.set(Self.binding(number), for: Self.key(number)) }
        #expect(table.count == count)
        let full = table
        for number in 0..<count where number % 5 != 0 { table.set(nil, for: Self.key(number)) }
        table.set(nil, for: Self.key(count))
        #expect(table.count == count / 5 && full.count == count)
        let wrong = (0..<count).filter {
            full.binding(for: Self.key($0)) != Self.binding($0)
                || table.binding(for: Self.key($0)) != ($0 % 5 == 0 ? Self.binding($0) : nil)
        }
        #expect(wrong.isEmpty)
    }

    @Test("it agrees with a dictionary", arguments: UInt64(0)..<10) func agreesWithNaiveModel(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var table = BindingTable()
        var model: [BindingKey: Binding] = [:]
        for _ in 0..<5000 {
            let key = Self.key(.random(in: 0..<600, using: &random), segment: .random(in: 0...2, using: &random))
            let binding = Int.random(in: 0..<3, using: &random) > 0 ? Self.binding(.random(in: 0..<999, using: &random)) : nil
            table.set(binding, for: key)
            model[key] = binding
        }
        table.forget { $0 != SegmentIndex(1) }
        model = model.filter { $0.key.segment != SegmentIndex(1) }
        #expect(table.count == model.count)
        for segment in UInt16(0)...2 {
            for number in 0..<600 {
                let key = Self.key(number, segment: segment)
                #expect(table.binding(for: key) == model[key])
            }
        }
    }
}

@Suite struct LateRoutesTests {
    @Test func expiresAndForgets() {
        var routes = LateRoutes()
        let start = Instant(nanoseconds: 1000)
        func key(_ number: UInt64) -> FDBKey {
            FDBKey(SegmentIndex(UInt16(number % 2)), MACAddress(rawValue: 0x5254_0000_0000 + number))
        }
        for number in UInt64(0)..<100 {
            routes.set(PeerIndex(UInt16(number % 3)), until: start.advanced(by: .seconds(Int(number % 2 + 1))), for: key(number))
        }
        #expect(routes.count == 100 && routes.peer(for: key(5), now: start) == PeerIndex(2))
        routes.expire(now: start.advanced(by: .seconds(1)))
        #expect(routes.count == 50 && routes.peer(for: key(4), now: start) == nil)
        routes.forget { $1 != PeerIndex(2) }
        #expect(routes.peer(for: key(5), now: start) == nil && routes.peer(for: key(7), now: start) == PeerIndex(1))
        routes.remove(key(7))
        #expect(routes.peer(for: key(7), now: start) == nil)
        routes.expire(now: start.advanced(by: .seconds(2)))
        #expect(routes.count == 0)
    }
}
