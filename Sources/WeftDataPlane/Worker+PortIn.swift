import Glibc
import WeftForwarding
import WeftLinux
import WeftTypes
import WeftWire

// From a port to the underlay. A frame is read behind its offload header; the header is understood, and its place then
// taken by the VXLAN header, so that a whole frame is sent from where it was read, as one slice.

extension Worker {
    /// Frames that are read at once however large the last ones were.
    private static var superframeLimit: Int { 2 }

    /// Serves a port's lane that is ready.
    mutating func servePort(_ lane: Int, readiness: Readiness) {
        guard lane < lanes.count, let line = lanes[lane]?.line else { return }
        switch line.kind {
        case .tap:
            if readiness.contains(.failed) { return lose(lane, errno: EBADFD) }
            // A packet that may be alone is sent before anybody asks for more.
            var count = 0
            if lanes[lane]?.isBusy == false {
                count = receive(from: line, lane: lane, limit: 1)
                guard count > 0 else { return }
            }
            count += receive(from: line, lane: lane, limit: Self.frameLimit)
            lanes[lane]?.isBusy = count > 1
        case .packet: receivePackets(from: line, lane: lane)
        }
    }

    /// Reads, decides and sends up to `limit` frames of a TAP; returns how many there were.
    private mutating func receive(from line: PortLine, lane: Int, limit: Int) -> Int {
        var count = 0
        var offset = 0
        reading: while count < limit && offset < Self.batchByteCount {
            // The network header, 14 bytes into the frame, is aligned.
            let start = (offset + 63) & ~63 + 8
            unsafe slices[0] = frames.slice(start..<start + Self.frameByteCount)
            let room = unsafe UnsafeMutableBufferPointer(rebasing: slices[0..<1])
            switch unsafe TapQueue.receive(room, from: line.descriptor) {
            case .transferred(let byteCount):
                forward(start..<start + byteCount, from: line, tag: nil, bit: count)
                offset = start + byteCount
                count += 1
            case .wouldBlock: break reading
            case .failed(let error):
                lose(lane, errno: error)
                break reading
            }
        }
        settle(count)
        return count
    }

    /// Reads, decides and sends what a packet port has, in one call as many frames as fit a turn by the last one's size.
    private mutating func receivePackets(from line: PortLine, lane: Int) {
        switch packetReceiver.receive(lanes[lane]?.frameLimit ?? Self.frameLimit, from: line.descriptor) {
        case .transferred(let count):
            var byteCount = 0
            for slot in 0..<count {
                guard let (read, tag) = packetReceiver.take(slot) else {
                    pending[slot] = Pending()
                    link.counters.add(to: .receivedFrames, row: line.row)
                    link.counters.drop(.truncated, row: line.row)
                    continue
                }
                byteCount += read.count
                forward(read, from: line, tag: tag, bit: slot)
            }
            settle(count)
            let fitting = Self.batchByteCount / (byteCount / max(1, count) + 1)
            lanes[lane]?.frameLimit = min(max(fitting, Self.superframeLimit), Self.frameLimit)
        case .failed(EINVAL):
            // A superframe of a kind that the offload header has no word for; the kernel has thrown it away.
            link.counters.add(to: .receivedFrames, row: line.row)
            link.counters.drop(.badOffload, row: line.row)
        case .failed(ENETDOWN): control.lookAtDevices()  // down for a while, or deleted: a socket does not tell which
        case .wouldBlock, .failed(ENOBUFS), .failed(ENOMEM): break
        case .failed(let error): lose(lane, errno: error)
        }
    }

    /// Decides about one frame, `read` from `line` with its offload header, and does what can be done before the flush.
    ///
    /// A `tag` is one that the kernel has taken out of the frame.
    private mutating func forward(_ read: Range<Int>, from line: PortLine, tag: PacketSocket.Tag?, bit: Int) {
        let frames = frames
        let start = read.lowerBound + VirtioNetHeader.byteCount
        var frame = min(start, read.upperBound)..<read.upperBound
        guard read.count >= VirtioNetHeader.byteCount else { return drop(.truncated, frame, from: line, bit: bit) }
        guard var offload = try? VirtioNetHeader(parsing: frames.bytes(read.lowerBound..<start)) else {
            return drop(.badOffload, frame, from: line, bit: bit)
        }
        var line = line
        if let trunk = ports[Int(line.port.rawValue)].trunk {
            guard let member = member(of: trunk, &frame, tag, &offload) else {
                return drop(.notInTrunk, frame, from: line, bit: bit)
            }
            line = member
        } else if let tag {
            restore(tag, in: &frame, &offload)
        }
        let row = line.row
        pending[bit] = Pending(row: row)
        link.counters.add(to: .receivedFrames, row: row)
        link.counters.add(frame.count, to: .receivedBytes, row: row)
        var decision = Pipeline.decide(
            frames.bytes(frame), offload: offload, from: line.port, tables: tables, memory: &memory, now: now)
        note(decision.learnt)
        note(memory.takeClaim())
        if decision.stripsTag {
            strip(&frame, &decision, in: true)
            offload = Offload.shifted(offload, back: VLANTag.byteCount)
        }
        guard let layout = decision.layout else {
            if case .drop(let reason) = decision.verdict { link.counters.drop(reason, row: row) }
            return
        }
        switch decision.verdict {
        case .drop(let reason): link.counters.drop(reason, row: row)
        case .answer(let mtu): answer(frame, layout, mtu: mtu, to: line)
        case .resolve(let binding): answer(frame, layout, with: binding, to: line)
        case .deliver(let port): deliver(frame, layout: layout, offload: offload, to: port, source: row)
        case .encapsulate(let peer):
            guard transmitter.canReach(peer) else { return link.counters.drop(.noUnderlay, row: row) }
            pending[bit].isWaiting = true
            send(frame, layout, decision, offload: &offload, to: .one(peer), bit: bit)
        case .flood:
            pending[bit].isWaiting = true
            pending[bit].isFlood = true
            flood(frame, layout, decision, offload: offload, from: line.port, bit: bit)
        }
    }

    /// Counts a frame that can't even be asked where it goes.
    private mutating func drop(_ reason: DropReason, _ frame: Range<Int>, from line: PortLine, bit: Int) {
        pending[bit] = Pending(row: line.row)
        link.counters.add(to: .receivedFrames, row: line.row)
        link.counters.add(frame.count, to: .receivedBytes, row: line.row)
        link.counters.drop(reason, row: line.row)
    }

    /// The port of a trunk that a frame is of; the tag that says so is taken out. Another kind of tag is part of the frame.
    private func member(
        of trunk: TrunkMap, _ frame: inout Range<Int>, _ tag: PacketSocket.Tag?, _ offload: inout VirtioNetHeader
    ) -> PortLine? {
        let frames = frames
        var vlan: UInt16 = 0
        if let tag, tag.type == trunk.tagType.rawValue {
            vlan = tag.control & 0xFFF
        } else if let tag {
            restore(tag, in: &frame, &offload)
        } else if FrameTag.isFirst(trunk.tagType, in: frames.bytes(frame)) {
            vlan = FrameTag.vlan(in: frames.bytes(frame))
            var bytes = frames.mutableBytes(frame)
            FrameTag.strip(from: &bytes)
            frame = frame.lowerBound + VLANTag.byteCount..<frame.upperBound
            offload = Offload.shifted(offload, back: VLANTag.byteCount)
        }
        return trunk.port(ofFramesIn: vlan).flatMap { line(of: $0) }
    }

    /// Puts back a tag that the kernel has taken out; the frame then begins ``VLANTag/byteCount`` bytes earlier, where its
    /// offload header was.
    private func restore(_ tag: PacketSocket.Tag, in frame: inout Range<Int>, _ offload: inout VirtioNetHeader) {
        guard frame.count >= EthernetHeader.byteCount else { return }
        frame = frame.lowerBound - VLANTag.byteCount..<frame.upperBound
        let frames = frames
        var bytes = frames.mutableBytes(frame)
        let destination = bytes.bytes.macAddress(at: 4)
        let source = bytes.bytes.macAddress(at: 10)
        bytes.storeMACAddress(destination, at: 0)
        bytes.storeMACAddress(source, at: 6)
        bytes.storeBigEndian(tag.type, at: 12)
        bytes.storeBigEndian(tag.control, at: 14)
        offload = Offload.shifted(offload, back: -VLANTag.byteCount)
    }

    /// Takes a priority tag out of a frame.
    mutating func strip(_ frame: inout Range<Int>, _ decision: inout Decision, in isPort: Bool) {
        let arena = isPort ? frames : region
        var bytes = arena.mutableBytes(frame)
        FrameTag.strip(from: &bytes)
        frame = frame.lowerBound + VLANTag.byteCount..<frame.upperBound
        decision.layout = try? FrameLayout(parsing: arena.bytes(frame))
        decision.stripsTag = false
    }

    /// Copies a frame to all other ports of its segment, and sends it to all members.
    private mutating func flood(
        _ frame: Range<Int>, _ layout: FrameLayout, _ decision: Decision, offload: VirtioNetHeader, from port: PortIndex,
        bit: Int
    ) {
        var offload = offload
        for position in tables.fabric.floodPortRange(of: decision.segment) {
            let other = tables.fabric.floodPort(position)
            guard other != port else { continue }
            if write(frame, layout: layout, offload: offload, to: other) {
                if pending[bit].isSent { link.counters.add(to: .copies, row: pending[bit].row) }
                pending[bit].isSent = true
            } else {
                pending[bit].isIncomplete = true
            }
        }
        let peers = tables.fabric.floodPeerRange(of: decision.segment)
        guard !peers.isEmpty else { return }
        link.counters.add(peers.count - (pending[bit].isSent ? 0 : 1), to: .copies, row: pending[bit].row)
        send(frame, layout, decision, offload: &offload, to: .members(peers), bit: bit)
    }

    /// Sends what was collected and counts each frame's end.
    mutating func settle(_ count: Int) {
        guard count > 0 else { return }
        frameCount += count
        flush()
        packetTransmitter.flush(counters: link.counters)
        for bit in 0..<count where pending[bit].isWaiting {
            let mask = UInt64(1) << UInt64(bit)
            let (isSent, hasFailed) = (outcome.sent & mask != 0, outcome.failed & mask != 0)
            let row = pending[bit].row
            if pending[bit].isFlood {
                if isSent || pending[bit].isSent {
                    link.counters.add(to: .flooded, row: row)
                    if hasFailed || pending[bit].isIncomplete { link.counters.add(to: .incompleteFloods, row: row) }
                } else {
                    link.counters.drop(pending[bit].isOversize && !hasFailed ? .oversize : .sendFailed, row: row)
                }
            } else if isSent && !hasFailed {
                link.counters.add(to: .encapsulated, row: row)
                if pending[bit].isLate { link.counters.add(to: .late, row: row) }
            } else {
                link.counters.drop(.sendFailed, row: row)
            }
        }
        outcome = TurnOutcome()
        scratchUsed = 0
    }

    /// Sends what was collected so far.
    mutating func flush() {
        let part = transmitter.flush(counters: link.counters)
        outcome.sent |= part.sent
        outcome.failed |= part.failed
    }
}
