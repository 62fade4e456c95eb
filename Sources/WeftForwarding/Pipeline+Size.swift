import WeftTypes
import WeftWire

// Size is judged here and nowhere else: host-side devices take anything, so that no bridge drops a frame without a counter.
// The limit is the segment's MTU for the bytes after the first 14 of the frame. Where tags are carried they count, because
// the underlay has room for an untagged frame only. The path to a peer may take less than the segment: ``PathLimits``.

extension Pipeline {
    /// Finds the treatment of a frame that leaves through a tunnel, and what happens when it is too big.
    static func judgeSize(
        of frame: RawSpan, _ layout: FrameLayout, offload: VirtioNetHeader, from port: PortIndex, tables: ForwardingTables,
        memory: inout PathMemory, now: Instant, in decision: inout Decision
    ) {
        let isSuperframe = offload.segmentation != .none
        let segmentSize = Int(offload.segmentSize)
        decision.treatment = isSuperframe ? .cut(segmentSize: segmentSize) : .whole
        let tagByteCount = decision.stripsTag ? 0 : layout.l2ByteCount - EthernetHeader.byteCount
        let payloadOffset = layout.payloadOffset ?? layout.packetEnd
        let pieceEnd = isSuperframe ? min(layout.packetEnd, payloadOffset + segmentSize) : layout.packetEnd
        let byteCount = pieceEnd - layout.l2ByteCount
        decision.mtu = tables.fabric.mtu(of: decision.segment)
        switch decision.verdict {
        case .encapsulate(let peer): decision.mtu = min(decision.mtu, tables.paths.limit(of: peer))
        case .flood:
            let members = tables.fabric.floodPeerRange(of: decision.segment)
            if members.isEmpty { return }
            // What may be fragmented is made to fit all. Of the rest, each member gets what its own path takes.
            if byteCount + tagByteCount > tables.paths.smallest, layout.isIP, !layout.dontFragment {
                for position in members {
                    decision.mtu = min(decision.mtu, tables.paths.limit(of: tables.fabric.floodPeer(position)))
                }
            }
        case .deliver, .answer, .resolve, .drop: return
        }
        let limit = decision.mtu - tagByteCount
        guard byteCount > limit else { return }

        guard layout.isIP else { return decision.verdict = .drop(.oversize) }
        guard layout.malformation == nil else { return decision.verdict = .drop(.badInnerIP) }
        if !layout.dontFragment {
            shrink(layout, offload: offload, limit: limit, in: &decision)
        } else if case .encapsulate = decision.verdict, TooBigReply.isDue(for: frame, layout) {
            // Only for a destination that is known to be remote: the answer carries its address as source, and one of a
            // station behind the same bridge would move it to the uplink.
            decision.verdict = memory.mayAnswer(port, now: now) ? .answer(mtu: limit) : .drop(.tooBigAnswerLimited)
        } else {
            decision.verdict = .drop(.tooBigNoAnswer)
        }
    }

    /// A packet that may be fragmented: TCP is cut into smaller segments instead, which no receiver can tell.
    private static func shrink(_ layout: FrameLayout, offload: VirtioNetHeader, limit: Int, in decision: inout Decision) {
        switch offload.segmentation {
        case .none: decision.treatment = .fragment
        case .udp, .udpL4: decision.treatment = .cutAndFragment(segmentSize: Int(offload.segmentSize))
        case .tcpv4, .tcpv6:
            let room = limit - layout.networkHeaderByteCount - layout.transportHeaderByteCount
            decision.treatment = .cut(segmentSize: room)
            if room <= 0 { decision.verdict = .drop(.oversize) }
        }
    }

    /// Finds the treatment of a frame from a tunnel.
    ///
    /// A kernel peer on a virtual underlay hands over its guest's superframe in one datagram. Of TCP the segment size is
    /// lost, and any that fits will do. Of UDP it is told beside the datagram; without it a big datagram is just too big.
    static func judgeReceivedSize(
        _ layout: FrameLayout, innerSegmentSize: Int?, tables: ForwardingTables, in decision: inout Decision
    ) {
        switch decision.verdict {
        case .deliver, .flood: decision.mtu = tables.fabric.mtu(of: decision.segment)
        case .encapsulate(let peer):
            decision.mtu = min(tables.fabric.mtu(of: decision.segment), tables.paths.limit(of: peer))
        case .answer, .resolve, .drop: return
        }
        let tagByteCount = decision.stripsTag ? 0 : layout.l2ByteCount - EthernetHeader.byteCount
        let limit = decision.mtu - tagByteCount
        guard layout.packetEnd - layout.l2ByteCount > limit else { return }
        guard layout.transportChecksumOffset != nil else { return decision.verdict = .drop(.oversize) }
        switch layout.transportProtocol {
        case .tcp:
            let room = limit - layout.networkHeaderByteCount - layout.transportHeaderByteCount
            decision.treatment = .cut(segmentSize: room)
            if room <= 0 { decision.verdict = .drop(.oversize) }
        case .udp:
            guard let innerSegmentSize, innerSegmentSize > 0 else { return decision.verdict = .drop(.oversize) }
            decision.treatment = .cut(segmentSize: innerSegmentSize)
        default: decision.verdict = .drop(.oversize)
        }
    }
}
