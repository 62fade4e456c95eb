import Glibc
import WeftForwarding
import WeftLinux
import WeftTypes

/// What became of the frames of a turn, one bit each.
struct TurnOutcome {
    /// Frames of which at least one datagram went out.
    var sent: UInt64 = 0
    /// Frames of which at least one datagram did not.
    var failed: UInt64 = 0
}

/// The datagrams that one turn sends: grouped by socket, neighbours of equal size to the same peer in one `UDP_SEGMENT` send.
///
/// Datagrams of one socket and peer leave in the order they were added, and a flow has one socket, so no flow is reordered.
/// Nothing is copied: slices point to where frames were read and headers made, which must stay until ``flush(counters:)``.
@safe struct Transmitter: ~Copyable {
    /// The most datagrams of a `UDP_SEGMENT` send that we make.
    static let segmentLimit = 64
    private static let messageLimit = 64
    private static let slicesPerMessage = segmentLimit * 2
    /// The most bytes of a send: an IPv4 packet less its headers.
    private static let byteLimit = 65507
    private static let newestCount = 64
    /// How often a full queue is waited for, each time up to ``waitMilliseconds``, in one flush.
    private static let waitLimit = 4
    private static let waitMilliseconds: Int32 = 5

    /// One send under construction.
    private struct Message {
        var peer = PeerIndex(0)
        var segmentByteCount = 0
        var byteCount = 0
        var segmentCount = 0
        var sliceCount = 0
        var isClosed = false
        /// The frames that have a part in it, one bit each.
        var frames: UInt64 = 0
        /// Frames that begin in it, and their bytes.
        var frameCount = 0
        var frameByteCount = 0
    }

    private let sockets: [SharedSocket]
    private let headers: UnsafeMutableBufferPointer<DatagramHeader>
    private let slices: UnsafeMutableBufferPointer<iovec>
    private let controls: ByteArena
    private let single: UnsafeMutableBufferPointer<DatagramHeader>
    private var messages: [Message]
    private var messageCounts: [Int]
    /// Per socket and peer, by the peer's low bits: the newest message, to which another datagram may be added.
    private var newest: [Int]
    private var isActive: [Bool]
    private var limits: [Int]
    private var addresses: ByteArena
    private var addressLengths: [socklen_t] = []
    /// The sockets of a peer's family start here; negative where we have none.
    private var firstSockets: [Int] = []
    private var socketCount = 1

    private static let addressStride = 32

    init(underlays: [Underlay]) {
        sockets = underlays.flatMap(\.transmitters)
        let count = max(1, sockets.count)
        unsafe headers = .allocate(capacity: count * Self.messageLimit)
        unsafe headers.initialize(repeating: DatagramHeader())
        unsafe slices = .allocate(capacity: count * Self.messageLimit * Self.slicesPerMessage)
        unsafe single = .allocate(capacity: 1)
        unsafe single.initialize(repeating: DatagramHeader())
        controls = ByteArena(byteCount: count * Self.messageLimit * ControlMessages.segmentByteCount)
        messages = Array(repeating: Message(), count: count * Self.messageLimit)
        messageCounts = Array(repeating: 0, count: count)
        newest = Array(repeating: -1, count: count * Self.newestCount)
        isActive = Array(repeating: false, count: count)
        limits = underlays.flatMap { underlay in underlay.transmitters.map { _ in underlay.segmentLimit } }
        addresses = ByteArena(byteCount: Self.addressStride)
    }

    deinit {
        unsafe headers.deallocate()
        unsafe slices.deallocate()
        unsafe single.deallocate()
        unsafe controls.deallocate()
        unsafe addresses.deallocate()
    }

    /// Takes over the peers' addresses from new tables; nothing may be waiting to be sent.
    mutating func update(_ fabric: FabricTables, underlays: [Underlay]) {
        let count = fabric.peerRowCount
        unsafe addresses.deallocate()
        addresses = ByteArena(byteCount: max(1, count) * Self.addressStride)
        addressLengths = Array(repeating: 0, count: count)
        firstSockets = Array(repeating: -1, count: count)
        socketCount = max(1, underlays.first?.transmitters.count ?? 1)
        for row in 0..<count {
            guard let vtep = fabric.vtep(of: PeerIndex(UInt16(row))) else { continue }
            addressLengths[row] = unsafe SocketAddress.write(vtep, to: addresses.address(row * Self.addressStride))
            var first = 0
            for underlay in underlays {
                if underlay.address.family == vtep.address.family { firstSockets[row] = first }
                first += underlay.transmitters.count
            }
        }
    }

    /// Whether we have a socket that can send to `peer`.
    func canReach(_ peer: PeerIndex) -> Bool {
        Int(peer.rawValue) < firstSockets.count && firstSockets[Int(peer.rawValue)] >= 0
    }

    /// Whether the next datagram of this flow to `peer` would find its socket's messages all in use: flush first.
    func isFull(for peer: PeerIndex, flow: UInt32) -> Bool {
        messageCounts[socket(for: peer, flow: flow)] >= Self.messageLimit
    }

    private func socket(for peer: PeerIndex, flow: UInt32) -> Int {
        firstSockets[Int(peer.rawValue)] + Int(flow) % socketCount
    }

    /// Adds one datagram, made of a front and, unless empty, a payload.
    ///
    /// - Parameters:
    ///   - frame: the bit of the frame it is a part of.
    ///   - startsFrame: whether it is the frame's first, which is then counted as sent to the peer.
    @unsafe mutating func append(
        to peer: PeerIndex, flow: UInt32, front: iovec, payload: iovec, frame: UInt64, startsFrame: Int
    ) {
        let socket = socket(for: peer, flow: flow)
        let byteCount = unsafe front.iov_len + payload.iov_len
        let index = message(for: peer, socket: socket, byteCount: byteCount)
        let first = index * Self.slicesPerMessage + messages[index].sliceCount
        unsafe slices[first] = front
        unsafe slices[first + 1] = payload
        messages[index].sliceCount += unsafe payload.iov_len > 0 ? 2 : 1
        messages[index].segmentCount += 1
        messages[index].byteCount += byteCount
        messages[index].frames |= frame
        if startsFrame > 0 {
            messages[index].frameCount += 1
            messages[index].frameByteCount += startsFrame
        }
        if byteCount < messages[index].segmentByteCount { messages[index].isClosed = true }
    }

    /// The message that takes the next datagram: the newest of the peer if it has room and the size fits, else a new one.
    private mutating func message(for peer: PeerIndex, socket: Int, byteCount: Int) -> Int {
        let memo = socket * Self.newestCount + Int(peer.rawValue) % Self.newestCount
        let old = newest[memo]
        if old >= 0, messages[old].peer == peer, !messages[old].isClosed, messages[old].segmentCount < limits[socket],
            byteCount <= messages[old].segmentByteCount, messages[old].byteCount + byteCount <= Self.byteLimit
        {
            return old
        }
        let index = socket * Self.messageLimit + messageCounts[socket]
        precondition(messageCounts[socket] < Self.messageLimit, "the socket's messages are all in use")
        messageCounts[socket] += 1
        isActive[socket] = true
        messages[index] = Message()
        messages[index].peer = peer
        messages[index].segmentByteCount = byteCount
        newest[memo] = index
        return index
    }

    // MARK: Sending

    /// Sends all that was added and forgets it.
    mutating func flush(counters: CounterBlock) -> TurnOutcome {
        var outcome = TurnOutcome()
        for socket in sockets.indices where isActive[socket] {
            let count = messageCounts[socket]
            let first = socket * Self.messageLimit
            for index in first..<first + count { prepare(index) }
            send(first..<first + count, socket: socket, counters: counters, outcome: &outcome)
            messageCounts[socket] = 0
            isActive[socket] = false
            for memo in socket * Self.newestCount..<(socket + 1) * Self.newestCount { newest[memo] = -1 }
        }
        return outcome
    }

    /// Fills in the kernel's header of a message.
    private func prepare(_ index: Int) {
        let message = messages[index]
        let row = Int(message.peer.rawValue)
        var header = unsafe DatagramHeader()
        unsafe header.msg_hdr.msg_name = addresses.address(row * Self.addressStride)
        unsafe header.msg_hdr.msg_namelen = addressLengths[row]
        unsafe header.msg_hdr.msg_iov = slices.baseAddress.map { unsafe $0 + index * Self.slicesPerMessage }
        unsafe header.msg_hdr.msg_iovlen = message.sliceCount
        if message.segmentCount > 1 {
            let control = unsafe controls.address(index * ControlMessages.segmentByteCount)
            unsafe ControlMessages.writeSegmentSize(UInt16(truncatingIfNeeded: message.segmentByteCount), to: control)
            unsafe header.msg_hdr.msg_control = control
            unsafe header.msg_hdr.msg_controllen = ControlMessages.segmentByteCount
        }
        unsafe headers[index] = header
    }

    private mutating func send(_ range: Range<Int>, socket: Int, counters: CounterBlock, outcome: inout TurnOutcome) {
        var next = range.lowerBound
        var waits = 0
        while next < range.upperBound {
            let batch = unsafe UnsafeMutableBufferPointer(rebasing: headers[next..<range.upperBound])
            switch unsafe sockets[socket].socket.transmit(batch) {
            case .transferred(let count):
                for index in next..<next + count { succeed(index, counters: counters, outcome: &outcome) }
                next += max(1, count)
            case .wouldBlock where waits < Self.waitLimit, .failed(ENOBUFS) where waits < Self.waitLimit:
                waits += 1
                waitForRoom(socket)
            case .wouldBlock:
                for index in next..<range.upperBound { outcome.failed |= messages[index].frames }
                return
            case .failed(let error):
                if error == EIO || error == EINVAL, messages[next].segmentCount > 1 {
                    sendSingly(next, socket: socket, counters: counters, outcome: &outcome)
                } else {
                    outcome.failed |= messages[next].frames
                }
                next += 1
            }
        }
    }

    private func waitForRoom(_ socket: Int) {
        var entry = pollfd(fd: sockets[socket].socket.rawValue, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&entry, 1, Self.waitMilliseconds)
    }

    private mutating func succeed(_ index: Int, counters: CounterBlock, outcome: inout TurnOutcome) {
        let message = messages[index]
        outcome.sent |= message.frames
        let row = CounterBlock.row(message.peer)
        counters.add(message.frameCount, to: .sentFrames, row: row)
        counters.add(message.frameByteCount, to: .sentBytes, row: row)
    }

    /// Sends each datagram of a message by itself.
    private mutating func sendSingly(_ index: Int, socket: Int, counters: CounterBlock, outcome: inout TurnOutcome) {
        let message = messages[index]
        var slice = index * Self.slicesPerMessage
        let end = slice + message.sliceCount
        var failures = 0
        while slice < end {
            let first = slice
            var byteCount = 0
            while slice < end && byteCount < message.segmentByteCount {
                byteCount += unsafe slices[slice].iov_len
                slice += 1
            }
            unsafe single[0] = headers[index]
            unsafe single[0].msg_hdr.msg_control = nil
            unsafe single[0].msg_hdr.msg_controllen = 0
            unsafe single[0].msg_hdr.msg_iov = slices.baseAddress.map { unsafe $0 + first }
            unsafe single[0].msg_hdr.msg_iovlen = slice - first
            if case .transferred = unsafe sockets[socket].socket.transmit(single) { continue }
            failures += 1
        }
        if failures > 0 { outcome.failed |= message.frames }
        if failures < message.segmentCount {
            // Only the cutting failed, so the device can't finish checksums: no more UDP_SEGMENT from here. If all fail, it
            // is something else, such as an address that has gone for a while.
            limits[socket] = 1
            succeed(index, counters: counters, outcome: &outcome)
        }
    }

    /// Whether datagrams are still grouped, by socket.
    var segments: Bool { limits.contains { $0 > 1 } }
}
