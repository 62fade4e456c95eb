import WeftForwarding

/// What happened at one port or peer, or in all.
public struct TrafficCounters: Hashable, Sendable {
    /// Frames that came in; a superframe is one, each inner frame of a merged run of datagrams is one.
    public var receivedFrames: UInt64 = 0
    public var receivedBytes: UInt64 = 0
    /// Frames that went out, as they were handed over: a superframe is one.
    public var sentFrames: UInt64 = 0
    public var sentBytes: UInt64 = 0
    /// Of the received: to one local port.
    public var delivered: UInt64 = 0
    /// Of the received: to one other host.
    public var encapsulated: UInt64 = 0
    /// Of the received: to everybody.
    public var flooded: UInt64 = 0
    /// Of the received: answered.
    public var answered: UInt64 = 0
    /// Of the received: dropped.
    public var drops: [DropReason: UInt64] = [:]
    /// Frames sent beyond the first of a flood.
    public var copies: UInt64 = 0
    /// Of the flooded: those that did not reach everybody.
    public var incompleteFloods: UInt64 = 0
    /// Of the encapsulated: those that came by a tunnel, late for a station that has moved (X9).
    public var late: UInt64 = 0
    /// Copies of flooded frames that did not go to the peer because its path does not take them; the frame is then among the
    /// ``incompleteFloods`` of its port.
    public var oversizeCopies: UInt64 = 0
    /// Path probes of the peer that were answered; they are no frames.
    public var answeredProbes: UInt64 = 0
    /// Frames that we made: answers, fragments, and what was injected.
    public var generated: UInt64 = 0
    /// Pieces that superframes were cut into.
    public var segments: UInt64 = 0

    /// No traffic.
    public init() {}

    /// All drops together.
    public var dropped: UInt64 { drops.values.reduce(0, +) }
    /// Received frames without an end yet: on their way when the counters were read, or lost by a bug of ours.
    public var unsettled: Int64 {
        Int64(clamping: receivedFrames) - Int64(clamping: delivered + encapsulated + flooded + answered + dropped)
    }

    /// Adds `other` to this.
    public mutating func add(_ other: TrafficCounters) {
        receivedFrames += other.receivedFrames
        receivedBytes += other.receivedBytes
        sentFrames += other.sentFrames
        sentBytes += other.sentBytes
        delivered += other.delivered
        encapsulated += other.encapsulated
        flooded += other.flooded
        answered += other.answered
        drops.merge(other.drops, uniquingKeysWith: +)
        copies += other.copies
        incompleteFloods += other.incompleteFloods
        late += other.late
        oversizeCopies += other.oversizeCopies
        answeredProbes += other.answeredProbes
        generated += other.generated
        segments += other.segments
    }
}

/// All counters at one moment, the workers' sums.
public struct CounterSnapshot: Hashable, Sendable {
    public var ports: [PortIndex: TrafficCounters] = [:]
    public var peers: [PeerIndex: TrafficCounters] = [:]
    /// Datagrams from addresses that are no peer.
    public var unknownPeers = TrafficCounters()
    /// Frames of ours, which came from ``DataPlane/inject(_:into:)``: received there, and then flooded or dropped.
    public var injected = TrafficCounters()
    /// Events of learnt stations and claimed addresses that found their ring full; they are told again later.
    public var lostEvents: UInt64 = 0

    /// No traffic.
    public init() {}

    /// Everything together.
    public var total: TrafficCounters {
        var sum = unknownPeers
        sum.add(injected)
        for counters in ports.values { sum.add(counters) }
        for counters in peers.values { sum.add(counters) }
        return sum
    }

    /// Whether each frame read has ended in exactly one of delivered, encapsulated, flooded, answered, dropped. True whenever
    /// no frame is on its way.
    public var conserves: Bool {
        unknownPeers.unsettled == 0 && injected.unsettled == 0 && ports.values.allSatisfy { $0.unsettled == 0 }
            && peers.values.allSatisfy { $0.unsettled == 0 }
    }
}
