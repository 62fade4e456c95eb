import Synchronization
import WeftForwarding
import WeftLinux
import WeftNetlink
import WeftSealing
import WeftTypes
import WeftWire

/// Sends and hears the probes for loops, by a thread of its own that has nothing to do with the data path.
///
/// It decides nothing: ``WeftForwarding/LoopGuard`` does, and what that says is handed to whoever blocks ports.
final class LoopWatcher: Sendable {
    /// A port of the host's own wires, and the device on which its probes travel.
    struct Wire: Hashable, Sendable {
        var port: String
        var device: String
        /// The kernel's number for the device.
        var index: Int32
        /// Where frames of a segment are: without a tag, or with one.
        var lanes: [Lane]
        var tagType = EtherType.vlan

        struct Lane: Hashable, Sendable {
            var vni: VNI
            var vlan: UInt16?
            /// The kernel's number for the device by which it is in a bridge of ours.
            var bridgePort: Int32?
        }
    }

    private struct State: Sendable {
        var guardian: LoopGuard
        var wires: [String: Wire] = [:]
        var ring: KeyRing?
        var isChanged = false
        var isStopping = false
        /// Probes that were no probes of this fabric's.
        var refused: UInt64 = 0
    }

    private static let probeInterval = LoopGuard.Configuration().probeInterval
    /// Frames read from one socket before the others have their turn.
    private static let turn = 64

    private let fabric: UInt64
    private let host: String
    private let run = UInt64.random(in: 0 ... .max)
    private let state: Mutex<State>
    private let signal: EventSignal
    private let thread = Mutex<JoinableThread?>(nil)
    private let onEffects: Mutex<@Sendable ([LoopGuard.Effect]) -> Void> = Mutex { _ in }

    /// Begins without wires, on `host` of the fabric of that name.
    init(fabric: String, host: String) throws(LinuxError) {
        self.fabric = LoopProbe.fabricNumber(fabric)
        self.host = host
        state = Mutex(State(guardian: LoopGuard(host: host)))
        signal = try EventSignal()
    }

    /// Says to whom effects are told, in order, on the watcher's thread.
    func onEffects(_ body: @escaping @Sendable ([LoopGuard.Effect]) -> Void) { onEffects.withLock { $0 = body } }

    /// Watches these wires from now on, with the fabric's keys if it has any; the first ones start the thread.
    func watch(_ wires: [Wire], ring: KeyRing?) throws(LinuxError) {
        let byPort = Dictionary(wires.map { ($0.port, $0) }) { first, _ in first }
        let isIdle = state.withLock { state in
            guard state.wires != byPort || state.ring != ring else { return true }
            (state.wires, state.ring, state.isChanged) = (byPort, ring, true)
            let lanes = wires.flatMap { wire in wire.lanes.map { LoopGuard.Lane(port: wire.port, vni: $0.vni) } }
            state.guardian.watch(Set(lanes), now: MonotonicClock.now())
            return false
        }
        guard !isIdle else { return }
        signal.raise()
        try thread.withLock { thread throws(LinuxError) in
            guard thread == nil, !wires.isEmpty else { return }
            let poller = try Poller()
            try poller.add(signal.rawValue, token: 0)
            let box = PollerBox(poller)
            thread = try JoinableThread(name: "weft-loops") { [self] in work(box) }
        }
    }

    /// The blocked lanes with their causes.
    var blocked: [(lane: LoopGuard.Lane, cause: LoopGuard.Place)] { state.withLock { $0.guardian.blocked } }

    /// Whether a lane is blocked.
    func isBlocked(_ lane: LoopGuard.Lane) -> Bool { state.withLock { $0.guardian.cause(of: lane) != nil } }

    /// Ends the thread and waits for it.
    func stop() {
        state.withLock { $0.isStopping = true }
        signal.raise()
        thread.withLock { $0.take() }?.join()
    }

    // MARK: The thread

    /// Hands the poller to the thread.
    private final class PollerBox: Sendable {
        private let poller: Mutex<Poller?>
        init(_ poller: consuming Poller) { self.poller = Mutex(poller) }
        func take() -> Poller? { poller.withLock { $0.take() } }
    }

    /// A wire in use.
    private struct Line {
        let number: UInt64
        var wire: Wire
        var socket: EtherTypeSocket
        /// What is sent, as long as nothing changes.
        var frames: [[UInt8]] = []
    }

    private func work(_ box: PollerBox) {
        guard var poller = box.take() else { return }
        let netlink = try? RouteNetlink.open()
        var lines: [String: Line] = [:]
        var nextNumber: UInt64 = 1
        var nextProbe = MonotonicClock.now()
        while true {
            let now = MonotonicClock.now()
            let wait = now < nextProbe ? now.duration(to: nextProbe) : .zero
            guard case .transferred(let count) = poller.wait(timeout: wait) else { return }
            let events = (0..<count).map { poller[$0].token }
            if events.contains(0) { signal.drain() }
            let wish = state.withLock { state in
                defer { state.isChanged = false }
                return (wires: state.isChanged ? state.wires : nil, isStopping: state.isStopping)
            }
            if wish.isStopping { return }
            var changed: Set<String> = []
            if let wires = wish.wires { changed = follow(wires, &lines, &nextNumber, poller) }

            var effects: [LoopGuard.Effect] = []
            for token in events where token != 0 {
                guard let line = lines.values.first(where: { $0.number == token }) else { continue }
                effects += hear(line)
            }
            if MonotonicClock.now() >= nextProbe {
                nextProbe = MonotonicClock.now().advanced(by: Self.probeInterval)
                effects += state.withLock { $0.guardian.tick(now: MonotonicClock.now()) }
                // A device that was not there may be by now.
                if let wires = state.withLock({ $0.wires.count == lines.count ? nil : $0.wires }) {
                    changed.formUnion(follow(wires, &lines, &nextNumber, poller))
                }
                for line in lines.values { for frame in line.frames { line.socket.send(frame) } }
            }
            // At once, and not by way of whoever is busy with what the loop does to the host.
            for effect in effects { carryOut(effect, lines, netlink) }
            changed.formUnion(effects.map(\.lane.port))
            for port in changed {
                guard let line = lines[port] else { continue }
                lines[port]?.frames = frames(of: line.wire)
                for frame in lines[port]?.frames ?? [] { line.socket.send(frame) }
            }
            if !effects.isEmpty { onEffects.withLock { $0 }(effects) }
        }
    }

    /// Opens and closes sockets until there is one for each wire; returns the ports whose probes are others than before.
    private func follow(
        _ wires: [String: Wire], _ lines: inout [String: Line], _ nextNumber: inout UInt64, _ poller: borrowing Poller
    ) -> Set<String> {
        for (port, line) in lines where wires[port]?.index != line.wire.index || wires[port]?.device != line.wire.device {
            try? poller.remove(line.socket.rawValue)
            lines[port] = nil
        }
        for (port, wire) in wires {
            if lines[port] != nil {
                lines[port]?.wire = wire
                continue
            }
            // What is not there (yet) is tried again with the next probe.
            guard
                let socket = try? EtherTypeSocket(
                    interface: wire.device, etherType: LoopProbe.etherType.rawValue, magic: LoopProbe.magicNumber,
                    frameLimit: 64 + 2 * wire.lanes.count),
                socket.interfaceIndex == wire.index, (try? poller.add(socket.rawValue, token: nextNumber)) != nil
            else { continue }
            lines[port] = Line(number: nextNumber, wire: wire, socket: socket)
            nextNumber += 1
        }
        return Set(lines.keys)
    }

    /// Has a bridge forward a lane's frames or not.
    private func carryOut(_ effect: LoopGuard.Effect, _ lines: [String: Line], _ netlink: RouteNetlink?) {
        let lane = lines[effect.lane.port]?.wire.lanes.first { $0.vni == effect.lane.vni }
        guard let device = lane?.bridgePort else { return }
        // What fails here is tried again with every look at the host, and said then.
        switch effect {
        case .block: try? netlink?.setBridgePort(device, .blocked)
        case .unblock: try? netlink?.setBridgePort(device, .unblocked)
        }
    }

    private func frames(of wire: Wire) -> [[UInt8]] {
        state.withLock { state in
            wire.lanes.map { lane in
                let isBlocked = state.guardian.cause(of: LoopGuard.Lane(port: wire.port, vni: lane.vni)) != nil
                let probe = LoopProbe(
                    isBlocked: isBlocked, vni: lane.vni, fabric: fabric, run: run, host: host, port: wire.port)
                let seal = state.ring?.loopSeal(of: probe.bytes) ?? 0
                return probe.frame(seal: seal, tag: lane.vlan.map { (wire.tagType, $0) })
            }
        }
    }

    private func hear(_ line: Line) -> [LoopGuard.Effect] {
        var effects: [LoopGuard.Effect] = []
        var seen: Set<[UInt8]> = []
        for _ in 0..<Self.turn {
            guard let (frame, tag) = line.socket.receive(limit: EthernetHeader.byteCount + LoopProbe.byteCountLimit) else {
                break
            }
            // A loop brings the same ones over and over.
            guard seen.insert(frame + [UInt8(truncatingIfNeeded: tag?.control ?? 0), UInt8((tag?.control ?? 0) >> 8)]).inserted
            else { continue }
            let payload = frame.rawBytes.extracting(min(EthernetHeader.byteCount, frame.count)..<frame.count)
            guard let probe = try? LoopProbe(parsing: payload), probe.fabric == fabric,
                let lane = line.wire.lane(of: tag, vni: probe.vni)
            else {
                state.withLock { $0.refused &+= 1 }
                continue
            }
            let seal = LoopProbe.seal(of: payload)
            effects += state.withLock { state in
                guard state.ring?.accepts(loopSeal: seal, of: probe.bytes) ?? (seal == 0) else {
                    state.refused &+= 1
                    return []
                }
                return state.guardian.hear(
                    probe, on: LoopGuard.Lane(port: line.wire.port, vni: lane.vni), now: MonotonicClock.now())
            }
        }
        return effects
    }
}

extension LoopWatcher.Wire {
    /// The lane that a probe of a segment came in by; nil when its tag is another's.
    func lane(of tag: PacketSocket.Tag?, vni: VNI) -> Lane? {
        lanes.first { lane in
            guard lane.vni == vni else { return false }
            let vlan = tag.map { $0.control & 0xFFF }
            // A frame with the tag of VLAN 0 has a priority and no VLAN.
            guard let vlan, vlan != 0 else { return lane.vlan == nil }
            return lane.vlan == vlan && tag?.type == tagType.rawValue
        }
    }
}

extension BridgePort {
    /// What makes a bridge drop a port's frames, and forget who was behind it. Without a spanning tree the kernel makes of a port that
    /// is `blocking` one that forwards, at once; one that is `disabled` stays so.
    static var blocked: BridgePort {
        var port = BridgePort()
        (port.state, port.flushes) = (.disabled, true)
        return port
    }

    /// What ends that.
    static var unblocked: BridgePort {
        var port = BridgePort()
        port.state = .forwarding
        return port
    }
}

extension LoopGuard.Effect {
    /// Whom it is about.
    var lane: LoopGuard.Lane {
        switch self {
        case .block(let lane, _), .unblock(let lane): lane
        }
    }
}
