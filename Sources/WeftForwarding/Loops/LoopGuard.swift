import WeftTypes
import WeftWire

/// Decides which of this host's ports are blocked because they are on one wire with another port of their segment, from the
/// probes that are heard. <doc:Storms> tells the rules and why.
///
/// Pure and bounded: it knows only lanes it was told of, and of each a few times and one cause. Early, late and repeated ticks are
/// harmless.
public struct LoopGuard: Sendable {
    /// A port in one of its segments, by which it hears and is blocked.
    public struct Lane: Hashable, Sendable, Comparable {
        public var port: String
        public var vni: VNI

        /// Names a lane.
        public init(port: String, vni: VNI) { (self.port, self.vni) = (port, vni) }

        public static func < (left: Lane, right: Lane) -> Bool { (left.port, left.vni) < (right.port, right.vni) }
    }

    /// A port anywhere in the fabric; the greater of two gives way.
    public struct Place: Hashable, Sendable, Comparable {
        public var host: String
        public var port: String

        /// Names a place.
        public init(host: String, port: String) { (self.host, self.port) = (host, port) }

        public static func < (left: Place, right: Place) -> Bool { (left.host, left.port) < (right.host, right.port) }
    }

    /// What is to be done.
    public enum Effect: Hashable, Sendable {
        /// The lane leaves its segment's forwarding: the other port is on the same wire, or its own frames come back when that is
        /// itself. Then probes go out at once.
        case block(Lane, because: Place)
        /// The lane may forward again. Then probes go out at once.
        case unblock(Lane)
    }

    /// The rhythm.
    public struct Configuration: Hashable, Sendable {
        /// From one probe of a lane to the next.
        public var probeInterval = Duration.milliseconds(300)
        /// How long the lesser port, or one that hears itself, waits for somebody else to give way.
        public var patience = Duration.milliseconds(500)
        /// How long nothing may be heard before a lane is unblocked; doubled when it did not last.
        public var quietTime = Duration.seconds(5)
        /// The most that becomes of it.
        public var quietLimit = Duration.seconds(60)
        /// How much longer a lane waits that hears lesser ports that are blocked as well: one of these shall be first.
        public var courtesy = Duration.seconds(2)

        /// The defaults.
        public init() {}
    }

    private struct State: Sendable {
        /// Since when something is heard that calls for patience, and when it was heard last.
        var trouble: (first: Instant, last: Instant)?
        var cause: Place?
        /// When something was heard last that keeps the lane blocked.
        var heard: Instant
        /// When a lesser port was heard that is blocked, too.
        var lesserBlocked: Instant?
        /// How long it must be quiet.
        var quietTime: Duration
        var unblocked: Instant?
    }

    private let host: String
    private let configuration: Configuration
    private var states: [Lane: State] = [:]

    /// Begins on `host` without lanes.
    public init(host: String, _ configuration: Configuration = Configuration()) {
        (self.host, self.configuration) = (host, configuration)
    }

    /// The blocked lanes, sorted, each with the port that is on the same wire.
    public var blocked: [(lane: Lane, cause: Place)] {
        states.compactMap { lane, state in state.cause.map { (lane, $0) } }.sorted { $0.lane < $1.lane }
    }

    /// The lanes there are, sorted.
    public var lanes: [Lane] { states.keys.sorted() }

    /// Why a lane is blocked; nil when it is not.
    public func cause(of lane: Lane) -> Place? { states[lane]?.cause }

    /// Watches these lanes and no others; one that is gone is forgotten, also that it was blocked.
    public mutating func watch(_ lanes: Set<Lane>, now: Instant) {
        states = states.filter { lanes.contains($0.key) }
        for lane in lanes where states[lane] == nil { states[lane] = State(heard: now, quietTime: configuration.quietTime) }
    }

    /// Takes in a probe of this fabric that came in by a port's lane.
    public mutating func hear(_ probe: LoopProbe, on lane: Lane, now: Instant) -> [Effect] {
        guard probe.vni == lane.vni, var state = states[lane] else { return [] }
        let (own, other) = (Place(host: host, port: lane.port), Place(host: probe.host, port: probe.port))
        defer { states[lane] = state }
        if probe.isBlocked && other != own {
            if other < own { state.lesserBlocked = now }
            return []
        }
        if state.cause != nil {
            state.heard = now
            return []
        }
        guard other >= own else { return block(lane, &state, because: other, now: now) }
        // The other will give way as soon as it hears us, or others make our own frames come back until they do.
        let isFresh = state.trouble.map { $0.last.duration(to: now) > configuration.probeInterval * 3 } ?? true
        let first = isFresh ? now : state.trouble?.first ?? now
        state.trouble = (first, now)
        return first.duration(to: now) >= configuration.patience ? block(lane, &state, because: other, now: now) : []
    }

    private func block(_ lane: Lane, _ state: inout State, because other: Place, now: Instant) -> [Effect] {
        // Again so soon after it was let go: next time it takes longer.
        if let unblocked = state.unblocked {
            let isSoon = unblocked.duration(to: now) < configuration.quietLimit
            state.quietTime = isSoon ? min(state.quietTime * 2, configuration.quietLimit) : configuration.quietTime
        }
        (state.cause, state.heard, state.trouble) = (other, now, nil)
        return [.block(lane, because: other)]
    }

    /// Lets go of lanes on which nothing was heard for long enough.
    public mutating func tick(now: Instant) -> [Effect] {
        var effects: [Effect] = []
        for lane in states.keys.sorted() {
            guard var state = states[lane], state.cause != nil else { continue }
            var quietTime = state.quietTime
            if let lesser = state.lesserBlocked, lesser.duration(to: now) < state.quietTime {
                quietTime += configuration.courtesy
            }
            guard state.heard.duration(to: now) >= quietTime else { continue }
            (state.cause, state.unblocked) = (nil, now)
            states[lane] = state
            effects.append(.unblock(lane))
        }
        return effects
    }
}
