import WeftTypes
import WeftWire

// Addresses: who says to have one, who is asked for one, and what is late for one that has moved. <doc:Answering> gives the
// reasons.

extension Pipeline {
    /// Notes which address a frame from a port claims, and turns the verdict into an answer where one is known (E8).
    static func resolve(
        _ frame: RawSpan, _ layout: FrameLayout, offload: VirtioNetHeader, from port: PortIndex, tables: ForwardingTables,
        memory: inout PathMemory, now: Instant, in decision: inout Decision
    ) {
        guard let message = AddressMessage(frame, layout, offload: offload) else { return }
        if let address = message.claimed {
            let event = BindingEvent(
                key: FDBKey(decision.segment, layout.ethernet.source), address: address, port: port,
                isRouter: message.isRouter, seen: now)
            if memory.bindings.note(event) { memory.claim = event }
        }
        guard let address = message.asked,
            let binding = tables.bindings.binding(for: BindingKey(decision.segment, address)),
            mayAnswer(
                for: binding.mac, to: layout.ethernet.source, in: decision.segment, tables: tables, memory: memory, now: now)
        else { return }
        decision.verdict = .resolve(binding)
    }

    /// Whether `mac` may answer through us: it is known to be at another host, and nothing says that it is here by now.
    ///
    /// The answer carries its address as Ethernet source. Of a station behind the same bridge that would make the bridge move it
    /// to the uplink; and one that asks for its own address has moved here, and must not be told that it is taken.
    private static func mayAnswer(
        for mac: MACAddress, to asker: MACAddress, in segment: SegmentIndex, tables: ForwardingTables,
        memory: borrowing PathMemory, now: Instant
    ) -> Bool {
        guard mac.isStation, mac != asker else { return false }
        let key = FDBKey(segment, mac)
        guard case .peer = tables.fdb.entry(for: key)?.location else { return false }
        return !memory.sources.wasLocal(key, now: now)
    }

    /// The peer at which a station is now that has just left this host, if a frame for it from `sender` may go on there (X9):
    /// never for a group, never back, and only to a member of the segment.
    static func latePeer(
        _ destination: MACAddress, in segment: SegmentIndex, from sender: PeerIndex, tables: ForwardingTables, now: Instant
    ) -> PeerIndex? {
        guard destination.isStation else { return nil }
        let key = FDBKey(segment, destination)
        guard var next = tables.lateRoutes.peer(for: key, now: now) else { return nil }
        switch tables.fdb.entry(for: key)?.location {
        case .port: return nil  // it is here again
        case .peer(let peer): next = peer  // it may have gone further
        case nil: break
        }
        guard next != sender, tables.fabric.vtep(of: next) != nil, tables.fabric.isMember(next, of: segment) else { return nil }
        return next
    }

    /// The port at which a station has just arrived, by its own frames, while the tables still have it elsewhere: other hosts may
    /// hear of the move sooner than this one's tables are written. Not one that is on its way out.
    static func arrivedPort(
        _ destination: MACAddress, in segment: SegmentIndex, tables: ForwardingTables, memory: borrowing PathMemory,
        now: Instant
    ) -> PortIndex? {
        let key = FDBKey(segment, destination)
        guard tables.lateRoutes.peer(for: key, now: now) == nil, tables.fdb.entry(for: key)?.isSticky == false else { return nil }
        guard let port = memory.sources.localPort(of: key, now: now), tables.fabric.isForwarding(port) else { return nil }
        return port
    }

    /// Whether a pinned station must not be the source of a frame from `sender`: it is here, or the frame would make us learn
    /// that it is there. A peer that gossips may send what is late for a third host in the name of any station (X9), and
    /// nothing is learnt from it.
    static func isPinnedAway(from sender: PeerIndex, _ known: FDBEntry, tables: ForwardingTables) -> Bool {
        switch known.location {
        case .port: true
        case .peer(let peer): peer != sender && tables.fabric.peerFacts[Int(sender.rawValue)].isLearntFrom
        }
    }
}

extension Pipeline {
    /// Decides about a frame of ours that goes to the members of a segment and to no port.
    ///
    /// - Returns: `.flood`, meant for the members only, or a drop; nil when the frame has no layout.
    public static func decide(injected frame: RawSpan, into segment: SegmentIndex, tables: ForwardingTables) -> Decision? {
        guard let layout = try? FrameLayout(parsing: frame) else { return nil }
        let row = Int(segment.rawValue)
        guard row < tables.fabric.segmentFacts.count, tables.fabric.segmentFacts[row].isPresent else {
            return Decision(.drop(.unknownVNI), layout: layout)
        }
        var decision = admit(layout, into: segment, tables: tables)
        guard case .flood = decision.verdict else { return decision }
        if tables.fabric.floodPeerRange(of: segment).isEmpty {
            decision.verdict = .drop(.noMembers)
        } else if layout.packetEnd - EthernetHeader.byteCount > tables.fabric.mtu(of: segment) {
            decision.verdict = .drop(.oversize)
        }
        return decision
    }
}

/// How a frame that came by a tunnel goes into another.
public enum LateFrame {
    /// The offload header with which a frame from a tunnel can be sent as one from a port is; nil when it is a superframe whose
    /// checksum is wrong, so that nobody may make it right.
    ///
    /// `layout` is the frame's, `treatment` what ``Pipeline`` decided. A checksum that would be summed with padding is completed.
    public static func offload(of frame: inout MutableRawSpan, layout: FrameLayout, treatment: Treatment) -> VirtioNetHeader? {
        let isPartial = Coalescer.isPartial(frame.bytes, layout: layout)
        guard case .whole = treatment else {
            guard isPartial || Checksum.verifyTransport(of: frame.bytes, layout: layout) == .valid else { return nil }
            return .complete  // each piece gets a checksum of its own
        }
        guard isPartial, let start = layout.transportOffset, let field = layout.transportChecksumOffset else { return .complete }
        guard layout.transportEnd == frame.byteCount else {
            if let checksum = Checksum.transportChecksum(of: frame.bytes, layout: layout) {
                frame.storeBigEndian(checksum, at: field)
            }
            return .complete
        }
        return VirtioNetHeader(
            flags: .needsChecksum, checksumStart: UInt16(clamping: start), checksumOffset: UInt16(clamping: field - start))
    }
}
