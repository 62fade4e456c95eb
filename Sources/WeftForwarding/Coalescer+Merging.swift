import WeftTypes
import WeftWire

// What may be merged, as strict as the kernel's GRO or stricter: whoever cuts the superframe again must get the frames that
// came, checksums included.
//
// - TCP with data and no flags but ACK, PSH, FIN, ECE; UDP with a checksum. No fragments, IPv4 options or IPv6 extension headers.
// - Same tags, addresses, ports, TTL, DSCP, ECN, DF, flow label; for TCP the next sequence number, and the same
//   acknowledgement, window, reserved bits, ECE and options.
// - IPv4 identification goes up by one, or stays the same with DF set.
// - All parts have the size of the first, only the last may be smaller; PSH and FIN end a superframe.
// - Each part's checksum is verified, or each is partial (a virtual underlay promised to complete it and did not).

extension Coalescer {
    /// Whether the transport checksum holds only the pseudo-header's sum.
    static func isPartial(_ frame: RawSpan, layout: FrameLayout) -> Bool {
        guard let field = layout.transportChecksumOffset, layout.transportProtocol == .tcp || layout.transportProtocol == .udp
        else { return false }
        let value: UInt16 = frame.bigEndian(at: field)
        if value == 0 && layout.transportProtocol == .udp { return false }
        return value == Checksum.fold(Checksum.pseudoHeaderSum(of: frame, layout: layout))
    }

    /// Hands on a partial checksum as one that the port's kernel completes, and returns true; or completes it here, where the
    /// kernel, which sums to the end of what it is given, would take padding in.
    static func leavePartial(_ output: inout Output, layout: FrameLayout, in region: inout MutableRawSpan) -> Bool {
        guard let start = layout.transportOffset, let field = layout.transportChecksumOffset else { return false }
        guard layout.transportEnd == output.front.count else {
            if let checksum = Checksum.transportChecksum(of: region.bytes.extracting(output.front), layout: layout) {
                region.storeBigEndian(checksum, at: output.front.lowerBound + field)
            }
            return false
        }
        output.offload = VirtioNetHeader(
            flags: .needsChecksum, checksumStart: UInt16(clamping: start), checksumOffset: UInt16(clamping: field - start))
        return true
    }

    /// What a frame brings to a merge, or nil when it can't be part of one.
    static func candidate(_ frame: RawSpan, layout: FrameLayout, isPartial: Bool, mergesUDP: Bool) -> Merge? {
        guard let transport = layout.transportOffset, let payloadOffset = layout.payloadOffset,
            layout.transportEnd == layout.packetEnd, layout.packetEnd > payloadOffset
        else { return nil }
        let isIPv4 = layout.network == .ipv4
        guard layout.networkHeaderByteCount == (isIPv4 ? IPv4Header.byteCount : IPv6Header.byteCount) else { return nil }
        let isTCP = layout.transportProtocol == .tcp
        let shape = HeaderMask.Shape(
            isTCP: isTCP, isIPv4: isIPv4, networkOffset: layout.networkOffset, transportOffset: transport,
            payloadOffset: payloadOffset)
        guard isTCP || mergesUDP, let part = part(of: frame, shape: shape) else { return nil }
        if isTCP {
            let flags = TCPHeader.Flags(rawValue: frame.bigEndian(at: transport + 13))
            guard flags.contains(.ack), flags.isSubset(of: [.ack, .psh, .fin, .ece]) else { return nil }
        }
        return Merge(
            shape: shape, payloadByteCount: part.payloadByteCount, segmentSize: part.payloadByteCount,
            nextSequence: part.sequence &+ UInt32(truncatingIfNeeded: part.payloadByteCount),
            identification: part.identification, dontFragment: layout.dontFragment, tailFlags: part.tailFlags,
            isClosed: !part.tailFlags.isEmpty,
            isPartial: isPartial)
    }

    /// What a frame of this shape brings to a merge, or nil when its lengths contradict each other or it carries nothing.
    ///
    /// The frame is longer than its headers.
    static func part(of frame: RawSpan, shape: HeaderMask.Shape) -> Part? {
        let (network, transport) = (shape.networkOffset, shape.transportOffset)
        let end: Int
        var identification: UInt16 = 0
        if shape.isIPv4 {
            end = network &+ Int(frame.bigEndian(at: network &+ 2, as: UInt16.self))
            identification = frame.bigEndian(at: network &+ 4)
        } else {
            end = network &+ IPv6Header.byteCount &+ Int(frame.bigEndian(at: network &+ 4, as: UInt16.self))
        }
        guard end <= frame.byteCount, end > shape.payloadOffset else { return nil }
        var part = Part(
            payloadByteCount: end &- shape.payloadOffset, sequence: 0, identification: identification, tailFlags: [])
        if shape.isTCP {
            part.sequence = frame.bigEndian(at: transport &+ 4)
            part.tailFlags = TCPHeader.Flags(rawValue: frame.bigEndian(at: transport &+ 13)).intersection([.psh, .fin])
        } else {
            guard Int(frame.bigEndian(at: transport &+ 4, as: UInt16.self)) == end &- transport,
                frame.bigEndian(at: transport &+ UDPHeader.checksumOffset, as: UInt16.self) != 0
            else { return nil }
        }
        return part
    }

    /// Whether a frame's checksums are right; a partial one of the transport must hold the pseudo-header's sum.
    static func verify(_ frame: RawSpan, _ shape: HeaderMask.Shape, payloadByteCount: Int, isPartial: Bool) -> Bool {
        let base = shape.networkOffset
        if shape.isIPv4, !Checksum.isValidIPv4Header(frame.extracting(base..<base + IPv4Header.byteCount)) { return false }
        let segment = shape.transportOffset..<shape.payloadOffset + payloadByteCount
        let sum = pseudoHeaderSum(frame, shape, byteCount: segment.count)
        if isPartial {
            let field = shape.transportOffset + (shape.isTCP ? TCPHeader.checksumOffset : UDPHeader.checksumOffset)
            return frame.bigEndian(at: field) == Checksum.fold(sum)
        }
        return Checksum.fold(Checksum.sum(frame.extracting(segment), initial: sum)) == 0xFFFF
    }

    private static func pseudoHeaderSum(_ frame: RawSpan, _ shape: HeaderMask.Shape, byteCount: Int) -> UInt64 {
        let base = shape.networkOffset
        let protocolNumber: IPProtocol = shape.isTCP ? .tcp : .udp
        if shape.isIPv4 {
            return Checksum.pseudoHeaderSum(
                source: frame.ipv4Address(at: base + 12), destination: frame.ipv4Address(at: base + 16),
                protocolNumber: protocolNumber, byteCount: byteCount)
        }
        return Checksum.pseudoHeaderSum(
            source: frame.ipv6Address(at: base + 8), destination: frame.ipv6Address(at: base + 24),
            protocolNumber: protocolNumber, byteCount: byteCount)
    }

    /// Turns the first frame's headers into the superframe's, with a partial checksum.
    static func finish(_ output: inout Output, in region: inout MutableRawSpan) {
        guard let merge = output.merge else { return }
        let shape = merge.shape
        let start = output.front.lowerBound
        let base = start + shape.networkOffset
        let transport = start + shape.transportOffset
        let packetByteCount = shape.payloadOffset - shape.networkOffset + merge.payloadByteCount
        let segmentByteCount = shape.payloadOffset - shape.transportOffset + merge.payloadByteCount
        if shape.isIPv4 {
            region.storeBigEndian(UInt16(truncatingIfNeeded: packetByteCount), at: base + 2)
            region.storeIPv4Checksum(at: base, byteCount: IPv4Header.byteCount)
        } else {
            region.storeBigEndian(UInt16(truncatingIfNeeded: packetByteCount - IPv6Header.byteCount), at: base + 4)
        }
        let checksumOffset: Int
        if shape.isTCP {
            checksumOffset = TCPHeader.checksumOffset
            let flags: UInt8 = region.bytes.bigEndian(at: transport + 13)
            region.storeBigEndian(flags | merge.tailFlags.rawValue, at: transport + 13)
        } else {
            checksumOffset = UDPHeader.checksumOffset
            region.storeBigEndian(UInt16(truncatingIfNeeded: segmentByteCount), at: transport + 4)
        }
        let sum = pseudoHeaderSum(region.bytes.extracting(output.front), shape, byteCount: segmentByteCount)
        region.storeBigEndian(Checksum.fold(sum), at: transport + checksumOffset)
        output.offload = VirtioNetHeader(
            flags: .needsChecksum,
            segmentation: shape.isTCP ? (shape.isIPv4 ? .tcpv4 : .tcpv6) : .udpL4,
            headerLength: UInt16(clamping: shape.payloadOffset), segmentSize: UInt16(clamping: merge.segmentSize),
            checksumStart: UInt16(clamping: shape.transportOffset), checksumOffset: UInt16(clamping: checksumOffset))
    }
}

extension Coalescer.Merge {
    /// The sequence number of a merge's first frame, while it is the only one.
    var firstSequence: UInt32 { nextSequence &- UInt32(truncatingIfNeeded: payloadByteCount) }

    /// Whether sizes and numbers allow `part` to be the next.
    func takes(_ part: Coalescer.Part) -> Bool {
        guard part.payloadByteCount <= segmentSize else { return false }
        let total = payloadByteCount &+ part.payloadByteCount
        // An IPv4 packet with its header, and an IPv6 packet without, has at most 65535 bytes.
        guard shape.payloadOffset &- shape.networkOffset &+ total <= 65535 else { return false }
        if shape.isIPv4 {
            // Up by one, or, with DF set, the same (RFC 6864 §4.1); one rule for the whole merge.
            let follows = part.identification == identification &+ 1
            let stays = dontFragment && part.identification == identification
            guard isFixedIdentification.map({ $0 ? stays : follows }) ?? (follows || stays) else { return false }
        }
        if shape.isTCP { return part.sequence == nextSequence }
        return total + 64 <= 64 * segmentSize  // the kernel cuts no more than 64 datagrams, headers counted
    }

    /// Takes over what the next part changes.
    mutating func absorb(_ part: Coalescer.Part) {
        if isFixedIdentification == nil { isFixedIdentification = shape.isIPv4 && part.identification == identification }
        payloadByteCount += part.payloadByteCount
        nextSequence = part.sequence &+ UInt32(truncatingIfNeeded: part.payloadByteCount)
        identification = part.identification
        tailFlags.formUnion(part.tailFlags)
        isClosed = !part.tailFlags.isEmpty || part.payloadByteCount < segmentSize
    }
}
