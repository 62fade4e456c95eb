import WeftTypes

/// Which members floods leave out: those that have been dead for a while and from which nothing has come since.
///
/// A failure detector only advises, so nothing else follows from a death; and a single frame from the dead brings it back.
struct DeadMembers: Hashable, Sendable {
    private struct Death: Hashable, Sendable {
        var since: Instant
        /// Frames that had come from it by then.
        var frameCount: UInt64
        var isRefuted = false
    }

    private var deaths: [NodeID: Death] = [:]

    /// How long a member is dead before floods leave it out.
    static var patience: Duration { .seconds(10) }

    /// A member was declared dead; `frameCount` frames had come from it.
    mutating func declare(_ id: NodeID, frameCount: UInt64, now: Instant) {
        if deaths[id] == nil { deaths[id] = Death(since: now, frameCount: frameCount) }
    }

    /// A member is back, or is gone altogether.
    mutating func forget(_ id: NodeID) { deaths[id] = nil }

    /// Those that floods leave out now. `frameCount` tells how many frames have come from a member.
    mutating func paused(now: Instant, frameCount: (NodeID) -> UInt64) -> Set<NodeID> {
        var paused: Set<NodeID> = []
        for id in deaths.keys.sorted() {
            guard var death = deaths[id] else { continue }
            if frameCount(id) != death.frameCount { death.isRefuted = true }
            deaths[id] = death
            if !death.isRefuted, death.since.duration(to: now) >= Self.patience { paused.insert(id) }
        }
        return paused
    }
}
