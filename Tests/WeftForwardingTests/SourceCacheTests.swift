import Testing
import WeftForwarding
import WeftTypes

@Suite struct SourceCacheTests {
    static let key = FDBKey(SegmentIndex(0), MACAddress(rawValue: 0x5254_0000_0001))

    @Test func reportsNewsAndRefreshesOnly() {
        var cache = SourceCache(ageing: .seconds(80))
        var now = Instant(nanoseconds: 0)
        var reports = 0
        for _ in 0..<3000 {
            if cache.note(Self.key, at: .port(PortIndex(1)), now: now) { reports += 1 }
            now = now.advanced(by: .milliseconds(10))
        }
        #expect(reports == 3, "at once, and after 10 and 20 of 30 seconds")
        let hasMoved = cache.note(Self.key, at: .peer(PeerIndex(1)), now: now)
        #expect(hasMoved)
        #expect(!cache.wasLocal(Self.key, now: now))
    }

    @Test func reportsAgainSoonWhatTheTablesDoNotHave() {
        var cache = SourceCache()
        var now = Instant(nanoseconds: 0)
        var reports = 0
        for _ in 0..<100 {
            if cache.note(Self.key, at: .port(PortIndex(1)), isKnown: false, now: now) { reports += 1 }
            now = now.advanced(by: .milliseconds(10))
        }
        #expect(reports == 10)
    }

    @Test func isBoundedAndKeepsTheNewest() {
        var cache = SourceCache(capacity: 2)
        for number in UInt64(1)...100 {
            let now = Instant(nanoseconds: Int64(number))
            let key = FDBKey(SegmentIndex(0), MACAddress(rawValue: number))
            _ = cache.note(key, at: .port(PortIndex(0)), now: now)
            #expect(cache.wasLocal(key, now: now))
        }
    }

    @Test func bucketsFillAgain() {
        var bucket = TokenBucket(burst: 2, interval: .seconds(1), now: Instant(nanoseconds: 0))
        let takes = [0, 0, 0, 999, 1000, 1000, 10000, 10000, 10000].map { bucket.take(now: Instant(nanoseconds: $0 * 1_000_000)) }
        #expect(takes == [true, true, false, false, true, false, true, true, false])
    }
}
