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

    /// What a frame brings to a merge, or nil when it can't be part of one.
    static func candidate(_ frame: RawSpan, layout: FrameLayout, isPartial: Bool, mergesUDP: Bool) -> Merge? {
        guard let transport = layout.transportOffset, let payloadOffset = layout.payloadOffset,
            layout.transportEnd == layout.packetEnd, layout.packetEnd > payloadOffset
        else { return nil }
        let isIPv4 = layout.network == .ipv4
        guard layout.networkHeaderByteCount == (isIPv4 ? IPv4Header.byteCount : IPv6Header.byteCount) else { return nil }
        let isTCP = layout.transportProtocol == .tcp
        var merge = Merge(
            isTCP: isTCP, isIPv4: isIPv4, networkOffset: layout.networkOffset, transportOffset: transport,
            payloadOffset: payloadOffset, payloadByteCount: layout.packetEnd - payloadOffset,
            segmentSize: layout.packetEnd - payloadOffset, nextSequence: 0,
            identification: isIPv4 ? frame.bigEndian(at: layout.networkOffset + 4) : 0, isClosed: false,
            isPartial: isPartial)
        if isTCP {
            let flags = TCPHeader.Flags(rawValue: frame.bigEndian(at: transport + 13))
            guard flags.contains(.ack), flags.isSubset(of: [.ack, .psh, .fin, .ece]) else { return nil }
            let sequence: UInt32 = frame.bigEndian(at: transport + 4)
            merge.nextSequence = sequence &+ UInt32(truncatingIfNeeded: merge.payloadByteCount)
            merge.tailFlags = flags.intersection([.psh, .fin])
            merge.isClosed = !merge.tailFlags.isEmpty
        } else {
            let field: UInt16 = frame.bigEndian(at: transport + UDPHeader.checksumOffset)
            guard mergesUDP, field != 0 else { return nil }
        }
        return merge
    }

    /// Whether sizes, numbers and checksum states allow `part` to be the next of `merge`.
    static func fits(_ part: Merge, _ merge: Merge) -> Bool {
        guard part.isTCP == merge.isTCP, part.isIPv4 == merge.isIPv4, part.networkOffset == merge.networkOffset,
            part.payloadOffset == merge.payloadOffset, part.isPartial == merge.isPartial,
            part.payloadByteCount <= merge.segmentSize
        else { return false }
        let total = merge.payloadByteCount + part.payloadByteCount
        // An IPv4 packet with its header, and an IPv6 packet without, has at most 65535 bytes.
        guard merge.payloadOffset - merge.networkOffset + total <= 65535 else { return false }
        if merge.isTCP {
            return part.nextSequence &- UInt32(truncatingIfNeeded: part.payloadByteCount) == merge.nextSequence
        }
        return total + 64 <= 64 * merge.segmentSize  // the kernel cuts no more than 64 datagrams, headers counted
    }

    /// Whether two frames differ only in what a cut would make differ: lengths, identification, sequence, PSH and FIN, checksums.
    static func isSameFlow(_ head: RawSpan, _ next: RawSpan, merge: Merge, part: Merge) -> Bool {
        let base = merge.networkOffset
        let transport = merge.transportOffset
        guard head.hasSameBytes(as: next, in: 0..<base) else { return false }
        if merge.isIPv4 {
            guard head.hasSameBytes(as: next, in: base..<base + 2), head.hasSameBytes(as: next, in: base + 6..<base + 10),
                head.hasSameBytes(as: next, in: base + 12..<base + 20)
            else { return false }
            let dontFragment = head.bigEndian(at: base + 6, as: UInt16.self) & 0x4000 != 0
            let follows = part.identification == merge.identification &+ 1
            let stays = dontFragment && part.identification == merge.identification
            switch merge.isFixedIdentification {
            case nil: guard follows || stays else { return false }
            case true?: guard stays else { return false }
            case false?: guard follows else { return false }
            }
        } else {
            guard head.hasSameBytes(as: next, in: base..<base + 4), head.hasSameBytes(as: next, in: base + 6..<base + 40)
            else { return false }
        }
        guard head.hasSameBytes(as: next, in: transport..<transport + 4) else { return false }
        guard merge.isTCP else { return true }
        let kept = ~(TCPHeader.Flags.psh.rawValue | TCPHeader.Flags.fin.rawValue)
        let (flags, nextFlags): (UInt8, UInt8) = (head.bigEndian(at: transport + 13), next.bigEndian(at: transport + 13))
        return head.hasSameBytes(as: next, in: transport + 8..<transport + 13) && flags & kept == nextFlags & kept
            && head.hasSameBytes(as: next, in: transport + 14..<transport + 16)
            && head.hasSameBytes(as: next, in: transport + 18..<merge.payloadOffset)
    }

    /// Verifies the first frame of an output, once.
    static func verify(_ head: RawSpan, _ merge: inout Merge, whole: Bool) -> Bool {
        if merge.isVerified { return true }
        guard whole, verify(head, merge) else {
            merge.isClosed = true
            return false
        }
        merge.isVerified = true
        return true
    }

    /// Whether a whole frame's checksums are right, as far as they are not left to be completed.
    static func verify(_ frame: RawSpan, _ merge: Merge) -> Bool {
        let base = merge.networkOffset
        if merge.isIPv4, !Checksum.isValidIPv4Header(frame.extracting(base..<base + IPv4Header.byteCount)) { return false }
        if merge.isPartial { return true }
        let segment = merge.transportOffset..<merge.payloadOffset + merge.payloadByteCount
        let sum = pseudoHeaderSum(frame, merge, byteCount: segment.count)
        return Checksum.fold(Checksum.sum(frame.extracting(segment), initial: sum)) == 0xFFFF
    }

    private static func pseudoHeaderSum(_ frame: RawSpan, _ merge: Merge, byteCount: Int) -> UInt64 {
        let base = merge.networkOffset
        let protocolNumber: IPProtocol = merge.isTCP ? .tcp : .udp
        if merge.isIPv4 {
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
        let start = output.front.lowerBound
        let base = start + merge.networkOffset
        let transport = start + merge.transportOffset
        let packetByteCount = merge.payloadOffset - merge.networkOffset + merge.payloadByteCount
        let segmentByteCount = merge.payloadOffset - merge.transportOffset + merge.payloadByteCount
        if merge.isIPv4 {
            region.storeBigEndian(UInt16(truncatingIfNeeded: packetByteCount), at: base + 2)
            region.storeIPv4Checksum(at: base, byteCount: IPv4Header.byteCount)
        } else {
            region.storeBigEndian(UInt16(truncatingIfNeeded: packetByteCount - IPv6Header.byteCount), at: base + 4)
        }
        let checksumOffset: Int
        if merge.isTCP {
            checksumOffset = TCPHeader.checksumOffset
            let flags: UInt8 = region.bytes.bigEndian(at: transport + 13)
            region.storeBigEndian(flags | merge.tailFlags.rawValue, at: transport + 13)
        } else {
            checksumOffset = UDPHeader.checksumOffset
            region.storeBigEndian(UInt16(truncatingIfNeeded: segmentByteCount), at: transport + 4)
        }
        let sum = pseudoHeaderSum(region.bytes.extracting(output.front), merge, byteCount: segmentByteCount)
        region.storeBigEndian(Checksum.fold(sum), at: transport + checksumOffset)
        output.offload = VirtioNetHeader(
            flags: .needsChecksum,
            segmentation: merge.isTCP ? (merge.isIPv4 ? .tcpv4 : .tcpv6) : .udpL4,
            headerLength: UInt16(clamping: merge.payloadOffset), segmentSize: UInt16(clamping: merge.segmentSize),
            checksumStart: UInt16(clamping: merge.transportOffset), checksumOffset: UInt16(clamping: checksumOffset))
    }
}

extension Coalescer.Merge {
    /// Takes over what the next part changes.
    mutating func absorb(_ part: Self) {
        if isFixedIdentification == nil { isFixedIdentification = isIPv4 && part.identification == identification }
        payloadByteCount += part.payloadByteCount
        nextSequence = part.nextSequence
        identification = part.identification
        tailFlags.formUnion(part.tailFlags)
        isClosed = part.isClosed || part.payloadByteCount < segmentSize
    }
}

extension RawSpan {
    /// Whether two spans, both long enough, agree in `range`.
    @inlinable func hasSameBytes(as other: RawSpan, in range: Range<Int>) -> Bool {
        var offset = range.lowerBound
        while range.upperBound &- offset >= 4 {
            if bigEndian(at: offset, as: UInt32.self) != other.bigEndian(at: offset, as: UInt32.self) { return false }
            offset &+= 4
        }
        while offset < range.upperBound {
            if bigEndian(at: offset, as: UInt8.self) != other.bigEndian(at: offset, as: UInt8.self) { return false }
            offset &+= 1
        }
        return true
    }
}
