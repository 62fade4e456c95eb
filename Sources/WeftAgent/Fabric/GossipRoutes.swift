import Synchronization
import WeftDataPlane
import WeftForwarding
import WeftGossip
import WeftTypes

/// Between the rules of stations and the packet path, on whichever thread something comes: a station that moved must not wait
/// for the rest of the agent.
///
/// Gossip names segments by VNI and hosts by NodeID, the packet path by the numbers of its tables. A route to a host or in a
/// segment that has no number yet waits here until it has one.
final class GossipRoutes: Sendable {
    /// The numbers of the packet path.
    struct Numbers: Hashable, Sendable {
        var nodes: [NodeID: PeerIndex] = [:]
        var segments: [VNI: SegmentIndex] = [:]
        /// The kernel's number of the device of each port that the agent reads itself; the others are uplinks, behind which is a
        /// bridge of ours.
        var readPorts: [PortIndex: LocalPort] = [:]
        /// Peers that do not gossip.
        var plainPeers: [PeerIndex: VTEP] = [:]
    }

    fileprivate struct State: Sendable {
        var routes: [EndpointKey: Endpoints.Route] = [:]
        var bindings: [Address: Binding] = [:]
        var numbers = Numbers()
        var vnis: [SegmentIndex: VNI] = [:]
        var plane: DataPlane?
    }

    /// An IP address of a segment.
    fileprivate struct Address: Hashable, Comparable {
        var vni: VNI
        var address: IPAddress

        static func < (left: Address, right: Address) -> Bool { (left.vni, left.address) < (right.vni, right.address) }
    }

    private let state = Mutex(State())

    // MARK: From gossip to the packet path

    /// Carries out what the rules of stations say about the packet path.
    func apply(_ effects: [Endpoints.Effect]) {
        state.withLock { state in
            var routes: [Directory.Event] = []
            var bindings: [BindingChange] = []
            for effect in effects {
                switch effect {
                case .routeChanged(let key, let route): routes += state.change(key, to: route)
                case .bindingChanged(let vni, let address, let binding):
                    let key = Address(vni: vni, address: address)
                    let known = binding.map { Binding(mac: $0.mac, isRouter: $0.isRouter) }
                    state.bindings[key] = known
                    if let change = state.change(key, to: known) { bindings.append(change) }
                case .forwardLate(let key, let node, let until):
                    // Before the new route is in force: between the two a late frame would be dropped.
                    guard let place = state.key(key), let peer = state.numbers.nodes[node] else { break }
                    state.plane?.forwardLate([place], to: peer, until: until)
                case .endLate(let key): state.plane?.stopForwardingLate([key].compactMap(state.key))
                case .announce(let key, let addresses, let isRouter): state.announce(key, addresses, isRouter: isRouter)
                case .publish, .withdraw, .forgetLocally, .alarm, .wake: break
                }
            }
            state.plane?.handle(routes)
            if !bindings.isEmpty { state.plane?.setBindings(bindings) }
        }
    }

    /// Uses other numbers, or another data path, which hears of all routes anew.
    func adopt(_ numbers: Numbers, plane: DataPlane) {
        state.withLock { state in
            let isOther =
                state.plane !== plane || state.numbers.nodes != numbers.nodes || state.numbers.segments != numbers.segments
            (state.numbers, state.plane) = (numbers, plane)
            guard isOther else { return }
            state.vnis = Dictionary(numbers.segments.map { ($0.value, $0.key) }) { first, _ in first }
            let routes = state.routes.sorted { $0.key < $1.key }
            plane.handle(routes.flatMap { state.announcement(of: $0.key, $0.value) })
            plane.setBindings(state.bindings.sorted { $0.key < $1.key }.compactMap { state.change($0.key, to: $0.value) })
        }
    }

    /// Lets go of the data path.
    func release() { state.withLock { $0.plane = nil } }

    // MARK: From the packet path to gossip

    /// What the workers saw, in the words of the rules of stations.
    func inputs(for sightings: Sightings) -> [Endpoints.Input] {
        state.withLock { state in
            let seen = sightings.stations.compactMap { event -> Endpoints.Input? in
                guard let key = state.key(event.key) else { return nil }
                switch event.location {
                case .port(let port): return .sighted(key, port: state.numbers.readPorts[port], .frame, seen: event.seen)
                case .peer(let peer):
                    return state.numbers.plainPeers[peer].map { .sightedBehind($0, key, seen: event.seen) }
                }
            }
            let bound = sightings.bindings.compactMap { event -> Endpoints.Input? in
                guard let key = state.key(event.key) else { return nil }
                return .bound(
                    key, event.address, port: state.numbers.readPorts[event.port], isRouter: event.isRouter, seen: event.seen)
            }
            let aged = sightings.aged.compactMap { event -> Endpoints.Input? in
                guard let key = state.key(event.key) else { return nil }
                switch event.location {
                case .port: return .forgotten(key, .frame)
                case .peer(let peer): return state.numbers.plainPeers[peer].map { .forgottenBehind($0, key) }
                }
            }
            return seen + bound + aged
        }
    }

    /// A station by the packet path's numbers.
    func endpointKey(_ key: FDBKey) -> EndpointKey? { state.withLock { $0.key(key) } }
}

extension GossipRoutes.State {
    func key(_ key: EndpointKey) -> FDBKey? { numbers.segments[key.vni].map { FDBKey($0, key.mac) } }

    func key(_ key: FDBKey) -> EndpointKey? { vnis[key.segment].map { EndpointKey($0, key.mac) } }

    mutating func change(_ key: EndpointKey, to route: Endpoints.Route?) -> [Directory.Event] {
        let old = routes[key]
        routes[key] = route
        var events: [Directory.Event] = []
        if let old, old.node != route?.node, let place = self.key(key), let peer = numbers.nodes[old.node] {
            events.append(.withdrawn(place, peer))
        }
        if let route { events += announcement(of: key, route) }
        return events
    }

    func announcement(of key: EndpointKey, _ route: Endpoints.Route) -> [Directory.Event] {
        guard let place = self.key(key), let peer = numbers.nodes[route.node] else { return [] }
        return [.announced(place, peer, sequence: route.sequence, isSticky: route.isSticky)]
    }

    fileprivate func change(_ key: GossipRoutes.Address, to binding: Binding?) -> BindingChange? {
        numbers.segments[key.vni].map { BindingChange($0, key.address, binding) }
    }

    /// Speaks for a station that came here and is silent: into tunnels only.
    func announce(_ key: EndpointKey, _ addresses: [IPAddress], isRouter: Bool) {
        guard let segment = numbers.segments[key.vni] else { return }
        let frames =
            [Announcement.reverseARP(of: key.mac)]
            + addresses.map { Announcement.binding(of: $0, to: Binding(mac: key.mac, isRouter: isRouter)) }
        plane?.inject(frames, into: segment)
    }
}
