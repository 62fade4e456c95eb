import Testing
import WeftLinux
import WeftTypes

@Suite struct PollerTests {
    @Test func reportsTokensOfWhatIsReady() throws {
        var poller = try Poller()
        let first = try EventSignal()
        let second = try EventSignal()
        try poller.add(first.rawValue, token: 7)
        try poller.add(second.rawValue, token: .max)
        #expect(poller.wait(timeout: .zero) == .transferred(0))
        second.raise()
        #expect(poller.wait(timeout: .seconds(1)) == .transferred(1))
        #expect(poller[0].token == .max)
        #expect(poller[0].readiness == .readable)
        #expect(second.drain() == true)
        #expect(second.drain() == false)
        #expect(poller.wait(timeout: .zero) == .transferred(0))
        try poller.modify(first.rawValue, token: 8, for: .writable)
        #expect(poller.wait(timeout: nil) == .transferred(1))
        #expect(poller[0].token == 8)
        try poller.remove(first.rawValue)
        #expect(poller.wait(timeout: .zero) == .transferred(0))
    }

    @Test func waitsAsLongAsItWasTold() throws {
        var poller = try Poller()
        let start = MonotonicClock.now()
        #expect(poller.wait(timeout: .milliseconds(20)) == .transferred(0))
        let waited = start.duration(to: MonotonicClock.now())
        #expect(waited >= .milliseconds(20) && waited < .seconds(5))
    }

    @Test func isWokenFromAnotherThread() throws {
        var poller = try Poller()
        let shared = Shared(signal: try EventSignal())
        try poller.add(shared.signal.rawValue, token: 1)
        let thread = try WorkerThread(name: "a name longer than 15") { shared.signal.raise() }
        #expect(poller.wait(timeout: .seconds(5)) == .transferred(1))
        thread.join()
    }

    private final class Shared: Sendable {
        let signal: EventSignal
        init(signal: consuming EventSignal) { self.signal = signal }
    }
}
