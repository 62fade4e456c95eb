import Glibc
import WeftForwarding
import WeftLinux
import WeftTypes
import WeftWire

// A frame becomes datagrams: whole, cut, or in fragments, to one peer or to all members of its segment.

extension Worker {
    /// Who gets a frame.
    enum Recipients {
        case one(PeerIndex)
        /// A range of the flood lists.
        case members(Range<Int>)
    }

    /// Collects the datagrams of a frame; they go out at the next flush.
    ///
    /// A checksum that is completed here, in place, is cleared from `offload`.
    mutating func send(
        _ frame: Range<Int>, _ layout: FrameLayout, _ decision: Decision, offload: inout VirtioNetHeader,
        to recipients: Recipients, bit: Int
    ) {
        let (frames, scratch) = (frames, scratch)
        let flow = FlowHash.hash(of: frames.bytes(frame), layout: layout)
        let vni = tables.fabric.vni(of: decision.segment)
        switch decision.treatment {
        case .whole:
            let remote =
                offload.flags.contains(.needsChecksum) && leavesChecksums(to: recipients)
                ? VXLANHeader.RemoteChecksum(start: Int(offload.checksumStart), offset: Int(offload.checksumOffset)) : nil
            if remote == nil { complete(frame, &offload) }
            let header = frame.lowerBound - VXLANHeader.byteCount..<frame.lowerBound
            emit(VXLANHeader(vni: vni, remoteChecksum: remote), into: header, in: frames)
            let front = unsafe frames.slice(header.lowerBound..<frame.upperBound)
            unsafe append(front, iovec(), to: recipients, flow: flow, bit: bit, startsFrame: frame.count)
        case .cut(let segmentSize):
            guard let segmenter = Segmenter(of: frames.bytes(frame), layout: layout, segmentSize: segmentSize) else { return }
            let remote = leavesChecksums(to: recipients) ? segmenter.remoteChecksum : nil
            let vxlan = VXLANHeader(vni: vni, remoteChecksum: remote)
            link.counters.add(segmenter.pieceCount, to: .segments, row: pending[bit].row)
            for piece in 0..<segmenter.pieceCount {
                guard let header = reserve(VXLANHeader.byteCount + segmenter.headerByteCount) else { return }
                emit(vxlan, into: header, in: scratch)
                let inner = header.lowerBound + VXLANHeader.byteCount..<header.upperBound
                var bytes = scratch.mutableBytes(inner)
                segmenter.emitHeader(of: piece, from: frames.bytes(frame), into: &bytes, leavesChecksum: remote != nil)
                let slice = segmenter.payload(of: piece)
                let payload = frame.lowerBound + slice.lowerBound..<frame.lowerBound + slice.upperBound
                unsafe append(
                    scratch.slice(header), frames.slice(payload), to: recipients, flow: flow, bit: bit,
                    startsFrame: piece == 0 ? frame.count : 0)
            }
        case .fragment:
            complete(frame, &offload)
            fragment(frame, of: false, layout, decision, to: recipients, flow: flow, bit: bit, startsFrame: frame.count)
        case .cutAndFragment(let segmentSize):
            cutAndFragment(frame, layout, decision, segmentSize: segmentSize, to: recipients, flow: flow, bit: bit)
        }
    }

    /// Whether checksums may be left to whoever gets a frame: only one peer, of which it was declared.
    private func leavesChecksums(to recipients: Recipients) -> Bool {
        if case .one(let peer) = recipients { return tables.fabric.takesRemoteChecksums(peer) }
        return false
    }

    /// Completes a partial checksum in place.
    private mutating func complete(_ frame: Range<Int>, _ offload: inout VirtioNetHeader) {
        guard offload.flags.contains(.needsChecksum) else { return }
        let frames = frames
        var bytes = frames.mutableBytes(frame)
        Checksum.complete(&bytes, start: Int(offload.checksumStart), offset: Int(offload.checksumOffset))
        if offload.segmentation == .none { offload = .complete }
    }

    private func emit(_ vxlan: VXLANHeader, into header: Range<Int>, in arena: ByteArena) {
        var bytes = arena.mutableBytes(header.lowerBound..<header.lowerBound + VXLANHeader.byteCount)
        vxlan.emit(into: &bytes)
    }

    /// Room in the scratch area until the next flush; flushes to make some. nil when it can never fit.
    private mutating func reserve(_ byteCount: Int) -> Range<Int>? {
        if scratchUsed + byteCount > Self.scratchByteCount {
            guard byteCount <= Self.scratchByteCount else { return nil }
            flush()
            scratchUsed = 0
        }
        let start = scratchUsed
        scratchUsed = min((start + byteCount + 15) & ~15, Self.scratchByteCount)
        return start..<start + byteCount
    }

    /// Hands one datagram to the transmitter, once per recipient.
    @unsafe private mutating func append(
        _ front: iovec, _ payload: iovec, to recipients: Recipients, flow: UInt32, bit: Int, startsFrame: Int
    ) {
        switch recipients {
        case .one(let peer):
            unsafe append(front, payload, to: peer, flow: flow, bit: bit, startsFrame: startsFrame)
        case .members(let range):
            for position in range {
                let peer = tables.fabric.floodPeer(position)
                guard transmitter.canReach(peer) else {
                    pending[bit].isIncomplete = true
                    continue
                }
                guard unsafe isTaken(front.iov_len + payload.iov_len, by: peer) else {
                    link.counters.add(to: .oversizeCopies, row: CounterBlock.row(peer))
                    pending[bit].isIncomplete = true
                    pending[bit].isOversize = true
                    continue
                }
                unsafe append(front, payload, to: peer, flow: flow, bit: bit, startsFrame: startsFrame)
            }
        }
    }

    @unsafe private mutating func append(
        _ front: iovec, _ payload: iovec, to peer: PeerIndex, flow: UInt32, bit: Int, startsFrame: Int
    ) {
        if transmitter.isFull(for: peer, flow: flow) { flush() }
        unsafe transmitter.append(
            to: peer, flow: flow, front: front, payload: payload, frame: 1 << UInt64(bit), startsFrame: startsFrame)
    }

    // MARK: Fragments

    /// Collects the fragments of a frame in the read area, or, when `isScratch`, in the scratch area.
    ///
    /// A frame in the scratch area has room for its fragments' headers right behind it.
    private mutating func fragment(
        _ frame: Range<Int>, of isScratch: Bool, _ layout: FrameLayout, _ decision: Decision, to recipients: Recipients,
        flow: UInt32, bit: Int, startsFrame: Int
    ) {
        let limit = decision.mtu - (layout.l2ByteCount - EthernetHeader.byteCount)
        let (arena, scratch, fragmentHeader) = (isScratch ? scratch : frames, scratch, fragmentHeader)
        guard let fragmenter = Fragmenter(frame: arena.bytes(frame), layout: layout, limit: limit) else { return }
        let vni = tables.fabric.vni(of: decision.segment)
        link.counters.add(fragmenter.fragmentCount, to: .generated, row: pending[bit].row)
        let place = 0..<fragmenter.headerByteCount
        guard place.count <= fragmentHeader.byteCount else { return }
        for index in 0..<fragmenter.fragmentCount {
            guard let header = reserve(VXLANHeader.byteCount + fragmenter.headerByteCount) else { return }
            emit(VXLANHeader(vni: vni), into: header, in: scratch)
            // By way of a place of its own: frame and header may be in the same arena.
            var bytes = fragmentHeader.mutableBytes(place)
            fragmenter.emitHeader(of: index, from: arena.bytes(frame), into: &bytes)
            var target = scratch.mutableBytes(header.lowerBound + VXLANHeader.byteCount..<header.upperBound)
            target.copy(fragmentHeader.bytes(place), at: 0)
            let slice = fragmenter.payload(of: index)
            let payload = frame.lowerBound + slice.lowerBound..<frame.lowerBound + slice.upperBound
            unsafe append(
                scratch.slice(header), arena.slice(payload), to: recipients, flow: flow, bit: bit,
                startsFrame: index == 0 ? startsFrame : 0)
        }
    }

    /// UDP superframes whose datagrams are too big and may be fragmented: rare, so each datagram is copied together first.
    private mutating func cutAndFragment(
        _ frame: Range<Int>, _ layout: FrameLayout, _ decision: Decision, segmentSize: Int, to recipients: Recipients,
        flow: UInt32, bit: Int
    ) {
        let (frames, scratch) = (frames, scratch)
        guard let segmenter = Segmenter(of: frames.bytes(frame), layout: layout, segmentSize: segmentSize) else { return }
        link.counters.add(segmenter.pieceCount, to: .segments, row: pending[bit].row)
        for piece in 0..<segmenter.pieceCount {
            // One datagram at a time, sent before the next, so that the scratch area never wraps under it.
            flush()
            scratchUsed = 0
            let slice = segmenter.payload(of: piece)
            guard let room = reserve(segmenter.headerByteCount + slice.count) else { return }
            var bytes = scratch.mutableBytes(room)
            segmenter.emitHeader(of: piece, from: frames.bytes(frame), into: &bytes)
            let source = frames.bytes(frame.lowerBound + slice.lowerBound..<frame.lowerBound + slice.upperBound)
            bytes.copy(source, at: segmenter.headerByteCount)
            guard let layout = try? FrameLayout(parsing: scratch.bytes(room)) else { return }
            fragment(
                room, of: true, layout, decision, to: recipients, flow: flow, bit: bit,
                startsFrame: piece == 0 ? frame.count : 0)
        }
    }
}
