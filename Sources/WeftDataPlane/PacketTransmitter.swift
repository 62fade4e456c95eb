import CWeftLinux
import Glibc
import WeftForwarding
import WeftLinux
import WeftWire

/// Frames on their way to packet ports, collected so that each port gets all of a turn in one `sendmmsg`.
///
/// A port has a lane to itself until the next flush. Slices point to where the frames are, which must stay until then;
/// the fronts are the lane's own. Each frame's end is counted when it is known: after the send.
///
/// Safe: the kernel's structures are allocated once, indexed within their counts, and freed with the value.
@safe struct PacketTransmitter: ~Copyable {
    static let laneCount = 8
    static let messageLimit = 64
    static let sliceLimit = 2048
    private static let frontStride = 32

    /// What is to be counted of a frame.
    private struct Entry {
        /// The row of counters of the frames it is made of.
        var source = 0
        var frameCount = 0
        var byteCount = 0
    }

    private struct Lane {
        var line = PortLine(PortIndex(0), kind: .packet, descriptor: -1)
        var messageCount = 0
        var sliceCount = 0
    }

    private let headers: UnsafeMutableBufferPointer<DatagramHeader>
    private let slices: UnsafeMutableBufferPointer<iovec>
    private let entries: UnsafeMutableBufferPointer<Entry>
    private let lanes: UnsafeMutableBufferPointer<Lane>
    private let fronts: ByteArena
    /// Lanes that have something to send, one bit each.
    private var active: UInt = 0

    init() {
        unsafe headers = .allocate(capacity: Self.laneCount * Self.messageLimit)
        unsafe headers.initialize(repeating: DatagramHeader())
        unsafe slices = .allocate(capacity: Self.laneCount * Self.sliceLimit)
        unsafe entries = .allocate(capacity: Self.laneCount * Self.messageLimit)
        unsafe entries.initialize(repeating: Entry())
        unsafe lanes = .allocate(capacity: Self.laneCount)
        unsafe lanes.initialize(repeating: Lane())
        precondition(PortLine.frontByteCount <= Self.frontStride, "a front needs more room")
        fronts = ByteArena(byteCount: Self.laneCount * Self.messageLimit * Self.frontStride)
    }

    deinit {
        unsafe headers.deallocate()
        unsafe slices.deallocate()
        unsafe entries.deallocate()
        unsafe lanes.deallocate()
        unsafe fronts.deallocate()
    }

    // MARK: Collecting

    /// Room for the next frame to `line`, of at most `sliceCount` slices after its front.
    ///
    /// The caller fills the slices from the second on and then calls ``append(_:_:to:source:frameCount:byteCount:)``.
    @unsafe mutating func place(
        to line: PortLine, sliceCount: Int, counters: CounterBlock
    ) -> UnsafeMutableBufferPointer<iovec> {
        let lane = lane(for: line, sliceCount: sliceCount + 1, counters: counters)
        let first = lane * Self.sliceLimit + (unsafe lanes[lane].sliceCount)
        return unsafe UnsafeMutableBufferPointer(rebasing: slices[first..<first + sliceCount + 1])
    }

    /// Adds the frame of the first `count` slices of the place, the first for `offload`; `source` is where its end will be
    /// counted.
    @unsafe mutating func append(
        _ offload: VirtioNetHeader, _ count: Int, to line: PortLine, source: Int, frameCount: Int, byteCount: Int
    ) {
        let lane = line.row % Self.laneCount
        let (messageCount, sliceCount) = unsafe (lanes[lane].messageCount, lanes[lane].sliceCount)
        let message = lane * Self.messageLimit + messageCount
        let first = lane * Self.sliceLimit + sliceCount
        precondition(messageCount < Self.messageLimit && sliceCount + count <= Self.sliceLimit, "a full lane")
        let place = unsafe UnsafeMutableBufferPointer(rebasing: slices[first..<first + count])
        unsafe line.putFront(offload, in: fronts, at: message * Self.frontStride, of: place)
        unsafe headers[message].msg_hdr.msg_iov = slices.baseAddress.map { unsafe $0 + first }
        unsafe headers[message].msg_hdr.msg_iovlen = count
        unsafe entries[message] = Entry(source: source, frameCount: frameCount, byteCount: byteCount)
        unsafe lanes[lane].messageCount = messageCount + 1
        unsafe lanes[lane].sliceCount = sliceCount + count
        active |= 1 << UInt(lane)
    }

    /// The lane of a port, with room for one more frame.
    private mutating func lane(for line: PortLine, sliceCount: Int, counters: CounterBlock) -> Int {
        precondition(sliceCount <= Self.sliceLimit, "a frame of \(sliceCount) slices")
        let lane = line.row % Self.laneCount
        let isOther = unsafe lanes[lane].line.descriptor != line.descriptor || lanes[lane].line.row != line.row
        if unsafe isOther || lanes[lane].messageCount == Self.messageLimit
            || lanes[lane].sliceCount + sliceCount > Self.sliceLimit
        {
            flush(lane, counters: counters)
            unsafe lanes[lane].line = line
        }
        return lane
    }

    // MARK: Sending

    /// Sends all that was collected, and counts the end of each frame.
    mutating func flush(counters: CounterBlock) {
        while active != 0 { flush(active.trailingZeroBitCount, counters: counters) }
    }

    /// Sends what was collected for the port of `line`.
    mutating func flush(_ line: PortLine, counters: CounterBlock) { flush(line.row % Self.laneCount, counters: counters) }

    private mutating func flush(_ lane: Int, counters: CounterBlock) {
        guard active & 1 << UInt(lane) != 0 else { return }
        active &= ~(1 << UInt(lane))
        let line = unsafe lanes[lane].line
        let first = lane * Self.messageLimit
        let end = first + (unsafe lanes[lane].messageCount)
        unsafe lanes[lane].messageCount = 0
        unsafe lanes[lane].sliceCount = 0
        var next = first
        while next < end {
            let batch = unsafe UnsafeMutableBufferPointer(rebasing: headers[next..<end])
            switch unsafe PacketSocket.transmit(batch, to: line.descriptor) {
            case .transferred(let count):
                for index in next..<min(end, next + max(1, count)) { succeed(index, line: line, counters: counters) }
                next += max(1, count)
            case .failed(let error) where error != ENETDOWN && error != ENXIO:
                fail(next, counters: counters)
                next += 1
            case .wouldBlock, .failed:  // a full queue, or no device: a drop, as on a wire
                for index in next..<end { fail(index, counters: counters) }
                next = end
            }
        }
    }

    private func succeed(_ index: Int, line: PortLine, counters: CounterBlock) {
        let entry = unsafe entries[index]
        counters.add(entry.frameCount, to: .delivered, row: entry.source)
        counters.add(to: .sentFrames, row: line.row)
        counters.add(entry.byteCount, to: .sentBytes, row: line.row)
    }

    private func fail(_ index: Int, counters: CounterBlock) {
        let entry = unsafe entries[index]
        counters.drop(.portWriteFailed, count: entry.frameCount, row: entry.source)
    }
}
