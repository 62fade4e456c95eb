import WeftTypes

// Upward: three probes of a size, each with its timer, before the size is given up (RFC 8899 §5.3). First all that the link
// takes, which is what most paths take; then halving.

extension PathDiscovery {
    /// The sizes that are still in question.
    struct Search: Sendable {
        /// The largest that got through.
        private(set) var low: Int
        /// The largest that may.
        private(set) var high: Int
        /// The one being probed.
        private(set) var candidate: Int
        private var lossCount = 0

        /// After a pause: the path may take all that the link takes.
        init(above low: Int, upTo maximum: Int) {
            (self.low, high) = (low, maximum)
            candidate = maximum
        }

        /// After a fall: `limit` itself is known not to get through.
        init(above low: Int, below limit: Int) {
            (self.low, high) = (low, limit - 1)
            candidate = low + (limit - low) / 2
        }

        var isDone: Bool { low >= high }

        mutating func find(_ byteCount: Int) {
            low = max(low, byteCount)
            choose()
        }

        mutating func lose(_ byteCount: Int, limit: Int) {
            guard byteCount == candidate else { return }
            lossCount += 1
            if lossCount >= limit { fail(byteCount) }
        }

        mutating func fail(_ byteCount: Int) {
            high = min(high, byteCount - 1)
            choose()
        }

        mutating func limit(to byteCount: Int) { fail(byteCount + 1) }

        /// A router says that this much would get through.
        mutating func tryNext(_ byteCount: Int) {
            guard byteCount > low, byteCount < candidate else { return }
            candidate = byteCount
            lossCount = 0
        }

        private mutating func choose() {
            candidate = low + (high - low + 1) / 2
            lossCount = 0
        }
    }

    /// Sends the next probe of the search, or ends it.
    mutating func advanceSearch(now: Instant, into effects: inout [Effect]) {
        guard let search else { return }
        guard !search.isDone else {
            self.search = nil
            raiseAt = now.advanced(by: raisePause)
            raisePause = min(raisePause * 2, configuration.raiseInterval)
            return
        }
        guard !flights.contains(where: { $0.purpose == .search && $0.byteCount == search.candidate }) else { return }
        send(search.candidate, .search, now: now, into: &effects)
    }

    /// A larger size got through.
    mutating func found(_ byteCount: Int, now: Instant, into effects: inout [Effect]) {
        guard let mtu, byteCount > mtu, byteCount <= maximum else { return }
        search?.find(byteCount)
        confirm(byteCount, now: now, into: &effects)
    }
}
