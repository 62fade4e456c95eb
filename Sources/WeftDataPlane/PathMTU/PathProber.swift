import Glibc
import Synchronization
import WeftForwarding
import WeftLinux
import WeftTypes
import WeftWire

/// Probes the paths to other agents: carries out what one ``WeftForwarding/PathDiscovery`` per peer wants, in one thread.
///
/// It has a socket of its own per address family, from which probes leave and to which acknowledgements come; both ends' VXLAN
/// port is what they are sent to, so they take the way the frames take. Of peers without traffic it only looks at the counters,
/// once a second.
final class PathProber: Sendable {
    /// How often it looks which peers have traffic.
    private static let lookInterval = Duration.seconds(1)
    /// How often a send is tried that fails for something else.
    private static let sendLimit = 3
    /// Events that are handled before it looks at the clock again.
    private static let drainLimit = 256

    /// What is to be told to the others.
    struct Change: Sendable {
        var peer: PeerIndex
        var vtep: VTEP
        var event: PathEvent
    }

    private struct Peer: Sendable {
        let vtep: VTEP
        let socket: Int
        let seed: UInt64
        /// When the path is first looked at.
        var start: Instant
        /// nil until the link's MTU is known.
        var discovery: PathDiscovery?
        /// The counters' sum when they were last looked at.
        var traffic: UInt64
    }

    private struct State: Sendable {
        var peers: [PeerIndex: Peer] = [:]
        /// The peers in order.
        var order: [PeerIndex] = []
        var byVTEP: [VTEP: PeerIndex] = [:]
        var nextLook = Instant(nanoseconds: 0)
        /// What routers said, not yet handed on.
        var hints: [(peer: PeerIndex, byteCount: Int)] = []

        /// When there is next something to do without a word from outside.
        var nextWake: Instant? {
            guard !order.isEmpty else { return nil }
            var next = nextLook
            for peer in peers.values {
                if let discovery = peer.discovery {
                    if let wake = discovery.wake { next = min(next, wake) }
                } else {
                    next = min(next, peer.start)
                }
            }
            return next
        }
    }

    private let configuration: PathDiscovery.Configuration
    private let sockets: [SharedSocket]
    private let signal: EventSignal
    private let isStopping = Atomic<Bool>(false)
    private let state = Mutex(State())
    private let counters: [CounterBlock]
    /// What the largest probe is sent from: zeros behind the header.
    private let probe = Mutex([UInt8](repeating: 0, count: PathProber.largestByteCount))

    /// The largest UDP payload.
    private static let largestByteCount = 65507

    /// Opens a socket at each address of `underlays`, in the network namespace of the calling thread.
    init(
        _ configuration: PathDiscovery.Configuration, underlays: [Underlay], counters: [CounterBlock]
    ) throws(LinuxError) {
        self.configuration = configuration
        self.counters = counters
        var sockets: [SharedSocket] = []
        for underlay in underlays {
            var options = UDPSocketOptions(address: underlay.address, port: .ephemeral)
            options.keepsErrors = true
            options.receiveBufferByteCount = 256 << 10
            options.sendBufferByteCount = 1 << 20
            sockets.append(SharedSocket(try UDPSocket.open(options)))
        }
        self.sockets = sockets
        signal = try EventSignal()
    }

    // MARK: From other threads

    /// Takes over the peers; the paths of those that stay where they are stay known.
    func configure(_ peers: [PeerDescription]) {
        let now = MonotonicClock.now()
        var random = SystemRandomNumberGenerator()
        let agents = peers.filter { $0.kind != .plain }
        // Not all of a large fabric at once.
        let spread = min(500, agents.count * 2)
        state.withLock { state in
            var next = State()
            next.nextLook = state.nextLook
            for peer in agents {
                guard let socket = sockets.firstIndex(where: { $0.socket.local.address.family == peer.vtep.address.family })
                else { continue }
                if let known = state.peers[peer.index], known.vtep == peer.vtep {
                    next.peers[peer.index] = known
                } else {
                    next.peers[peer.index] = Peer(
                        vtep: peer.vtep, socket: socket, seed: random.next(),
                        start: now.advanced(by: .milliseconds(Int.random(in: 0...spread, using: &random))), discovery: nil,
                        traffic: traffic(of: peer.index))
                }
                next.byVTEP[peer.vtep] = peer.index
            }
            next.order = next.peers.keys.sorted()
            state = next
        }
        signal.raise()
    }

    /// What is known of each agent's path.
    func reports() -> [PeerIndex: PathReport] {
        state.withLock { $0.peers.compactMapValues { $0.discovery?.report } }
    }

    /// Lets ``run(_:)`` begin.
    func prepare() { isStopping.store(false, ordering: .releasing) }

    /// Lets ``run(_:)`` return.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        signal.raise()
    }

    // MARK: The thread

    /// Probes until it is stopped; `report` is called for each change, with no lock held.
    func run(_ report: (Change) -> Void) {
        guard var poller = try? Poller(capacity: 8), (try? poller.add(signal.rawValue, token: 0)) != nil else { return }
        for (index, socket) in sockets.enumerated() { try? poller.add(socket.socket.rawValue, token: UInt64(index + 1)) }
        while !isStopping.load(ordering: .acquiring) {
            let wake = state.withLock { state in state.nextWake }
            _ = poller.wait(timeout: wake.map { max(.zero, MonotonicClock.now().duration(to: $0)) })
            signal.drain()
            let changes = state.withLock { state in
                var changes: [Change] = []
                for socket in sockets.indices { receive(socket, &state, &changes) }
                passHints(&state, &changes)
                look(&state, &changes)
                return changes
            }
            for change in changes { report(change) }
        }
    }

    /// Takes what came back to a socket.
    private func receive(_ socket: Int, _ state: inout State, _ changes: inout [Change]) {
        _ = drainErrors(of: socket, &state)
        for _ in 0..<Self.drainLimit {
            switch sockets[socket].socket.receive(upTo: PathProbe.byteCount + 1) {
            case .received(let bytes, let source):
                guard let source, let peer = state.byVTEP[source], let probe = try? PathProbe(parsing: bytes.rawBytes),
                    probe.kind == .acknowledgement
                else { continue }
                advance(peer, .acknowledged(nonce: probe.nonce), &state, &changes)
            case .failed: continue  // an ICMP error that is in the queue too
            case .nothing: return
            }
        }
    }

    /// Empties a socket's error queue; returns the MTU of the device, if the kernel named it there for a datagram it refused.
    ///
    /// A router's word is a hint if it quotes what we send: the kernel has found our socket by the quoted source, and the quoted
    /// destination is a peer (P4).
    private func drainErrors(of socket: Int, _ state: inout State) -> Int? {
        var mtu: Int?
        for _ in 0..<Self.drainLimit {
            guard let error = sockets[socket].socket.receiveError() else { break }
            guard error.errno == EMSGSIZE else { continue }
            switch error.origin {
            case .local: mtu = error.mtu > 0 ? error.mtu : nil
            case .icmp:
                guard state.hints.count < Self.drainLimit, let peer = error.destination.flatMap({ state.byVTEP[$0] }) else {
                    continue
                }
                state.hints.append((peer, error.mtu))
            }
        }
        return mtu
    }

    /// Hands on what routers said.
    private func passHints(_ state: inout State, _ changes: inout [Change]) {
        let hints = state.hints
        state.hints = []
        for hint in hints { advance(hint.peer, .tooBig(byteCount: hint.byteCount), &state, &changes) }
    }

    /// Sees which peers have traffic, and lets those go on whose time has come.
    private func look(_ state: inout State, _ changes: inout [Change]) {
        let now = MonotonicClock.now()
        let isDue = now >= state.nextLook
        if isDue { state.nextLook = now.advanced(by: Self.lookInterval) }
        for peer in state.order {
            guard let entry = state.peers[peer] else { continue }
            if entry.discovery == nil, now >= entry.start { begin(peer, &state, now: now) }
            if isDue {
                let traffic = traffic(of: peer)
                if traffic != entry.traffic {
                    state.peers[peer]?.traffic = traffic
                    if let mtu = linkMTU(towards: entry, &state) { advance(peer, .linkMTU(mtu), &state, &changes) }
                    advance(peer, .traffic, &state, &changes)
                }
            }
            if let wake = state.peers[peer]?.discovery?.wake, wake <= now { advance(peer, .tick, &state, &changes) }
        }
    }

    /// Frames that went to a peer, or came from it and were of use.
    private func traffic(of peer: PeerIndex) -> UInt64 {
        let row = CounterBlock.row(peer)
        return counters.reduce(0) { sum, block in
            sum &+ block.value(.sentFrames, row: row) &+ block.value(.delivered, row: row) &+ block.value(.flooded, row: row)
        }
    }

    private func begin(_ peer: PeerIndex, _ state: inout State, now: Instant) {
        guard let entry = state.peers[peer] else { return }
        guard let mtu = linkMTU(towards: entry, &state) else {
            // No way there yet: again a moment later.
            state.peers[peer]?.start = now.advanced(by: Self.lookInterval)
            return
        }
        state.peers[peer]?.discovery = PathDiscovery(configuration, linkMTU: mtu, seed: entry.seed, start: now)
    }

    /// Hands an input to a peer's discovery and carries out what it wants.
    private func advance(_ peer: PeerIndex, _ input: PathDiscovery.Input, _ state: inout State, _ changes: inout [Change]) {
        var inputs = [input]
        var count = 0
        while count < inputs.count, count < 64 {
            let now = MonotonicClock.now()
            var effects: [PathDiscovery.Effect] = []
            state.peers[peer]?.discovery?.handle(inputs[count], now: now, into: &effects)
            count += 1
            guard let entry = state.peers[peer] else { return }
            for effect in effects {
                switch effect {
                case .mtuChanged(let from, let to):
                    changes.append(
                        Change(peer: peer, vtep: entry.vtep, event: .mtuChanged(peer, from: from, to: to)))
                case .probe(let nonce, let byteCount):
                    guard case .refused(let mtu) = send(byteCount, nonce: nonce, to: entry, &state) else { continue }
                    inputs += [.linkMTU(mtu), .refused(nonce: nonce)]
                }
            }
        }
    }

    // MARK: Sending

    private enum Sending {
        case sent
        /// The device does not take datagrams of this size; this is its MTU.
        case refused(Int)
        /// Something else is wrong: the probe will be missed.
        case failed
    }

    private static func headerByteCount(_ vtep: VTEP) -> Int { vtep.address.family == .v4 ? 28 : 48 }

    /// Sends a probe whose IP packet has `byteCount` bytes.
    ///
    /// What an ICMP message said is told once in place of a datagram's fate, and looks the same: only the error queue shows whether
    /// it was the device that refused.
    private func send(_ byteCount: Int, nonce: UInt64, to peer: Peer, _ state: inout State) -> Sending {
        let payload = min(byteCount - Self.headerByteCount(peer.vtep), Self.largestByteCount)
        guard payload >= PathProbe.byteCount else { return .failed }
        let header = PathProbe(.probe, nonce: nonce, probeByteCount: UInt16(payload))
        for _ in 0..<Self.sendLimit {
            let result = probe.withLock { bytes in
                bytes.withMutableRawBytes { header.emit(into: &$0) }
                return sockets[peer.socket].socket.transmit(bytes.rawBytes.extracting(0..<payload), to: peer.vtep)
            }
            switch result {
            case .failed(EMSGSIZE): if let mtu = drainErrors(of: peer.socket, &state) { return .refused(mtu) }
            case .failed: continue
            case .transferred, .wouldBlock: return .sent
            }
        }
        return .failed
    }

    /// The MTU of the device towards a peer, as the kernel says it when asked for too much: no ICMP changes that one. nil when
    /// there is no way to the peer.
    private func linkMTU(towards peer: Peer, _ state: inout State) -> Int? {
        let largest = Self.largestByteCount + Self.headerByteCount(peer.vtep)
        return switch send(largest, nonce: 0, to: peer, &state) {
        case .sent: largest
        case .refused(let mtu): mtu
        case .failed: nil
        }
    }
}
