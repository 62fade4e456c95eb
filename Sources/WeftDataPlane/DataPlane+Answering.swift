import WeftForwarding
import WeftLinux
import WeftTypes

/// An IP address of a segment and the station of another host that has it, or nobody any more.
public struct BindingChange: Hashable, Sendable {
    public var key: BindingKey
    /// nil takes the binding away.
    public var binding: Binding?

    /// Describes a change.
    public init(_ segment: SegmentIndex, _ address: IPAddress, _ binding: Binding?) {
        key = BindingKey(segment, address)
        self.binding = binding
    }
}

/// What the workers have seen of stations, and what became too old: told to the control side in batches.
public struct Sightings: Sendable {
    /// Sources of frames, at ports and at peers that do not gossip; of those that stay, about every eighth of the ageing time.
    public var stations: [LearnEvent] = []
    /// Addresses that stations behind local ports say to have; of those that stay, every 15 seconds at most.
    public var bindings: [BindingEvent] = []
    /// Learnt stations that were forgotten because no frame came from them.
    public var aged: [LearnEvent] = []

    /// Whether there is nothing to tell.
    public var isEmpty: Bool { stations.isEmpty && bindings.isEmpty && aged.isEmpty }
}

// What gossip knows about other hosts' stations and the packet path acts on. <doc:Answering> in WeftForwarding has the rules.

extension DataPlane {
    /// Takes in which stations of *other* hosts have which addresses: questions for them are answered here (E8).
    ///
    /// Stations of this host must have none. A question is only answered while the FDB places the station at a peer, so set its
    /// route first. Changes that would exceed ``DataPlaneConfiguration/bindingLimit``, or name a segment that is not described,
    /// are left out: those questions are flooded.
    /// - Returns: how many changes were left out.
    @discardableResult
    public func setBindings(_ changes: [BindingChange]) -> Int {
        guard !changes.isEmpty else { return 0 }
        let limit = configuration.bindingLimit
        return state.withLock { state in
            let segments = Set(state.fabric.description.segments.map(\.index))
            var refusedCount = 0
            for change in changes {
                let isNew = change.binding != nil && state.bindings.binding(for: change.key) == nil
                if change.binding != nil && !segments.contains(change.key.segment) || isNew && state.bindings.count >= limit {
                    refusedCount += 1
                } else {
                    state.bindings.set(change.binding, for: change.key)
                }
            }
            publish(&state)
            return refusedCount
        }
    }

    /// Who answers for an address, if anybody.
    public func binding(for key: BindingKey) -> Binding? { state.withLock { $0.bindings.binding(for: key) } }

    /// The number of bindings.
    public var bindingCount: Int { state.withLock { $0.bindings.count } }

    /// Sends on to `peer`, until then, what still comes by tunnels for stations that this host had and has no more (X9).
    ///
    /// Call it before, or together with, the announcement of the stations' new place; where the FDB knows a later place, frames
    /// go there. A station that is here again gets its frames here, whatever is noted. Unknown peers and segments are ignored.
    public func forwardLate(_ keys: [FDBKey], to peer: PeerIndex, until: Instant) {
        state.withLock { state in
            let segments = Set(state.fabric.description.segments.map(\.index))
            guard state.fabric.vtep(of: peer) != nil else { return }
            for key in keys where key.mac.isStation && segments.contains(key.segment) {
                guard state.lateRoutes.count < configuration.lateRouteLimit else { break }
                state.lateRoutes.set(peer, until: until, for: key)
            }
            publish(&state)
        }
    }

    /// Stops sending on what comes for a station, which is here again.
    public func stopForwardingLate(_ keys: [FDBKey]) {
        state.withLock { state in
            for key in keys { state.lateRoutes.remove(key) }
            publish(&state)
        }
    }

    /// Sends frames, such as ``Announcement``s for a silent guest, to the members of a segment, once each, and to no local port.
    ///
    /// Their ends show in ``CounterSnapshot/injected``.
    public func inject(_ frames: [[UInt8]], into segment: SegmentIndex) {
        guard !frames.isEmpty else { return }
        links[Int(segment.rawValue) % links.count].send(.inject(frames, segment))
    }
}
