import Testing
import WeftTypes

@testable import WeftSealing

@Suite struct ReplayWindowTests {
    @Test func acceptsEachOnce() {
        var window = ReplayWindow()
        #expect(!window.accepts(0))
        for counter in 1...5000 as ClosedRange<UInt64> {
            #expect(window.accepts(counter))
            window.mark(counter)
            #expect(!window.accepts(counter))
        }
    }

    @Test func tellsApartTheNewest1024() {
        var window = ReplayWindow()
        window.mark(10_000)
        #expect(window.accepts(8977))
        #expect(!window.accepts(8976))
        window.mark(8977)
        #expect(!window.accepts(8977))
        window.mark(.max)
        #expect(!window.accepts(.max) && window.accepts(.max - 1023) && !window.accepts(.max - 1024))
    }

    /// Agrees with a model that remembers everything.
    @Test(arguments: 0..<32 as Range<UInt64>) func agreesWithAModel(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var window = ReplayWindow()
        var seen: Set<UInt64> = []
        var newest: UInt64 = 0
        for _ in 0..<4000 {
            let jump = UInt64.random(in: 0...40, using: &random) == 0 ? UInt64(3000) : 20
            let low = newest > 1100 ? newest - 1100 : 0
            let counter = UInt64.random(in: low...newest + jump, using: &random)
            let isNew = counter > 0 && !seen.contains(counter) && (counter > newest || newest - counter < 1024)
            let isAccepted = window.accepts(counter)
            #expect(isAccepted == isNew, "\(counter) at \(newest)")
            if isAccepted {
                window.mark(counter)
                seen.insert(counter)
                newest = max(newest, counter)
            }
        }
    }
}
