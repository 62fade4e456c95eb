import WeftGossip
import WeftLinux
import WeftSealing
import WeftTypes

extension GossipService {
    /// What the service's lock guards.
    struct State: Sendable {
        var configuration: Configuration
        var nodeState: NodeState
        var node: GossipNode
        /// Who has which station; beside the node, in the same lock, so that a record and its route are one step.
        var endpoints: Endpoints
        var channel: SealedChannel<SystemRandomNumberGenerator>
        var lines: [GossipLine]
        /// When the node, and the rules of stations, want to be woken.
        private var nodeWake: Instant?
        private var endpointsWake: Instant?
        var view = FabricView()
        /// What this node says of itself.
        var published: [RecordKey: RecordValue] = [:]
        var sendFailures: [Int32: UInt64] = [:]
        var impostorCount: UInt64 = 0
        private var changes: [GossipChange] = []
        private var effects: [GossipNode.Effect] = []
        private var openings: [SealedChannel<SystemRandomNumberGenerator>.Effect] = []

        init(
            configuration: Configuration, nodeState: NodeState, node: GossipNode,
            channel: SealedChannel<SystemRandomNumberGenerator>, lines: [GossipLine]
        ) {
            (self.configuration, self.nodeState, self.node) = (configuration, nodeState, node)
            (self.channel, self.lines) = (channel, lines)
            endpoints = Endpoints(
                identity: node.identity, addresses: configuration.addresses, now: MonotonicClock.now())
        }

        /// When something is to be done by itself.
        var wake: Instant? { [nodeWake, endpointsWake].compactMap(\.self).min() }

        /// Does what is due.
        mutating func tick(now: Instant) {
            if let nodeWake, nodeWake <= now { handle(.tick, now: now) }
            if let endpointsWake, endpointsWake <= now {
                self.endpointsWake = nil
                handle(stations: .tick, now: now)
            }
        }

        /// What is to be told since the last time.
        mutating func takeChanges() -> [GossipChange] {
            defer { changes.removeAll(keepingCapacity: true) }
            return changes
        }

        /// Hands an input to the node and carries out what it says.
        mutating func handle(_ input: GossipNode.Input, now: Instant) {
            var effects: [GossipNode.Effect] = []
            swap(&effects, &self.effects)
            node.handle(input, now: now, into: &effects)
            for effect in effects { carryOut(effect, now: now) }
            effects.removeAll(keepingCapacity: true)
            swap(&effects, &self.effects)
        }

        /// Hands what happened to stations to their rules and carries out what they say.
        mutating func handle(stations input: Endpoints.Input, now: Instant) {
            var effects: [Endpoints.Effect] = []
            endpoints.handle(input, now: now, into: &effects)
            for effect in effects {
                switch effect {
                case .publish(let key, let value): handle(.publish(key, value), now: now)
                case .withdraw(let key): handle(.withdraw(key), now: now)
                case .wake(let moment): endpointsWake = moment
                case .routeChanged, .bindingChanged, .forgetLocally, .forwardLate, .endLate, .announce, .alarm:
                    tell(.endpoint(effect))
                }
            }
        }

        /// Takes a datagram from the gossip port, whatever its bytes are.
        mutating func receive(_ bytes: [UInt8], from origin: GossipAddress, now: Instant) {
            channel.receive(bytes, from: origin, now: now, into: &openings)
            let opened = openings
            openings.removeAll(keepingCapacity: true)
            for effect in opened {
                switch effect {
                case .opened(let datagram):
                    guard Self.names(datagram.sender, datagram.plaintext) else {
                        impostorCount += 1
                        continue
                    }
                    handle(.received(datagram.plaintext, from: datagram.origin), now: now)
                case .send(let sealed, let address): send(sealed, to: address)
                case .refused: break  // counted
                }
            }
        }

        /// Whether the datagram's own sender is the one that sealed it: version (1), then the NodeID.
        private static func names(_ sender: SenderID, _ plaintext: [UInt8]) -> Bool {
            guard plaintext.count >= 9 else { return false }
            return plaintext[1..<9].reduce(0) { $0 << 8 | UInt64($1) } == sender.rawValue
        }

        private mutating func carryOut(_ effect: GossipNode.Effect, now: Instant) {
            switch effect {
            case .send(let bytes, let address): send(channel.seal(bytes), to: address)
            case .wake(let moment): nodeWake = moment
            case .memberChanged(let id, let state, let incarnation):
                if id != node.identity { tell(.member(id, state, incarnation)) }
            case .recordChanged(let origin, let key, let value):
                if origin != node.identity { recordChanged(origin, key, value) }
                switch key {
                case .node, .endpoint: handle(stations: .recordChanged(origin: origin, key, value), now: now)
                case .segment, .topologyRevision, .unknown: break
                }
            case .alarm(let alarm): tell(.alarm(alarm))
            case .persistEpoch(let epoch):
                do throws(SealingError) {
                    try nodeState.raiseEpoch(to: epoch)
                } catch {
                    tell(.epochNotKept("\(error)"))
                }
            case .fetched(let id, let content): tell(.fetched(id, content))
            case .fetchFailed(let id, let failure): tell(.fetchFailed(id, failure))
            }
        }

        /// What a later version wrote, and what makes no sense, is as good as not there.
        private mutating func recordChanged(_ origin: NodeID, _ key: RecordKey, _ value: RecordValue?) {
            switch key {
            case .node: tell(.node(origin, value.flatMap { try? NodeRecord($0) }))
            case .segment(let vni): tell(.segment(origin, vni, value.flatMap { try? SegmentRecord($0) }))
            case .topologyRevision: tell(.revision(origin, value.flatMap { try? TopologyRevisionRecord($0) }))
            case .endpoint, .unknown: break
            }
        }

        private mutating func tell(_ change: GossipChange) {
            view.apply(change)
            changes.append(change)
        }

        private mutating func send(_ sealed: [UInt8], to address: GossipAddress) {
            guard let line = lines.first(where: { $0.family == address.address.family }) else {
                sendFailures[97, default: 0] += 1  // EAFNOSUPPORT
                return
            }
            if let error = line.send(sealed, to: address) { sendFailures[error, default: 0] += 1 }
        }
    }
}
