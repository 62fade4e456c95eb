import Glibc
import WeftForwarding
import WeftLinux
import WeftTypes
import WeftWire

// From the underlay to ports. Datagrams are received in a batch, each perhaps a run of equal-sized ones that the kernel put
// together; frames are decided where they lie, merged, and written.

extension Worker {
    /// Receives, decides and delivers one batch.
    mutating func receiveFromUnderlay(_ lane: Int) {
        let (index, lane) = lane.quotientAndRemainder(dividingBy: Self.laneCount)
        let socket = number * Self.laneCount + lane
        guard index < underlays.count, socket < underlays[index].receivers.count else { return }
        let headers = unsafe UnsafeMutableBufferPointer(rebasing: receiveHeaders[0..<datagramCount])
        guard case .transferred(let count) = unsafe underlays[index].receivers[socket].socket.receive(headers) else { return }
        frameCount += count
        var byteCount = 0
        for slot in 0..<count { byteCount += take(slot, from: underlays[index].receivers[socket]) }
        for slot in 0..<count { renew(slot) }
        deliver()
        settleLate()
        guard count > 0 else { return }
        datagramCount = min(max(Self.batchByteCount / max(1, byteCount / count), Self.datagramMinimum), Self.datagramLimit)
    }

    /// Sets up one receive buffer.
    func prepare(_ slot: Int) {
        let start = slot * Self.datagramStride
        unsafe receiveSlices[slot] = region.slice(start..<start + Self.datagramByteCount)
        var header = unsafe DatagramHeader()
        unsafe header.msg_hdr.msg_name = receiveNames.address(slot * Self.nameStride)
        unsafe header.msg_hdr.msg_iov = receiveSlices.baseAddress.map { unsafe $0 + slot }
        unsafe header.msg_hdr.msg_iovlen = 1
        unsafe header.msg_hdr.msg_control = receiveControls.address(slot * Self.controlStride)
        unsafe receiveHeaders[slot] = header
        renew(slot)
    }

    /// Undoes what the kernel changed in the header of one receive buffer.
    private func renew(_ slot: Int) {
        unsafe receiveHeaders[slot].msg_hdr.msg_namelen = socklen_t(SocketAddress.byteCount)
        unsafe receiveHeaders[slot].msg_hdr.msg_controllen = Self.controlStride
    }

    /// Decides about all frames of one receive buffer; returns how many bytes it held.
    private mutating func take(_ slot: Int, from socket: SharedSocket) -> Int {
        let start = slot * Self.datagramStride
        let byteCount = min(Int(unsafe receiveHeaders[slot].msg_len), Self.datagramByteCount)
        let beside = unsafe ControlMessages.parse(&receiveHeaders[slot].msg_hdr)
        let source = unsafe SocketAddress.read(
            from: receiveNames.address(slot * Self.nameStride), byteCount: Int(receiveHeaders[slot].msg_hdr.msg_namelen))
        var arrival = Arrival(
            peer: source.flatMap { tables.fabric.peer(at: $0.address) },
            isFromOverlay: tables.fabric.isOverlay(beside.interfaceIndex))
        var step = beside.segmentByteCount > 0 ? beside.segmentByteCount : byteCount
        if step < byteCount, Self.isOneFrame(region.bytes(start..<start + byteCount), segmentSize: step) {
            arrival.innerSegmentSize = step
            step = byteCount
        }
        var offset = 0
        repeat {
            let end = min(offset + max(1, step), byteCount)
            let datagram = start + offset..<start + end
            if !answerProbe(datagram, arrival, from: source, by: socket) { take(datagram, arrival) }
            offset = end
        } while offset < byteCount
        return byteCount
    }

    /// Whether what came with a segment size is not a run of datagrams but one, with a guest's superframe of UDP: its packet
    /// is longer than a segment. (A kernel peer on a virtual underlay; the segment size is the inner one then.)
    private static func isOneFrame(_ datagram: RawSpan, segmentSize: Int) -> Bool {
        let network = VXLANHeader.byteCount + EthernetHeader.byteCount
        guard datagram.byteCount >= network + IPv6Header.byteCount else { return false }
        let length: Int
        switch EtherType(rawValue: datagram.bigEndian(at: network - 2)) {
        case .ipv4: length = Int(datagram.bigEndian(at: network + 2, as: UInt16.self))
        case .ipv6: length = IPv6Header.byteCount + Int(datagram.bigEndian(at: network + 4, as: UInt16.self))
        default: return false
        }
        return network + length > segmentSize && network + length == datagram.byteCount
    }

    /// Decides about one datagram and puts its frame to the others that go out.
    private mutating func take(_ datagram: Range<Int>, _ arrival: Arrival) {
        let region = region
        let row = arrival.peer.map { CounterBlock.row($0) } ?? CounterBlock.unknownPeer
        link.counters.add(to: .receivedFrames, row: row)
        link.counters.add(max(0, datagram.count - VXLANHeader.byteCount), to: .receivedBytes, row: row)
        if coalescer.extend(with: datagram, arrival: arrival, in: region.bytes(0..<region.byteCount)) { return }
        var decision = Pipeline.decide(
            datagram: region.bytes(datagram), arrival: arrival, tables: tables, memory: &memory, now: now)
        note(decision.learnt)
        var frame = min(datagram.lowerBound + VXLANHeader.byteCount, datagram.upperBound)..<datagram.upperBound
        // Frames that need more than their verdict are no example for the next one.
        let origin = decision.remoteChecksum == nil ? datagram : frame
        if let checksum = decision.remoteChecksum {
            var bytes = region.mutableBytes(frame)
            guard Checksum.complete(&bytes, start: checksum.start, offset: checksum.offset) else {
                return link.counters.drop(.truncated, row: row)
            }
        }
        if decision.stripsTag, case .deliver = decision.verdict { strip(&frame, &decision, in: false) }
        if decision.stripsTag, case .flood = decision.verdict { strip(&frame, &decision, in: false) }
        if decision.stripsTag, case .encapsulate = decision.verdict { strip(&frame, &decision, in: false) }
        if case .encapsulate(let next) = decision.verdict { return sendOn(frame, decision, to: next, row: row) }
        let target: Coalescer.Target
        switch decision.verdict {
        case .drop(let reason): return link.counters.drop(reason, row: row)
        case .deliver(let port): target = .port(port)
        case .flood: target = .flood(decision.segment)
        case .encapsulate, .answer, .resolve: return link.counters.drop(.splitHorizon, row: row)  // never decided for a tunnel
        }
        guard let layout = decision.layout, let peer = arrival.peer else { return link.counters.drop(.truncated, row: row) }
        while true {
            var bytes = region.mutableBytes(0..<region.byteCount)
            switch coalescer.add(
                frame, of: origin, layout: layout, treatment: decision.treatment, to: target, from: peer, in: &bytes)
            {
            case .added: return
            case .rejected(let reason): return link.counters.drop(reason, row: row)
            case .full: deliver()
            }
        }
    }
}
