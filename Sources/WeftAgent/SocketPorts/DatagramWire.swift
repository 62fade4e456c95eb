import Glibc
import WeftLinux
import WeftTypes

/// A guest at a socket of datagrams, one for each frame.
///
/// Both ends have a socket with a path. Ours is connected to the guest's as soon as that is there: from then on the kernel lets nobody else in, and
/// says when there is room again. Datagrams say nothing when their sender ends, so the connection is made anew twice a second: to the same socket that changes nothing.
struct DatagramWire: GuestWire {
    private(set) var problem: String?
    private(set) var isLinked = false
    private let port: SocketPort
    private let state: RelayState
    private var socket: FrameSocket?
    /// Where the guest's program has its socket.
    private var guest: String
    /// Room for a frame each way while a guest is there.
    private var incoming: [UInt8] = []
    private var outgoing: [UInt8] = []
    /// Bytes of the frame that is to be sent, 0 for none.
    private var pendingCount = 0
    private var pause = Backoff()
    private var attemptAt = Instant(nanoseconds: 0)
    private var place: PollList.Place?

    private static var lookPause: Duration { .milliseconds(500) }

    init(_ port: SocketPort, state: RelayState) {
        (self.port, self.state) = (port, state)
        guest = port.options.guestPath
    }

    var takesFrames: Bool { pendingCount == 0 }
    var deadline: Instant? { attemptAt }
    var sentence: String {
        "no virtual machine is at \(port.options.guestPath); weft port show \(port.name) --as qemu says how to start one"
    }

    // MARK: What is due

    mutating func advance(_ now: Instant) {
        guard now >= attemptAt else { return }
        if let former = socket, !former.isInPlace {
            unlink(former)
            socket = nil
        }
        guard let socket = socket ?? bind(now) else { return }
        switch socket.connect(to: guest) {
        case 0:
            link()
            pause.reset()
            attemptAt = now.advanced(by: Self.lookPause)
        case let error:
            problem =
                [ENOENT, ECONNREFUSED, EAGAIN].contains(error)
                ? nil : "\(LinuxError(.connect, guest, errno: error, detail: Self.explanation(of: error)))"
            unlink(socket)
            attemptAt = now.advanced(by: pause.next())
        }
    }

    private static func explanation(of error: Int32) -> String? {
        switch error {
        case EPERM: "the socket there is connected to another; stop the program that it is connected to"
        case EPROTOTYPE: "it is no socket of datagrams; change the port's mode, or the virtual machine's options"
        case EACCES: "\(LinuxError.text(of: error)); let the port's owner use it"
        default: nil
        }
    }

    private mutating func bind(_ now: Instant) -> FrameSocket? {
        do throws(LinuxError) {
            socket = try FrameSocket.bind(.datagram, to: port.options.agentPath, replacing: port.users)
        } catch {
            problem = "\(error)"
            attemptAt = now.advanced(by: pause.next())
        }
        return socket
    }

    private mutating func link() {
        if !isLinked {
            incoming = Array(repeating: 0, count: FrameReader.maximumFrameByteCount)
            outgoing = incoming
        }
        (isLinked, problem) = (true, nil)
    }

    /// The guest is gone; another may come from elsewhere.
    private mutating func unlink(_ socket: FrameSocket) {
        if isLinked { socket.disconnect() }
        isLinked = false
        guest = port.options.guestPath
        dropPending()
        (incoming, outgoing) = ([], [])
    }

    private mutating func dropPending() {
        if pendingCount > 0 { state.count(.lost) }
        pendingCount = 0
    }

    mutating func close() {
        dropPending()
        socket?.removeFile()
        (socket, isLinked) = (nil, false)
    }

    // MARK: What is ready

    mutating func watch(_ list: inout PollList) {
        place = socket.map { list.add($0.rawValue, for: pendingCount == 0 ? .readable : [.readable, .writable]) }
    }

    mutating func handle(_ list: PollList, _ device: RelayDevice, _ now: Instant) {
        guard let socket else { return }
        if list[place].contains(.writable), pendingCount > 0 { send(socket, now) }
        // An error waits to be taken, too, or it would wake this up for ever.
        guard !list[place].isDisjoint(with: [.readable, .failed, .hungUp]) else { return }
        if isLinked {
            receive(socket, device, now)
        } else {
            findSender(socket, now)
        }
    }

    /// Has a datagram tell where the guest is. It stays until the device is open.
    private mutating func findSender(_ socket: FrameSocket, _ now: Instant) {
        guard let sender = socket.nextSender() else { return }
        if !sender.isEmpty, socket.connect(to: sender) == 0 {
            guest = sender
            link()
            attemptAt = now.advanced(by: Self.lookPause)
        } else {
            // Nobody that could be answered.
            _ = socket.receive(into: &incoming, in: 0..<0)
            state.count(.invalid)
        }
    }

    private mutating func receive(_ socket: FrameSocket, _ device: RelayDevice, _ now: Instant) {
        for _ in 0..<RelayDevice.turnLimit {
            switch socket.receive(into: &incoming, in: 0..<incoming.count) {
            case .transferred(let count) where count > incoming.count: state.count(.invalid)
            case .transferred(let count): device.deliver(incoming, in: 0..<count)
            case .wouldBlock: return
            case .failed:
                attemptAt = now
                return
            }
        }
    }

    mutating func sendFrames(of device: RelayDevice, _ now: Instant) {
        guard let socket else { return }
        for _ in 0..<RelayDevice.turnLimit {
            guard let count = device.take(into: &outgoing, in: 0..<outgoing.count) else { return }
            pendingCount = count
            send(socket, now)
            guard pendingCount == 0, isLinked else { return }
        }
    }

    private mutating func send(_ socket: FrameSocket, _ now: Instant) {
        switch socket.send(outgoing, in: 0..<pendingCount) {
        case .transferred: pendingCount = 0
        case .wouldBlock: return
        case .failed(let error):
            dropPending()
            // Whether the guest is still there is found out at once.
            if error != EMSGSIZE, error != ENOBUFS { attemptAt = now }
        }
    }
}
