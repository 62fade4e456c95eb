import Glibc
import Synchronization
import WeftLinux
import WeftWire

/// A hypervisor of the test's own at the socket of a port: the guest is a namespace, whose `eth0` is a TAP. What comes out of the socket is
/// judged frame by frame, as a network card that does nothing for its host would have it: small enough, and with right checksums.
final class SocketGuest {
    /// What the judge found.
    struct Tally: Sendable {
        var frameCount = 0
        /// Frames that are longer than the guest's MTU allows.
        var tooLongCount = 0
        /// Frames with a wrong checksum of TCP, UDP or ICMP.
        var wrongCount = 0
    }

    private final class Shared: Sendable {
        let stop: EventSignal
        let tally = Mutex(Tally())
        init() throws { stop = try EventSignal() }
    }

    private final class Held: Sendable {
        let queue: TapQueue
        init(_ queue: consuming TapQueue) { self.queue = queue }
    }

    private let shared: Shared
    private let thread: JoinableThread

    var tally: Tally { shared.tally.withLock { $0 } }

    /// Connects to the socket at `path` and sets up the guest's interface.
    init(in place: Place, path: String, mac: String, address: String, mtu: Int) throws {
        let held = try place.namespace.run {
            Held(try TapDevice.open(name: "eth0", options: TapOptions(hasVirtioNetHeader: false)))
        }
        try place.run("ip link set eth0 addrgenmode none address \(mac) mtu \(mtu)")
        try place.run("ip address add \(address) dev eth0")
        try place.run("ip link set eth0 up")
        let socket = try FrameSocket.connect(to: path)
        let shared = try Shared()
        self.shared = shared
        thread = try JoinableThread(name: "test-guest") { Self.pump(held.queue, socket, shared, mtu: mtu) }
    }

    deinit { leave() }

    /// Ends the connection; the interface goes with it.
    func leave() {
        shared.stop.raise()
        thread.join()
    }

    private static func pump(_ queue: borrowing TapQueue, _ socket: FrameSocket, _ shared: Shared, mtu: Int) {
        var list = PollList()
        var (arrived, piece) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 16))
        var leaving: ArraySlice<UInt8> = []
        while true {
            list.removeAll()
            let stop = list.add(shared.stop.rawValue)
            let fromAgent = list.add(socket.rawValue, for: leaving.isEmpty ? .readable : [.readable, .writable])
            let fromGuest = list.add(queue.rawValue, for: leaving.isEmpty ? .readable : [])
            list.wait(timeout: nil)
            if list[stop].contains(.readable) { return }
            if list[fromAgent].contains(.readable) {
                guard case .transferred(let count) = socket.read(into: &piece, in: 0..<piece.count), count > 0 else { return }
                arrived += piece[..<count]
                while let frame = nextFrame(&arrived) {
                    shared.tally.withLock { judge(frame, mtu: mtu, &$0) }
                    _ = queue.transmit(frame, in: 0..<frame.count)
                }
            }
            if list[fromGuest].contains(.readable),
                case .transferred(let count) = queue.receive(into: &piece, in: 0..<piece.count)
            {
                leaving = [0, 0, UInt8(count >> 8), UInt8(count & 0xFF)] + piece[..<count]
            }
            if !leaving.isEmpty, case .transferred(let count) = socket.send(Array(leaving), in: 0..<leaving.count) {
                leaving = leaving.dropFirst(count)
            }
        }
    }

    private static func nextFrame(_ arrived: inout [UInt8]) -> [UInt8]? {
        guard arrived.count >= 4 else { return nil }
        let size = arrived.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        guard arrived.count >= 4 + size else { return nil }
        defer { arrived.removeFirst(4 + size) }
        return Array(arrived[4..<4 + size])
    }

    private static func judge(_ frame: [UInt8], mtu: Int, _ tally: inout Tally) {
        tally.frameCount += 1
        if frame.count > mtu + EthernetHeader.byteCount { tally.tooLongCount += 1 }
        // Sound: the bytes of bytes are all initialised.
        let bytes = unsafe frame.span.bytes
        guard let layout = try? FrameLayout(parsing: bytes), let offset = layout.transportChecksumOffset else { return }
        let field = UInt16(frame[offset]) << 8 | UInt16(frame[offset + 1])
        if Checksum.transportChecksum(of: bytes, layout: layout) != field { tally.wrongCount += 1 }
    }
}
