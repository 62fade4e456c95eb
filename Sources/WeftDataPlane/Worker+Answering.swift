import Glibc
import WeftForwarding
import WeftLinux
import WeftTypes
import WeftWire

// Frames that neither simply come in by a port nor go out by one: answers for stations of other hosts, what is late for a
// station that has moved, and announcements.

extension Worker {
    /// Answers for a station of another host to the port that a question came from (E8).
    mutating func answer(_ frame: Range<Int>, _ layout: FrameLayout, with binding: Binding, to line: PortLine) {
        let start = Self.scratchByteCount - NeighbourReply.maximumByteCount
        if scratchUsed > start {
            flush()
            scratchUsed = 0
        }
        let (frames, scratch) = (frames, scratch)
        var bytes = scratch.mutableBytes(start..<Self.scratchByteCount)
        guard let byteCount = NeighbourReply.emit(binding, for: frames.bytes(frame), layout, into: &bytes) else {
            return link.counters.drop(.truncated, row: line.row)  // never decided for a frame that is no question
        }
        unsafe slices[1] = scratch.slice(start..<start + byteCount)
        guard transmit(.complete, 2, to: line, byteCount: byteCount) else {
            return link.counters.drop(.portWriteFailed, row: line.row)
        }
        link.counters.add(to: .answered, row: line.row)
        link.counters.add(to: .generated, row: line.row)
    }

    // MARK: Late frames

    /// Sends a frame of the receive area on to the host where its station is by now (X9).
    ///
    /// There are few of them, for two seconds after a move: each is copied to where frames of ports are read, a place that nobody
    /// uses in this turn, and then sent as one of those is.
    mutating func sendOn(_ frame: Range<Int>, _ decision: Decision, to peer: PeerIndex, row: Int) {
        guard transmitter.canReach(peer) else { return link.counters.drop(.noUnderlay, row: row) }
        guard let layout = decision.layout, frame.count <= Self.frameByteCount else {
            return link.counters.drop(.truncated, row: row)
        }
        if lateCount == Self.frameLimit { settleLate() }
        let (frames, region) = (frames, region)
        let start = lateCount * PacketReceiver.stride + PacketReceiver.firstByte
        let copy = start..<start + frame.count
        var bytes = frames.mutableBytes(copy)
        bytes.copy(region.bytes(frame), at: 0)
        guard var offload = LateFrame.offload(of: &bytes, layout: layout, treatment: decision.treatment) else {
            return link.counters.drop(.badOffload, row: row)
        }
        let bit = lateCount
        lateCount += 1
        pending[bit] = Pending(row: row)
        pending[bit].isWaiting = true
        pending[bit].isLate = true
        send(copy, layout, decision, offload: &offload, to: .one(peer), bit: bit)
    }

    /// Sends what was late and counts each frame's end.
    mutating func settleLate() {
        guard lateCount > 0 else { return }
        settle(lateCount)
        lateCount = 0
    }

    // MARK: Injected frames

    /// Sends frames of ours to the members of a segment, and to no port.
    mutating func inject(_ all: [[UInt8]], into segment: SegmentIndex) {
        for frame in all { inject(frame, into: segment) }
    }

    private mutating func inject(_ frame: [UInt8], into segment: SegmentIndex) {
        let row = CounterBlock.injected
        link.counters.add(to: .receivedFrames, row: row)
        link.counters.add(frame.count, to: .receivedBytes, row: row)
        guard let decision = Pipeline.decide(injected: frame.rawBytes, into: segment, tables: tables),
            let layout = decision.layout
        else { return link.counters.drop(.truncated, row: row) }
        if case .drop(let reason) = decision.verdict { return link.counters.drop(reason, row: row) }
        let place = PacketReceiver.firstByte..<PacketReceiver.firstByte + frame.count
        let frames = frames
        var bytes = frames.mutableBytes(place)
        bytes.copy(frame.rawBytes, at: 0)
        let peers = tables.fabric.floodPeerRange(of: segment)
        pending[0] = Pending(row: row)
        pending[0].isWaiting = true
        pending[0].isFlood = true
        link.counters.add(to: .generated, row: row)
        link.counters.add(peers.count - 1, to: .copies, row: row)
        var offload = VirtioNetHeader.complete
        send(place, layout, decision, offload: &offload, to: .members(peers), bit: 0)
        settle(1)
    }
}
