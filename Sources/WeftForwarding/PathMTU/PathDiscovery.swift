import WeftTypes

/// Finds what the path to one peer takes, and follows it down and up: Datagram PLPMTUD (RFC 8899), with round-trip time and
/// loss as by-products. <doc:PathMTU> tells how and why.
///
/// Pure: it is told the time, what came back and whether there is traffic; its effects are probes to send and news to pass on.
/// Early, late and repeated ticks are harmless. All sizes are bytes of the outer IP packet.
public struct PathDiscovery: Sendable {
    /// The rhythm of the protocol; the defaults are those of RFC 8899 §5.1 where it has one.
    public struct Configuration: Hashable, Sendable {
        /// The size that must get through before anything larger is tried (BASE_PLPMTU).
        public var baseByteCount = 1200
        /// How long a probe may stay unanswered before it counts as lost (PROBE_TIMER), at least a second.
        public var probeTimer = Duration.seconds(1)
        /// Probes of one size that must be lost before the size is given up (MAX_PROBES).
        public var probeLimit = 3
        /// How often the size in use is probed while there is traffic.
        public var validationInterval = Duration.milliseconds(500)
        /// How often probes go out while a black hole is suspected.
        public var roundInterval = Duration.milliseconds(100)
        /// How long a path that took less than the link is left alone before more is tried (PMTU_RAISE_TIMER).
        public var raiseInterval = Duration.seconds(600)
        /// The same after a fall, doubled each time until it is ``raiseInterval``: a detour is often over soon.
        public var firstRaiseInterval = Duration.seconds(5)
        /// How often a peer that has never answered is tried again while there is traffic.
        public var retryInterval = Duration.seconds(10)
        /// How long after the last frame a path counts as in use.
        public var idleTime = Duration.seconds(10)

        /// The defaults.
        public init() {}
    }

    /// What happens to it.
    public enum Input: Hashable, Sendable {
        /// Time has passed.
        case tick
        /// Frames went to the peer, or came from it, since this was last said.
        case traffic
        /// The peer acknowledged the probe with this nonce.
        case acknowledged(nonce: UInt64)
        /// This host's own device would not take the probe.
        case refused(nonce: UInt64)
        /// A router says that it takes packets of this many bytes only (ICMP). Believed as a hint and no more (P4).
        case tooBig(byteCount: Int)
        /// The MTU of the device towards the peer.
        case linkMTU(Int)
    }

    /// What is to be done.
    public enum Effect: Hashable, Sendable {
        /// Send a probe whose IP packet has so many bytes.
        case probe(nonce: UInt64, byteCount: Int)
        /// The path takes another size than was known.
        case mtuChanged(from: Int?, to: Int)
    }

    /// A probe under way.
    struct Flight: Sendable {
        var nonce: UInt64
        var byteCount: Int
        var sent: Instant
        var deadline: Instant
        var purpose: Purpose
    }

    /// What a probe is to show.
    enum Purpose: Sendable, Equatable {
        /// That the peer answers and the base gets through.
        case base
        /// That the size in use still gets through.
        case validation
        /// That the suspect of a ``Trial`` gets through, or that it does not while smaller ones do.
        case suspect(round: Int)
        case witness(round: Int)
        /// That a larger size gets through.
        case search
    }

    static let flightLimit = 128

    let configuration: Configuration
    var random: SeededRandom
    /// The link's MTU: nothing larger is tried.
    var maximum: Int
    /// The size in use, once something got through (PLPMTU).
    public internal(set) var mtu: Int?
    var roundTrip = RoundTrip()
    var losses = LossWindow()
    var flights: [Flight] = []
    /// Unanswered probes of the base, while nothing else got through yet.
    var baseFailures = 0
    var trial: Trial?
    var search: Search?
    var lastTraffic: Instant?
    /// Whether the first look at the path is still to be finished, traffic or not (P1).
    var isStarting = true
    var nextProbe: Instant
    var raiseAt: Instant
    /// How long the path is left alone after the next search.
    var raisePause: Duration
    var nextHint: Instant
    /// When a tick is next of use; nil when only another input is.
    public private(set) var wake: Instant?

    /// Begins with the base, at `start`.
    ///
    /// - Parameters:
    ///   - linkMTU: the MTU of the device towards the peer.
    ///   - seed: where nonces come from; an attacker must not know it.
    public init(_ configuration: Configuration = Configuration(), linkMTU: Int, seed: UInt64, start: Instant) {
        self.configuration = configuration
        random = SeededRandom(seed: seed)
        maximum = linkMTU
        nextProbe = start
        raiseAt = start
        raisePause = configuration.raiseInterval
        nextHint = start
        wake = start
    }

    /// The size that must get through first: no more than the link takes.
    var base: Int { min(configuration.baseByteCount, maximum) }

    /// What is known of the path.
    public var report: PathReport { PathReport(rtt: roundTrip.smoothed, lossRatio: losses.ratio, mtu: mtu) }

    /// Advances the protocol.
    public mutating func handle(_ input: Input, now: Instant, into effects: inout [Effect]) {
        switch input {
        case .tick: break
        case .traffic: noteTraffic(now: now)
        case .acknowledged(let nonce): acknowledge(nonce, now: now, into: &effects)
        case .refused(let nonce): refuse(nonce, now: now, into: &effects)
        case .tooBig(let byteCount): hint(byteCount, now: now)
        case .linkMTU(let byteCount): changeLink(to: byteCount, now: now, into: &effects)
        }
        expire(now: now)
        advance(now: now, into: &effects)
        wake = nextWake(now: now)
    }

    // MARK: Inputs

    /// Whether the path is in use, or not looked at yet.
    func isActive(now: Instant) -> Bool {
        if isStarting { return true }
        guard let lastTraffic else { return false }
        return lastTraffic.duration(to: now) < configuration.idleTime
    }

    private mutating func noteTraffic(now: Instant) {
        if !isActive(now: now) { nextProbe = mtu == nil ? max(nextProbe, now) : now }
        lastTraffic = now
    }

    private mutating func acknowledge(_ nonce: UInt64, now: Instant, into effects: inout [Effect]) {
        guard let index = flights.firstIndex(where: { $0.nonce == nonce }) else { return }
        let flight = flights.remove(at: index)
        roundTrip.note(flight.sent.duration(to: now))
        switch flight.purpose {
        case .base:
            losses.note(isLost: false)
            guard mtu == nil, trial == nil else { return }
            baseFailures = 0
            if base >= maximum { return confirm(maximum, now: now, into: &effects) }
            trial = Trial(of: maximum, low: base, now: now)
        case .validation: losses.note(isLost: false)
        case .suspect:
            losses.note(isLost: false)
            guard trial?.suspect == flight.byteCount else { return }
            acquit(now: now)
            confirm(flight.byteCount, now: now, into: &effects)
        case .witness(let round):
            if flight.byteCount == base { losses.note(isLost: false) }
            trial?.witness(flight.byteCount, round: round)
        case .search:
            acquit(now: now)
            found(flight.byteCount, now: now, into: &effects)
        }
    }

    /// A size got through, and nothing larger is known to.
    mutating func confirm(_ byteCount: Int, now: Instant, into effects: inout [Effect]) {
        trial = nil
        isStarting = false
        change(to: byteCount, into: &effects)
        nextProbe = now.advanced(by: configuration.validationInterval)
    }

    mutating func change(to byteCount: Int, into effects: inout [Effect]) {
        guard mtu != byteCount else { return }
        effects.append(.mtuChanged(from: mtu, to: byteCount))
        mtu = byteCount
    }

    /// The device itself is too small: as if a black hole had been proven.
    private mutating func refuse(_ nonce: UInt64, now: Instant, into effects: inout [Effect]) {
        guard let index = flights.firstIndex(where: { $0.nonce == nonce }) else { return }
        let flight = flights.remove(at: index)
        switch flight.purpose {
        case .base: baseFailed(now: now)
        case .validation, .suspect: fall(from: flight.byteCount, now: now, into: &effects)
        case .search: search?.fail(flight.byteCount)
        case .witness: break
        }
    }

    private mutating func changeLink(to byteCount: Int, now: Instant, into effects: inout [Effect]) {
        guard byteCount != maximum, byteCount > 0 else { return }
        let former = maximum
        maximum = byteCount
        if let mtu, byteCount < mtu {
            // Larger ones got through, and what is now too large the device refuses: no need to ask.
            (search, trial) = (nil, nil)
            flights.removeAll { $0.byteCount > byteCount }
            confirm(byteCount, now: now, into: &effects)
        } else if mtu != nil, byteCount > former {
            (search, raiseAt) = (nil, now)
        } else if let trial, trial.suspect > byteCount {
            self.trial = Trial(of: byteCount, low: min(trial.low, byteCount), now: now)
        }
        if let search, search.high > byteCount { self.search?.limit(to: byteCount) }
    }

    // MARK: Losses

    private mutating func expire(now: Instant) {
        while let index = flights.firstIndex(where: { $0.deadline <= now }) {
            let flight = flights.remove(at: index)
            switch flight.purpose {
            case .base: baseFailed(now: now)
            case .validation:
                // Whether it was an accident or the size, a trial will show.
                guard flight.byteCount == mtu, isActive(now: now) else { continue }
                if trial == nil { suspect(flight.byteCount, now: now) }
                trial?.heldLossCount += 1
            case .suspect(let round):
                guard trial?.suspect == flight.byteCount else { continue }
                trial?.lose(round: round)
            case .witness: if flight.byteCount == base { losses.note(isLost: true) }
            case .search: search?.lose(flight.byteCount, limit: configuration.probeLimit)
            }
        }
    }

    private mutating func baseFailed(now: Instant) {
        baseFailures += 1
        guard baseFailures >= configuration.probeLimit else { return nextProbe = now }
        isStarting = false
        nextProbe = now.advanced(by: configuration.retryInterval)
    }

    // MARK: Sending

    private mutating func advance(now: Instant, into effects: inout [Effect]) {
        guard isActive(now: now) else { return pause(now: now) }
        if trial != nil { return advanceTrial(now: now, into: &effects) }
        guard let mtu else {
            guard now >= nextProbe, !flights.contains(where: { $0.purpose == .base }) else { return }
            return send(base, .base, now: now, into: &effects)
        }
        if let overdue = overdueAt, overdue <= now {
            suspect(mtu, now: now)
            return advanceTrial(now: now, into: &effects)
        }
        if now >= nextProbe {
            nextProbe = now.advanced(by: configuration.validationInterval)
            send(mtu, .validation, now: now, into: &effects)
        }
        if search == nil, mtu < maximum, now >= raiseAt { search = Search(above: mtu, upTo: maximum) }
        advanceSearch(now: now, into: &effects)
    }

    /// Nobody uses the path: nothing more is sent, and what is under way is no longer waited for.
    private mutating func pause(now: Instant) {
        guard trial != nil || search != nil else { return }
        if search != nil { raiseAt = now }  // it begins anew with the traffic
        (trial, search, flights) = (nil, nil, [])
    }

    /// When a probe that gets through is answered at the latest, as a rule.
    var patience: Duration { roundTrip.timeout(within: .milliseconds(200) ... .seconds(1)) }

    /// When a validation that is not answered begins to look like a black hole.
    var overdueAt: Instant? {
        flights.first { $0.purpose == .validation && $0.byteCount == mtu }.map { $0.sent.advanced(by: patience) }
    }

    mutating func send(_ byteCount: Int, _ purpose: Purpose, timer: Duration? = nil, now: Instant, into effects: inout [Effect]) {
        guard flights.count < Self.flightLimit else { return }
        let nonce = random.next()
        let deadline = now.advanced(by: timer ?? configuration.probeTimer)
        flights.append(Flight(nonce: nonce, byteCount: byteCount, sent: now, deadline: deadline, purpose: purpose))
        effects.append(.probe(nonce: nonce, byteCount: byteCount))
    }

    private func nextWake(now: Instant) -> Instant? {
        guard isActive(now: now) else { return nil }
        var next = flights.map(\.deadline).min()
        func consider(_ instant: Instant?) { if let instant { next = min(next ?? instant, instant) } }
        if let trial {
            consider(trial.nextRound)
        } else if mtu == nil {
            if !flights.contains(where: { $0.purpose == .base }) { consider(nextProbe) }
        } else {
            consider(nextProbe)
            consider(overdueAt)
            if search == nil, let mtu, mtu < maximum { consider(raiseAt) }
        }
        return next
    }
}
