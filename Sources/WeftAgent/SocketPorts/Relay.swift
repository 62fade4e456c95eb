import Logging
import WeftLinux
import WeftTopology
import WeftTypes

/// Passes frames between a TAP and a unix socket: the hypervisor of a port of kind `socket`, as the host sees it.
///
/// It is a thread of its own, so that no guest can keep another's frames waiting, and so that it can touch files as the port's owner: paths
/// are in folders of that user's, and what he makes of them in the meantime can lead the agent to nothing that is not his. It holds one
/// queue of the TAP, and that only while a guest is there.
final class Relay: Sendable {
    let port: SocketPort
    let state: RelayState
    private let thread: JoinableThread

    /// Starts the relay of a port.
    init(_ port: SocketPort, logger: Logger) throws(LinuxError) {
        let state = try RelayState { link in
            let place: Logger.Metadata = ["port": "\(port.name)", "socket": "\(port.options.path)"]
            switch link {
            case .up: logger.info("virtual machine is there", metadata: place)
            case .down(let cause): logger.info("no virtual machine", metadata: place.merging(["cause": "\(cause)"]) { $1 })
            case .error(let cause): logger.error("socket not usable", metadata: place.merging(["cause": "\(cause)"]) { $1 })
            }
        }
        (self.port, self.state) = (port, state)
        thread = try JoinableThread(name: "weft-socket") {
            do throws(LinuxError) {
                if port.identity != .root { try port.identity.assume() }
            } catch {
                return state.set(.error("\(error)"))
            }
            switch port.options.mode {
            case .stream: RelayLoop<StreamWire>(port, state).run()
            case .dgram: RelayLoop<DatagramWire>(port, state).run()
            }
        }
    }

    /// Ends the relay, and waits until nothing is left of it.
    func stop() {
        state.stop.raise()
        thread.join()
    }
}

/// What the thread of a relay does.
private struct RelayLoop<Wire: GuestWire> {
    private let state: RelayState
    private let device: RelayDevice
    private var wire: Wire
    private var list = PollList()

    init(_ port: SocketPort, _ state: RelayState) {
        self.state = state
        device = RelayDevice(port, state: state)
        wire = Wire(port, state: state)
    }

    consuming func run() {
        while turn() {}
        device.follow(isLinked: false, MonotonicClock.now())
        wire.close()
    }

    /// One round; false when the relay is to end.
    private mutating func turn() -> Bool {
        let now = MonotonicClock.now()
        wire.advance(now)
        device.follow(isLinked: wire.isLinked, now)
        tell()

        list.removeAll()
        let stop = list.add(state.stop.rawValue)
        wire.watch(&list)
        let queue = device.rawValue.map { list.add($0, for: wire.takesFrames ? .readable : []) }
        let deadline = [wire.deadline, device.deadline(isLinked: wire.isLinked)].compactMap { $0 }.min()
        list.wait(timeout: deadline.map { max(.zero, now.duration(to: $0)) })
        guard !list[stop].contains(.readable) else { return false }

        let then = MonotonicClock.now()
        if list[queue].contains(.failed) { device.close() }
        wire.handle(list, device, then)
        if list[queue].contains(.readable), wire.isLinked, wire.takesFrames { wire.sendFrames(of: device, then) }
        return true
    }

    private func tell() {
        if let problem = wire.problem ?? device.problem {
            state.set(.error(problem))
        } else if wire.isLinked, device.rawValue != nil {
            state.set(.up)
        } else {
            state.set(.down(wire.isLinked ? "its device is not there yet" : wire.sentence))
        }
    }
}
