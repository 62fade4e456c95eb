import Glibc
import WeftLinux
import WeftTypes

/// A guest at a stream: the agent listens and takes one program at a time, or connects to one that listens.
struct StreamWire: GuestWire {
    private(set) var problem: String?
    private let port: SocketPort
    private let state: RelayState
    private var listener: FrameSocket?
    private var peer: FrameSocket?
    private var reader = FrameReader()
    private var writer = FrameWriter()
    /// Why the last program was let go, while no other has come.
    private var note: String?
    private var pause = Backoff()
    /// Nothing is made, connected or accepted before that.
    private var attemptAt = Instant(nanoseconds: 0)
    private var linkedAt = Instant(nanoseconds: 0)
    private var lookAt = Instant(nanoseconds: 0)
    /// Newcomers have to wait until ``attemptAt``.
    private var isPaused = false
    private var places: (listener: PollList.Place?, peer: PollList.Place?) = (nil, nil)

    /// How often the socket's file is looked for.
    private static var lookPause: Duration { .seconds(1) }
    /// How long newcomers wait that were refused because another is there.
    private static var refusalPause: Duration { .milliseconds(50) }

    init(_ port: SocketPort, state: RelayState) { (self.port, self.state) = (port, state) }

    var isLinked: Bool { peer != nil }
    var takesFrames: Bool { writer.isEmpty }
    var sentence: String {
        note
            ?? (port.options.listens
                ? "no virtual machine is connected to \(port.options.path)" : "nobody listens on \(port.options.path) yet")
            + "; weft port show \(port.name) --as qemu says how to start one"
    }

    // MARK: What is due

    mutating func advance(_ now: Instant) {
        if listener != nil, now >= lookAt {
            lookAt = now.advanced(by: Self.lookPause)
            // Somebody removed or replaced it: nobody could find us any more.
            if listener?.isInPlace == false { listener = nil }
        }
        guard now >= attemptAt else { return }
        if port.options.listens {
            if listener == nil { listen(now) }
        } else if peer == nil {
            connect(now)
        }
    }

    var deadline: Instant? {
        guard port.options.listens else { return peer == nil ? attemptAt : nil }
        return listener == nil ? attemptAt : isPaused ? min(attemptAt, lookAt) : lookAt
    }

    private mutating func listen(_ now: Instant) {
        do throws(LinuxError) {
            listener = try FrameSocket.bind(.stream, to: port.options.agentPath, replacing: port.users)
            problem = nil
            pause.reset()
            lookAt = now.advanced(by: Self.lookPause)
        } catch {
            problem = "\(error)"
            attemptAt = now.advanced(by: pause.next())
        }
    }

    private mutating func connect(_ now: Instant) {
        do throws(LinuxError) {
            let found = try FrameSocket.connect(to: port.options.guestPath)
            problem = nil
            take(found, now)
        } catch {
            // Nothing is wrong where the program has not begun yet.
            let isAbsent =
                [ENOENT, ECONNREFUSED, EAGAIN].contains(error.errno) && error.cause == LinuxError.text(of: error.errno)
            problem = isAbsent ? nil : "\(error)"
            attemptAt = now.advanced(by: pause.next())
        }
    }

    /// Takes a program that is to bring the guest, if it is one of those that may.
    private mutating func take(_ newcomer: FrameSocket, _ now: Instant) {
        let user = try? PeerCredentials(ofPeerAt: newcomer.rawValue).userID
        guard let user, port.users.contains(user) else {
            note =
                "a program of user \(user.map { "\($0)" } ?? "?") was refused: the port's owner is user \(port.identity.userID)"
            attemptAt = now.advanced(by: pause.next())
            return
        }
        (peer, note, linkedAt) = (newcomer, nil, now)
    }

    private mutating func letGo(_ now: Instant, because reason: String? = nil) {
        state.count(.lost, writer.discard())
        (peer, note) = (nil, reason)
        reader.reset()
        // One that was there for a while may come back at once; one that only comes and goes has to wait.
        if reason == nil, linkedAt.duration(to: now) > .seconds(1) { pause.reset() }
        attemptAt =
            port.options.listens && reason == nil && linkedAt.duration(to: now) > .seconds(1)
            ? now : now.advanced(by: pause.next())
    }

    mutating func close() {
        state.count(.lost, writer.discard())
        listener?.removeFile()
        (listener, peer) = (nil, nil)
    }

    // MARK: What is ready

    mutating func watch(_ list: inout PollList) {
        isPaused = MonotonicClock.now() < attemptAt
        places.listener = isPaused ? nil : listener.map { list.add($0.rawValue) }
        places.peer = peer.map { list.add($0.rawValue, for: writer.isEmpty ? .readable : [.readable, .writable]) }
    }

    mutating func handle(_ list: PollList, _ device: RelayDevice, _ now: Instant) {
        let ready = list[places.peer]
        if ready.contains(.writable) { flush(now) }
        if !ready.isDisjoint(with: [.readable, .hungUp, .failed]) { receive(device, now) }
        // What one that has gone had to say is heard first; then the next one's turn has come.
        guard list[places.listener].contains(.readable), peer == nil || !ready.contains(.hungUp) else { return }
        guard let newcomer = listener?.accept() else { return }
        if peer == nil {
            take(newcomer, now)
        } else {
            attemptAt = now.advanced(by: Self.refusalPause)
        }
    }

    private mutating func receive(_ device: RelayDevice, _ now: Instant) {
        guard let peer else { return }
        let room = reader.room()
        switch peer.read(into: &reader.bytes, in: room) {
        case .transferred(0): letGo(now)
        case .transferred(let count):
            reader.fill(count)
            do throws(FrameReader.Violation) {
                while let frame = try reader.next() { device.deliver(reader.bytes, in: frame) }
            } catch {
                switch error {
                case .byteCount(let count):
                    state.count(.invalid)
                    letGo(
                        now,
                        because: "the program at \(port.options.path) announced a frame of \(count) bytes and was let go; "
                            + "what connects there has to be a virtual machine's -netdev stream")
                }
            }
        case .wouldBlock: return
        case .failed: letGo(now)
        }
    }

    mutating func sendFrames(of device: RelayDevice, _ now: Instant) {
        for _ in 0..<RelayDevice.turnLimit {
            guard writer.append({ device.take(into: &$0, in: $1) }) else { break }
        }
        flush(now)
    }

    private mutating func flush(_ now: Instant) {
        while let peer, !writer.isEmpty {
            switch peer.send(writer.bytes, in: writer.pending) {
            case .transferred(let count): writer.advance(count)
            case .wouldBlock: return
            case .failed: letGo(now)
            }
        }
    }
}
