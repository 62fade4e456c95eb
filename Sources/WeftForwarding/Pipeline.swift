import WeftTypes
import WeftWire

/// The path of one frame, as a function: (frame, where it came in, tables, memory, now) → ``Decision``.
///
/// The workers, `weft trace` and injected packets all run this and nothing else. Nothing here sends, counts, allocates or
/// waits. <doc:PacketJourney> tells the whole story.
///
/// Stages: port-in → lookup → (encap | port-out) and underlay-rx → decap → lookup → port-out. The stages before the lookup
/// admit the frame; a later guard and policy go between.
public enum Pipeline {
    /// Decides about an Ethernet frame that a local port received.
    public static func decide(
        _ frame: RawSpan, offload: VirtioNetHeader, from port: PortIndex, tables: ForwardingTables,
        memory: inout PathMemory, now: Instant
    ) -> Decision {
        let row = Int(port.rawValue)
        guard row < tables.fabric.portFacts.count, tables.fabric.portFacts[row].isPresent else {
            let isBlocked = row < tables.fabric.portFacts.count && tables.fabric.portFacts[row].isBlocked
            return Decision(.drop(isBlocked ? .portBlocked : .unknownPort))
        }
        let segment = tables.fabric.portFacts[row].segment
        guard let layout = try? FrameLayout(parsing: frame) else { return Decision(.drop(.truncated), segment: segment) }
        var decision = admit(layout, into: segment, tables: tables)
        guard case .flood = decision.verdict else { return decision }
        guard Offload.isSound(offload, for: layout) else {
            decision.verdict = .drop(.badOffload)
            return decision
        }
        let key = FDBKey(segment, layout.ethernet.source)
        let known = tables.fdb.entry(for: key)
        if let known, let reason = refusal(of: known, from: port) {
            decision.verdict = .drop(reason)
            return decision
        }
        learn(key, at: .port(port), known: known, memory: &memory, now: now, into: &decision)
        decision.verdict = lookup(layout.ethernet.destination, in: segment, from: .port(port), tables: tables)
        if AddressMessage.isPossible(layout) {
            resolve(frame, layout, offload: offload, from: port, tables: tables, memory: &memory, now: now, in: &decision)
        }
        judgeSize(of: frame, layout, offload: offload, from: port, tables: tables, memory: &memory, now: now, in: &decision)
        if case .flood = decision.verdict {
            limitFlood(from: port, layout: layout, tables: tables, memory: &memory, now: now, in: &decision)
        }
        return decision
    }

    /// Decides about one VXLAN datagram, its header included, that came from the underlay.
    ///
    /// The inner frame begins ``VXLANHeader/byteCount`` bytes into `datagram`; the decision's layout is the inner frame's.
    public static func decide(
        datagram: RawSpan, arrival: Arrival, tables: ForwardingTables, memory: inout PathMemory, now: Instant
    ) -> Decision {
        guard !arrival.isFromOverlay else { return Decision(.drop(.underlayFromOverlay)) }
        guard datagram.byteCount >= VXLANHeader.byteCount + EthernetHeader.byteCount else { return Decision(.drop(.truncated)) }
        guard let header = try? VXLANHeader(parsing: datagram) else { return Decision(.drop(.badVXLANFlags)) }
        guard let segment = tables.fabric.segment(with: header.vni) else {
            return Decision(.drop(tables.fabric.description.notJoined.contains(header.vni) ? .vniNotJoined : .unknownVNI))
        }
        guard !tables.fabric.floodPortRange(of: segment).isEmpty else {
            return Decision(.drop(.vniNotJoined), segment: segment)
        }
        guard let peer = arrival.peer, tables.fabric.isMember(peer, of: segment) else {
            return Decision(.drop(.foreignVTEP), segment: segment)
        }
        let frame = datagram.extracting(VXLANHeader.byteCount..<datagram.byteCount)
        guard let layout = try? FrameLayout(parsing: frame) else { return Decision(.drop(.truncated), segment: segment) }
        var decision = admit(layout, into: segment, tables: tables)
        guard case .flood = decision.verdict else { return decision }

        let key = FDBKey(segment, layout.ethernet.source)
        let known = tables.fdb.entry(for: key)
        if let reason = refusal(of: key, from: peer, known: known, tables: tables, memory: memory, now: now) {
            decision.verdict = .drop(reason)
            return decision
        }
        if tables.fabric.peerFacts[Int(peer.rawValue)].isLearntFrom {
            learn(key, at: .peer(peer), known: known, memory: &memory, now: now, into: &decision)
        }
        if let checksum = header.remoteChecksum, tables.fabric.takesRemoteChecksums(peer), !covers(checksum, layout) {
            decision.remoteChecksum = checksum
        }
        decision.verdict = lookup(layout.ethernet.destination, in: segment, from: .peer(peer), tables: tables)
        if tables.lateRoutes.count > 0,
            let next = latePeer(layout.ethernet.destination, in: segment, from: peer, tables: tables, now: now)
        {
            decision.verdict = .encapsulate(next)
        } else if case .drop(.splitHorizon) = decision.verdict,
            let port = arrivedPort(layout.ethernet.destination, in: segment, tables: tables, memory: memory, now: now)
        {
            decision.verdict = .deliver(port)
        }
        judgeReceivedSize(layout, innerSegmentSize: arrival.innerSegmentSize, tables: tables, in: &decision)
        return decision
    }
}

extension Pipeline {
    /// Whether a checksum that was left to us is the transport's own: a partial one shows by what it holds, and goes on as such.
    private static func covers(_ checksum: VXLANHeader.RemoteChecksum, _ layout: FrameLayout) -> Bool {
        layout.transportOffset == checksum.start && layout.transportChecksumOffset == checksum.start + checksum.offset
            && layout.transportEnd == layout.packetEnd
    }

    /// What holds for a frame from either side: tags (X6), source address (X8), link-local groups. Admitted is `.flood`.
    static func admit(_ layout: FrameLayout, into segment: SegmentIndex, tables: ForwardingTables) -> Decision {
        var decision = Decision(.flood, segment: segment, layout: layout)
        if let tag = layout.outerTag, !tables.fabric.segmentFacts[Int(segment.rawValue)].carriesTags {
            decision.stripsTag = tag.vlan == 0 && layout.tagCount == 1
            if !decision.stripsTag { decision.verdict = .drop(.innerVLAN) }
        } else if layout.tagCount == 0 && layout.ethernet.etherType.isTag {
            decision.verdict = .drop(.truncated)  // a tag's type, and the frame ends before the tag does
        }
        if !layout.ethernet.source.isStation { decision.verdict = .drop(.badSourceMAC) }
        if layout.ethernet.destination.rawValue & ~0xF == 0x0180_C200_0000 { decision.verdict = .drop(.linkLocalMulticast) }
        if layout.ethernet.destination == LoopProbe.group, layout.etherType == LoopProbe.etherType {
            decision.verdict = .drop(.loopProbe)
        }
        return decision
    }

    /// Why a frame from a port with the source of a known station may not come in: the station is elsewhere, for good.
    private static func refusal(of known: FDBEntry, from port: PortIndex) -> DropReason? {
        guard known.location != .port(port) else { return nil }
        if known.isSticky { return .stickyMAC }
        // Written to an uplink, it would make the bridge move a declared station there.
        if known.source == .declared { return .sourceMACIsLocal }
        return nil
    }

    /// Why a frame from a tunnel with this source may not come in: what it claims to be is here (X8).
    private static func refusal(
        of key: FDBKey, from peer: PeerIndex, known: FDBEntry?, tables: ForwardingTables, memory: borrowing PathMemory,
        now: Instant
    ) -> DropReason? {
        if let known {
            if known.isSticky && isPinnedAway(from: peer, known, tables: tables) { return .stickyMAC }
            // Written to the uplink, it would make the bridge move a declared station there.
            if known.source == .declared, case .port = known.location { return .sourceMACIsLocal }
        }
        return memory.sources.wasLocal(key, now: now) ? .sourceMACIsLocal : nil
    }

    /// Notes where a source address is; only what the tables do not hold as configured is worth an event.
    private static func learn(
        _ key: FDBKey, at location: Location, known: FDBEntry?, memory: inout PathMemory, now: Instant,
        into decision: inout Decision
    ) {
        guard memory.sources.note(key, at: location, isKnown: known?.location == location, now: now) else { return }
        if let known, known.location == location, known.source <= .static { return }
        decision.learnt = LearnEvent(key: key, location: location, seen: now)
    }

    /// Where a frame to `destination` goes.
    static func lookup(
        _ destination: MACAddress, in segment: SegmentIndex, from ingress: Location, tables: ForwardingTables
    ) -> Verdict {
        if destination.isMulticast { return flood(in: segment, from: ingress, tables: tables) }
        guard let entry = tables.fdb.entry(for: FDBKey(segment, destination)) else {
            guard tables.fabric.segmentFacts[Int(segment.rawValue)].floodsUnknown else { return .drop(.unknownUnicast) }
            return flood(in: segment, from: ingress, tables: tables)
        }
        switch (entry.location, ingress) {
        case (.port(let port), .port(let origin)): return port == origin ? .drop(.samePort) : .deliver(port)
        case (.port(let port), .peer): return .deliver(port)
        case (.peer(let peer), .port): return .encapsulate(peer)
        case (.peer, .peer): return .drop(.splitHorizon)
        }
    }

    private static func flood(in segment: SegmentIndex, from ingress: Location, tables: ForwardingTables) -> Verdict {
        let ports = tables.fabric.floodPortRange(of: segment).count
        switch ingress {
        case .port: return ports > 1 || !tables.fabric.floodPeerRange(of: segment).isEmpty ? .flood : .drop(.noMembers)
        case .peer: return ports > 0 ? .flood : .drop(.noMembers)
        }
    }
}
