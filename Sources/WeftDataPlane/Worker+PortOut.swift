import Glibc
import WeftForwarding
import WeftLinux
import WeftTypes
import WeftWire

// To local ports: frames of other ports, merged frames from the underlay, and answers.

extension Worker {
    /// The device of a port, if it is attached.
    func device(for port: PortIndex) -> PortDevice? {
        Int(port.rawValue) < ports.count ? ports[Int(port.rawValue)].device : nil
    }

    /// Writes a frame of the read area to another port, as it came; whether the port took it.
    mutating func write(_ frame: Range<Int>, layout: FrameLayout, offload: VirtioNetHeader, to port: PortIndex) -> Bool {
        guard let device = device(for: port) else { return false }
        emit(Offload.forWriting(offload, layout: layout))
        unsafe slices[1] = frames.slice(frame)
        return transmit(2, to: device, byteCount: frame.count)
    }

    /// Answers "too big" to the port that a frame came from.
    mutating func answer(_ frame: Range<Int>, _ layout: FrameLayout, mtu: Int, to device: PortDevice, row: Int) {
        let start = Self.scratchByteCount - TooBigReply.maximumByteCount
        if scratchUsed > start {
            flush()
            scratchUsed = 0
        }
        let (frames, scratch) = (frames, scratch)
        var bytes = scratch.mutableBytes(start..<Self.scratchByteCount)
        guard let byteCount = TooBigReply.emit(for: frames.bytes(frame), layout, mtu: mtu, into: &bytes) else {
            return link.counters.drop(.tooBigNoAnswer, row: row)
        }
        emit(.complete)
        unsafe slices[1] = scratch.slice(start..<start + byteCount)
        guard transmit(2, to: device, byteCount: byteCount) else { return link.counters.drop(.portWriteFailed, row: row) }
        link.counters.add(to: .answered, row: row)
        link.counters.add(to: .generated, row: row)
    }

    /// Writes all that the underlay brought in this turn.
    mutating func deliver() {
        let region = region
        var bytes = region.mutableBytes(0..<region.byteCount)
        coalescer.finish(in: &bytes)
        for index in 0..<coalescer.outputs.count {
            let count = gather(index)
            let output = (
                target: coalescer.outputs[index].target, row: CounterBlock.row(coalescer.outputs[index].peer),
                frames: coalescer.outputs[index].frameCount, bytes: coalescer.outputs[index].byteCount
            )
            switch output.target {
            case .port(let port):
                guard let device = device(for: port) else {
                    link.counters.drop(.unknownPort, count: output.frames, row: output.row)
                    continue
                }
                if transmit(count, to: device, byteCount: output.bytes) {
                    link.counters.add(output.frames, to: .delivered, row: output.row)
                } else {
                    link.counters.drop(.portWriteFailed, count: output.frames, row: output.row)
                }
            case .flood(let segment):
                flood(count, byteCount: output.bytes, frameCount: output.frames, segment: segment, row: output.row)
            }
        }
        coalescer.removeAll()
    }

    /// Writes a gathered frame to all ports of its segment.
    private mutating func flood(_ count: Int, byteCount: Int, frameCount: Int, segment: SegmentIndex, row: Int) {
        var (written, missed) = (0, 0)
        for position in tables.fabric.floodPortRange(of: segment) {
            if let device = device(for: tables.fabric.floodPort(position)), transmit(count, to: device, byteCount: byteCount) {
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

    /// Lines up the slices of an output behind its offload header; returns how many there are.
    private mutating func gather(_ index: Int) -> Int {
        emit(coalescer.outputs[index].offload)
        unsafe slices[1] = region.slice(coalescer.outputs[index].front)
        var count = 2
        var next = coalescer.outputs[index].firstSlice
        while next >= 0 && count < Self.sliceLimit {
            unsafe slices[count] = region.slice(coalescer.slices[Int(next)].range)
            next = coalescer.slices[Int(next)].next
            count += 1
        }
        return count
    }

    /// Puts an offload header in front.
    private mutating func emit(_ offload: VirtioNetHeader) {
        let place = 0..<VirtioNetHeader.byteCount
        let portHeader = portHeader
        var bytes = portHeader.mutableBytes(place)
        offload.emit(into: &bytes)
        unsafe slices[0] = portHeader.slice(place)
    }

    /// Writes the first `count` slices as one frame; counts it, and whether it worked.
    private func transmit(_ count: Int, to device: PortDevice, byteCount: Int) -> Bool {
        guard case .transferred = unsafe device.transmit(UnsafeMutableBufferPointer(rebasing: slices[0..<count])) else {
            return false
        }
        let row = CounterBlock.row(device.port)
        link.counters.add(to: .sentFrames, row: row)
        link.counters.add(byteCount, to: .sentBytes, row: row)
        return true
    }
}
