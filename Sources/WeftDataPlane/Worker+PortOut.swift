import Glibc
import WeftForwarding
import WeftLinux
import WeftTypes
import WeftWire

// To local ports: frames of other ports, merged frames from the underlay, and answers.

extension Worker {
    /// The device of a port, if it is attached.
    func line(of port: PortIndex) -> PortLine? {
        Int(port.rawValue) < ports.count ? ports[Int(port.rawValue)].line : nil
    }

    /// Writes a frame of the read area to one other port, as it came; its end is counted in row `source`.
    mutating func deliver(_ frame: Range<Int>, layout: FrameLayout, offload: VirtioNetHeader, to port: PortIndex, source: Int) {
        guard let line = line(of: port) else { return link.counters.drop(.unknownPort, row: source) }
        let offload = Offload.forWriting(offload, layout: layout)
        switch line.kind {
        case .tap:
            unsafe slices[1] = frames.slice(frame)
            count(transmit(offload, 2, to: line, byteCount: frame.count), frameCount: 1, source: source)
        case .packet:
            let place = unsafe packetTransmitter.place(to: line, sliceCount: 1, counters: link.counters)
            unsafe place[1] = frames.slice(frame)
            unsafe packetTransmitter.append(offload, 2, to: line, source: source, frameCount: 1, byteCount: frame.count)
        }
    }

    /// Writes a copy of a frame of the read area to a port, now; whether the port took it.
    mutating func write(_ frame: Range<Int>, layout: FrameLayout, offload: VirtioNetHeader, to port: PortIndex) -> Bool {
        guard let line = line(of: port) else { return false }
        unsafe slices[1] = frames.slice(frame)
        return transmit(Offload.forWriting(offload, layout: layout), 2, to: line, byteCount: frame.count)
    }

    private func count(_ isWritten: Bool, frameCount: Int, source: Int) {
        if isWritten {
            link.counters.add(frameCount, to: .delivered, row: source)
        } else {
            link.counters.drop(.portWriteFailed, count: frameCount, row: source)
        }
    }

    /// Answers "too big" to the port that a frame came from.
    mutating func answer(_ frame: Range<Int>, _ layout: FrameLayout, mtu: Int, to line: PortLine) {
        let start = Self.scratchByteCount - TooBigReply.maximumByteCount
        if scratchUsed > start {
            flush()
            scratchUsed = 0
        }
        let (frames, scratch) = (frames, scratch)
        var bytes = scratch.mutableBytes(start..<Self.scratchByteCount)
        guard let byteCount = TooBigReply.emit(for: frames.bytes(frame), layout, mtu: mtu, into: &bytes) else {
            return link.counters.drop(.tooBigNoAnswer, row: line.row)
        }
        unsafe slices[1] = scratch.slice(start..<start + byteCount)
        guard transmit(.complete, 2, to: line, byteCount: byteCount) else {
            return link.counters.drop(.portWriteFailed, row: line.row)
        }
        link.counters.add(to: .answered, row: line.row)
        link.counters.add(to: .generated, row: line.row)
    }

    /// Writes all that the underlay brought in this turn.
    mutating func deliver() {
        let region = region
        var bytes = region.mutableBytes(0..<region.byteCount)
        coalescer.finish(in: &bytes)
        for index in 0..<coalescer.outputs.count {
            let source = CounterBlock.row(coalescer.outputs[index].peer)
            switch coalescer.outputs[index].target {
            case .port(let port): deliver(index, to: port, source: source)
            case .flood(let segment):
                let count = unsafe gather(index, into: slices)
                flood(
                    coalescer.outputs[index].offload, count, byteCount: coalescer.outputs[index].byteCount,
                    frameCount: coalescer.outputs[index].frameCount,
                    segment: segment, row: source)
            }
        }
        packetTransmitter.flush(counters: link.counters)
        coalescer.removeAll()
    }

    /// Writes a merged frame to its port, or puts it to those that go there together.
    private mutating func deliver(_ index: Int, to port: PortIndex, source: Int) {
        let (frameCount, byteCount) = (coalescer.outputs[index].frameCount, coalescer.outputs[index].byteCount)
        guard let line = line(of: port) else {
            return link.counters.drop(.unknownPort, count: frameCount, row: source)
        }
        let offload = coalescer.outputs[index].offload
        switch line.kind {
        case .tap:
            let sliceCount = unsafe gather(index, into: slices)
            count(transmit(offload, sliceCount, to: line, byteCount: byteCount), frameCount: frameCount, source: source)
        case .packet:
            let place = unsafe packetTransmitter.place(to: line, sliceCount: frameCount + 1, counters: link.counters)
            let sliceCount = unsafe gather(index, into: place)
            unsafe packetTransmitter.append(
                offload, sliceCount, to: line, source: source, frameCount: frameCount, byteCount: byteCount)
        }
    }

    /// Writes a gathered frame to all ports of its segment.
    private mutating func flood(
        _ offload: VirtioNetHeader, _ count: Int, byteCount: Int, frameCount: Int, segment: SegmentIndex, row: Int
    ) {
        var (written, missed) = (0, 0)
        for position in tables.fabric.floodPortRange(of: segment) {
            if let line = line(of: tables.fabric.floodPort(position)),
                transmit(offload, count, to: line, byteCount: byteCount)
            {
                written += 1
            } else {
                missed += 1
            }
        }
        guard written > 0 else { return link.counters.drop(.portWriteFailed, count: frameCount, row: row) }
        link.counters.add(frameCount, to: .flooded, row: row)
        link.counters.add(frameCount * (written - 1), to: .copies, row: row)
        if missed > 0 { link.counters.add(frameCount, to: .incompleteFloods, row: row) }
    }

    /// Lines up the slices of an output behind its front; returns how many there are with that.
    @unsafe private func gather(_ index: Int, into place: UnsafeMutableBufferPointer<iovec>) -> Int {
        unsafe place[1] = region.slice(coalescer.outputs[index].front)
        var count = 2
        var next = coalescer.outputs[index].firstSlice
        while next >= 0 && count < place.count {
            unsafe place[count] = region.slice(coalescer.slices[Int(next)].range)
            next = coalescer.slices[Int(next)].next
            count += 1
        }
        return count
    }

    /// Writes the first `count` slices as one frame, now, the first of them for `offload`; counts it, and tells whether it
    /// worked. The others stay as they are.
    mutating func transmit(_ offload: VirtioNetHeader, _ count: Int, to line: PortLine, byteCount: Int) -> Bool {
        let frame = unsafe UnsafeMutableBufferPointer(rebasing: slices[0..<count])
        unsafe line.putFront(offload, in: portFront, at: 0, of: frame)
        defer { unsafe line.removeFront(of: frame) }
        let result: TransferResult
        switch line.kind {
        case .tap: result = unsafe TapQueue.transmit(frame, to: line.descriptor)
        case .packet:
            packetTransmitter.flush(line, counters: link.counters)  // what was before it
            result = unsafe TapQueue.transmit(frame, to: line.descriptor)  // the same call
        }
        guard case .transferred = result else { return false }
        link.counters.add(to: .sentFrames, row: line.row)
        link.counters.add(byteCount, to: .sentBytes, row: line.row)
        return true
    }
}
